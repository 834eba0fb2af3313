#include "web/proxy/connection.hpp"

// A connection's life: one head after the other, deadlines, the access record, our own answers.
namespace grid::web::proxy {

namespace {

constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2000};

bool idempotent(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" ||
           method == "PUT" || method == "DELETE";
}

/// The last member of X-Forwarded-For: what the trusted proxy itself saw.
std::string_view last_member(std::string_view list) noexcept {
    const auto comma = list.rfind(',');
    if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
    while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
    return list;
}

// Answers are made outside the coroutines: g++ 12 fails on braced lists within a co_await expression.
OwnAnswer bad_head(unsigned status, const char* reason) {
    return {status, std::string(reason_phrase(status)), reason, {}, {}};
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
    count(shared_.counters.open);
    count(shared_.counters.total);
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
        co_await refuse(error->status, error->reason);
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
            count(shared_.counters.refused);
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
                    co_await refuse(400, "a line of the head does not end in CRLF");
                    co_return false;
                case HeadScanner::State::incomplete:
                    break;
            }
            if (in_.size() > shared_.options.max_head) {
                co_await refuse(431, "the request head is too large");
                co_return false;
            }
        }
        const auto space = in_.prepare();
        auto [error, n] = co_await client_.async_read_some(space, use_tuple);
        if (error) {
            if (expired_ && in_.size() > 0) co_await refuse(408, "the request head took too long");
            co_return false;
        }
        in_.commit(n);
    }
}

/// A bad head: an answer, and the end of the connection, because nobody knows where the next request starts.
Task<void> Connection::refuse(unsigned status, const char* reason) {
    count(shared_.counters.refused);
    client_keeps_ = false;
    record_.local = true;
    const OwnAnswer own = bad_head(status, reason);
    touch(shared_.options.body_timeout, Expire::all);
    record_.status = status;
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

}  // namespace grid::web::proxy
