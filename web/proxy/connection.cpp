#include "web/proxy/connection.hpp"

#include <algorithm>

namespace grid::web::proxy {

namespace {

constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2000};

bool idempotent(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" ||
           method == "PUT" || method == "DELETE";
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

/// The last member of X-Forwarded-For: what the trusted proxy itself saw.
std::string_view last_member(std::string_view list) noexcept {
    const auto comma = list.rfind(',');
    if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
    while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
    return list;
}

// Answers are made outside the coroutines: g++ 12 fails on braced lists within a co_await expression.
OwnAnswer too_slow() {
    return {504, "Too slow", "The server did not answer in time. Try again.", {{"Retry-After", "5"}}, {}};
}

OwnAnswer too_large(std::size_t limit) {
    return {413, "Body too large", "At most " + std::to_string(limit) + " bytes are taken here.", {}, {}};
}

OwnAnswer bad_head(const HeadError& error) {
    return {error.status, std::string(reason_phrase(error.status)), error.reason, {}, {}};
}

HeadError bad_request(const char* reason) {
    return {400, reason};
}

HeadError head_too_large() {
    return {431, "the request head is too large"};
}

HeadError timed_out(const char* reason) {
    return {408, reason};
}

/// Tells the handler that nobody listens any more, also when the coroutine is dropped with its io_context.
struct CloseReply {
    explicit CloseReply(ReplyState& reply) : state(reply) {}
    ~CloseReply() { state.close(); }
    CloseReply(const CloseReply&) = delete;
    CloseReply& operator=(const CloseReply&) = delete;
    ReplyState& state;
};

bool is_lease(std::string_view text) noexcept {
    return text.size() >= 20 && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_app(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 32 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Connection::Connection(Worker& worker, Socket client, std::string peer, bool counted)
    : worker_(worker),
      shared_(worker.shared()),
      client_(std::move(client)),
      event_(worker.io()),
      peer_(std::move(peer)),
      counted_(counted) {
    event_.expires_at(Clock::time_point::max());
    worker_.enter(*this);
    shared_.counters.open.fetch_add(1, std::memory_order_relaxed);
    shared_.counters.total.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
    worker_.leave(*this);
    shared_.counters.open.fetch_sub(1, std::memory_order_relaxed);
    if (counted_) shared_.clients.leave(peer_);
}

Task<void> Connection::serve(std::shared_ptr<Connection> self) {
    try {
        bool again = true;
        while (again && !self->aborted_) again = co_await self->one_request();
    } catch (const std::exception&) {
        // Out of memory or a broken descriptor: this connection ends, the server does not.
    }
    self->abort();
    co_await self->join_upload();
    self->end_record();
}

void Connection::touch(std::chrono::milliseconds limit, Expire expire) {
    deadline_ = Clock::now() + limit;
    expire_ = expire;
    expired_ = false;
    half_closed_since_.reset();
}

void Connection::sweep(Clock::time_point now, bool routes_changed) {
    if (route_) {
        bool cut = route_->ended(worker_.unix_now());
        if (!cut && routes_changed) {
            const auto current = worker_.routes().by_label(route_label_);
            cut = !current || current->ended(worker_.unix_now()) || current->lease_key != route_->lease_key ||
                  (!current->is_public && (route_->is_public || current->epoch != route_->epoch));
        }
        if (cut) {
            abort();
            return;
        }
    }
    if (half_closed_since_ && now - *half_closed_since_ >= shared_.options.half_close_grace) {
        abort();
        return;
    }
    if (now < deadline_) return;
    deadline_ = Clock::time_point::max();
    expired_ = true;
    ErrorCode ignored;
    switch (expire_) {
        case Expire::client_read:
            client_.cancel(ignored);
            break;
        case Expire::upstream:
            close_upstream();
            break;
        case Expire::wake:
            wake();
            break;
        case Expire::all:
            abort();
            break;
    }
}

int Connection::watched_descriptor() {
    return watching_ && client_.is_open() ? client_.native_handle() : -1;
}

void Connection::client_half_closed(Clock::time_point now) {
    if (!half_closed_since_) half_closed_since_ = now;
}

void Connection::abort() {
    aborted_ = true;
    ErrorCode ignored;
    client_.close(ignored);
    close_upstream();
    give_up_frames();
    event_.cancel();
}

Task<void> Connection::wait_event() {
    co_await event_.async_wait(use_tuple);
}

Task<bool> Connection::send_to_client(std::string_view first, std::string_view second) {
    std::size_t written = 0;
    const ErrorCode error = co_await write_all(client_, first, second, written);
    record_.bytes_out += written;
    co_return !error;
}

void Connection::begin_record() {
    started_ = Clock::now();
    record_ = AccessRecord{};
    record_.client = peer_;
    answered_ = false;
    html_ = to_head_ = wants_upgrade_ = retriable_ = sandbox_ = no_referrer_ = false;
    client_keeps_ = false;
    upload_error_ = nullptr;
    upload_status_ = 400;
}

void Connection::end_record() {
    route_.reset();
    watching_ = false;
    if (record_.method.empty() && record_.status == 0) return;
    if (shared_.options.access_log) {
        record_.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
        shared_.options.access_log(record_);
    }
    record_ = AccessRecord{};
}

/// Takes what is needed of the head for as long as the request lives.
void Connection::note_client() {
    record_.method = head_.method;
    record_.target = head_.target;
    to_head_ = head_.method == "HEAD";
    client_keeps_ = head_.keep_alive && !shared_.stopping.load(std::memory_order_relaxed);
    wants_upgrade_ = head_.upgrade;
    retriable_ = idempotent(head_.method) && !head_.has_body() && !head_.upgrade;
    html_ = accepts_html(head_.value("accept"));
    if (shared_.trusts(peer_)) {
        const auto client = last_member(head_.value("x-forwarded-for"));
        ErrorCode error;
        asio::ip::make_address(std::string(client), error);
        if (!client.empty() && !error) record_.client = client;
    }
}

Task<bool> Connection::one_request() {
    begin_record();
    if (!co_await read_head()) co_return false;
    const auto bytes = in_.view().substr(0, scanner_.size());
    record_.bytes_in = bytes.size();
    if (const auto error = parse_request_head(bytes, shared_.limits, head_)) {
        co_await refuse(*error);
        co_return false;
    }
    note_client();
    request_framing_ = Framing::of_request(head_);
    Destination to = destination();
    // Only moves the start of the buffer: the views of the head stay good until the next read.
    in_.consume(bytes.size());
    bool again = false;
    switch (to.kind) {
        case Destination::Kind::local:
            again = co_await serve_local(std::move(to));
            break;
        case Destination::Kind::application:
            again = co_await forward(std::move(to));
            break;
        case Destination::Kind::answered:
            shared_.counters.refused.fetch_add(1, std::memory_order_relaxed);
            record_.local = true;
            again = co_await answer(std::move(to.answer));
            break;
    }
    end_record();
    in_.shrink();
    co_return again && !aborted_;
}

Task<bool> Connection::read_head() {
    scanner_.reset();
    bool begun = first_;
    touch(first_ ? shared_.options.header_timeout : shared_.options.keep_alive_timeout, Expire::client_read);
    first_ = false;
    for (;;) {
        if (in_.size() > 0) {
            // From its first byte on, a head has so long as a whole, however slowly it drips.
            if (!begun) touch(shared_.options.header_timeout, Expire::client_read);
            if (!begun) started_ = Clock::now();
            begun = true;
            switch (scanner_.scan(in_.view())) {
                case HeadScanner::State::complete:
                    co_return true;
                case HeadScanner::State::bad:
                    co_await refuse(bad_request("a line of the head does not end in CRLF"));
                    co_return false;
                case HeadScanner::State::incomplete:
                    break;
            }
            if (in_.size() > shared_.options.max_head) {
                co_await refuse(head_too_large());
                co_return false;
            }
        }
        const auto space = in_.prepare();
        auto [error, n] = co_await client_.async_read_some(space, use_tuple);
        if (error) {
            if (expired_ && in_.size() > 0) co_await refuse(timed_out("the request head took too long"));
            co_return false;
        }
        in_.commit(n);
    }
}

/// A bad head: an answer, and the end of the connection, because nobody knows where the next request starts.
Task<void> Connection::refuse(HeadError error) {
    shared_.counters.refused.fetch_add(1, std::memory_order_relaxed);
    client_keeps_ = false;
    record_.local = true;
    const OwnAnswer own = bad_head(error);
    touch(shared_.options.body_timeout, Expire::all);
    record_.status = error.status;
    out_ = render_answer(own, html_, true, to_head_, worker_.date());
    if (co_await send_to_client(out_, {})) co_await linger();
}

/// One of our own answers. The request's body is not read: with one still to come the connection ends.
Task<bool> Connection::answer(OwnAnswer own) {
    const bool keep = client_keeps_ && request_framing_.complete();
    touch(shared_.options.body_timeout, Expire::all);
    record_.status = own.status;
    answered_ = true;
    out_ = render_answer(own, html_, !keep, to_head_, worker_.date());
    if (!co_await send_to_client(out_, {})) co_return false;
    if (!keep) co_await linger();
    co_return keep;
}

/// Ends our side and reads on for a little: a close with unread bytes would reset the connection, and the
/// client could lose the answer.
Task<void> Connection::linger() {
    ErrorCode ignored;
    client_.shutdown(Socket::shutdown_send, ignored);
    touch(kLingerTime, Expire::all);
    HeldBlock block(worker_.blocks());
    std::size_t total = 0;
    while (total < kLingerBytes) {
        auto [error, n] =
            co_await client_.async_read_some(asio::buffer(block.data(), block.size()), use_tuple);
        if (error) break;
        total += n;
    }
}

Connection::Destination Connection::destination() {
    Destination to;
    to.host = host_name(head_.authority, &to.port);
    if (to.host.ends_with('.')) to.host.pop_back();
    record_.host = to.host;
    const auto refuse_with = [&to](unsigned status, std::string title, std::string detail) {
        to.kind = Destination::Kind::answered;
        to.answer = {status, std::move(title), std::move(detail), {}, {}};
        return to;
    };
    if (shared_.wiring) {
        const std::string& domain = shared_.wiring->apps_domain;
        const std::string_view host = to.host;
        const bool below = !domain.empty() && host.ends_with(domain) &&
                           (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
        if (below) {
            if (host.size() > domain.size()) to.label = host.substr(0, host.size() - domain.size() - 1);
            to.route = worker_.routes().by_label(to.label);
            if (!to.route) {
                return refuse_with(
                    404, "No such application",
                    "No application is served under this name. It may have been removed, or its order "
                    "may have ended long ago.");
            }
            const auto& reserved = shared_.options.reserved_prefix;
            const bool ours = !reserved.empty() && head_.path.starts_with(reserved);
            to.kind = ours ? Destination::Kind::local : Destination::Kind::application;
            return to;
        }
    }
    const auto& hosts = shared_.options.local_hosts;
    if (!hosts.empty() && std::find(hosts.begin(), hosts.end(), to.host) == hosts.end()) {
        return refuse_with(421, "Not served here", "This server does not answer to that host name.");
    }
    if (shared_.wiring && head_.path.starts_with("/a/")) return path_destination(std::move(to));
    return to;
}

/// /a/<lease>/<app>/...
Connection::Destination Connection::path_destination(Destination to) {
    const auto rest = head_.path.substr(3);
    const auto slash = rest.find('/');
    const auto lease = rest.substr(0, slash);
    const auto after = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    const auto end = after.find('/');
    const auto app = after.substr(0, end);
    if (is_lease(lease) && is_app(app)) to.route = worker_.routes().by_path(lease, app);
    if (!to.route) {
        to.kind = Destination::Kind::answered;
        to.answer = {404,
                     "No such application",
                     "The path form is /a/<lease>/<app>/...; no such application is known.",
                     {},
                     {}};
        return to;
    }
    to.prefix = "/a/" + std::string(lease) + "/" + std::string(app);
    if (end == std::string_view::npos) {
        // Without the slash the application's relative links would lead elsewhere.
        std::string location = to.prefix + "/";
        if (!head_.query.empty()) location += "?" + std::string(head_.query);
        to.kind = Destination::Kind::answered;
        to.answer = {308, "Moved", "The application's root ends in a slash.", {{"Location", location}}, {}};
        return to;
    }
    to.kind = Destination::Kind::application;
    to.target = head_.target.substr(to.prefix.size());
    to.label = lease::application_label(app, lease);
    sandbox_ = true;
    return to;
}

Task<bool> Connection::read_local_body(std::string& body) {
    const auto limit = shared_.options.max_local_body;
    if (head_.content_length && *head_.content_length > limit) {
        co_await answer(too_large(limit));
        co_return false;
    }
    if (head_.expects_continue && !request_framing_.complete() && in_.size() == 0) {
        if (!co_await send_to_client("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return false;
    }
    while (!request_framing_.complete()) {
        if (in_.size() > 0) {
            const auto step = request_framing_.feed(in_.view(), &body);
            in_.consume(step.used);
            record_.bytes_in += step.used;
            if (step.state == Framing::State::bad) {
                co_await refuse(bad_request(request_framing_.reason()));
                co_return false;
            }
            if (body.size() > limit) {
                co_await answer(too_large(limit));
                co_return false;
            }
            if (step.state == Framing::State::complete) break;
        }
        touch(shared_.options.body_timeout, Expire::client_read);
        const auto space = in_.prepare();
        auto [error, n] = co_await client_.async_read_some(space, use_tuple);
        if (error) {
            if (expired_) co_await refuse(timed_out("the request body took too long"));
            co_return false;
        }
        in_.commit(n);
    }
    co_return true;
}

LocalRequest Connection::local_request(Destination& to) {
    LocalRequest request;
    request.method = head_.method;
    request.target = head_.target;
    request.path = head_.path;
    request.query = head_.query;
    request.host = std::move(to.host);
    request.port = to.port;
    request.headers.reserve(head_.fields.size());
    for (const auto& field : head_.fields) request.headers.emplace_back(lower_case(field.name), field.value);
    request.client = record_.client;
    request.upgrade = head_.upgrade && !head_.has_body();
    request.https = shared_.trusts(peer_) && equal_ignoring_case(head_.value("x-forwarded-proto"), "https");
    request.application = std::move(to.route);
    return request;
}

Task<bool> Connection::serve_local(Destination to) {
    shared_.counters.local.fetch_add(1, std::memory_order_relaxed);
    record_.local = true;
    LocalRequest request = local_request(to);
    if (!co_await read_local_body(request.body)) co_return false;

    const std::weak_ptr<Connection> weak = weak_from_this();
    auto state =
        std::make_shared<ReplyState>(shared_.options.reply_queue_limit, [weak, mailbox = worker_.mailbox()] {
            mailbox->post([weak] {
                if (const auto self = weak.lock()) self->wake();
            });
        });
    const CloseReply guard{*state};
    try {
        shared_.handler.handle(std::move(request), make_local_reply(state));
    } catch (const std::exception&) {
        // The reply went with the exception, so the client gets the 500 of a reply that was let go.
    }
    co_return co_await send_local(*state);
}

Task<bool> Connection::send_local(ReplyState& state) {
    touch(shared_.options.local_timeout, Expire::wake);
    bool chunked = false;
    bool bodiless = to_head_;
    bool keep = client_keeps_;
    ReplyState::Ready ready;
    for (;;) {
        if (aborted_) co_return false;
        if (!state.take(ready)) {
            if (expired_) {
                if (answered_) co_return false;
                co_return co_await answer(too_slow());
            }
            watching_ = true;
            co_await wait_event();
            watching_ = false;
            continue;
        }
        if (ready.upgrade) co_return co_await serve_web_socket(std::move(*ready.upgrade));
        out_.clear();
        if (ready.head) {
            answered_ = true;
            record_.status = ready.status;
            append_answer_head(ready.status, ready.headers, worker_.date(), out_);
            const bool no_body = ready.status < 200 || ready.status == 204 || ready.status == 304;
            bodiless = bodiless || no_body;
            if (ready.streaming && !no_body) {
                chunked = head_.minor == 1;
                keep = keep && chunked;
                if (chunked) out_ += "Transfer-Encoding: chunked\r\n";
            } else if (!no_body) {
                out_ += "Content-Length: " + std::to_string(ready.body.size()) + "\r\n";
            }
            if (!keep) {
                out_ += "Connection: close\r\n";
            } else if (head_.minor == 0) {
                out_ += "Connection: keep-alive\r\n";
            }
            out_ += "\r\n";
        }
        std::string_view body = bodiless ? std::string_view{} : std::string_view(ready.body);
        std::string joined;
        if (chunked && !bodiless) {
            if (!body.empty()) {
                char size[20];
                std::snprintf(size, sizeof size, "%zx\r\n", body.size());
                joined.append(size).append(body).append("\r\n");
            }
            if (ready.finished) joined.append("0\r\n\r\n");
            body = joined;
        }
        touch(shared_.options.body_timeout, Expire::all);
        if (!co_await send_to_client(out_, body)) co_return false;
        if (ready.broken) co_return false;
        if (ready.finished) co_return keep;
        // A stream may be silent for as long as its handler likes; the client's leaving is noticed by the
        // sweep.
        touch(std::chrono::hours(24 * 365), Expire::wake);
    }
}

}  // namespace grid::web::proxy
