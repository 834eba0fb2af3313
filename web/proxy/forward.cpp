#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "web/proxy/connection.hpp"

// How a Connection forwards a request to an application: access, upstream connection, both bodies at once,
// tunnels.
namespace grid::web::proxy {

namespace {

constexpr unsigned kMaxInterim = 32;  // 1xx answers before the real one
constexpr unsigned kMaxAttempts = 3;

void count(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.fetch_add(by, std::memory_order_relaxed);
}

OwnAnswer order_ended() {
    return {410,
            "The order has ended",
            "The order that paid for this application has ended, so it is served no longer.",
            {},
            {}};
}

}  // namespace

std::chrono::milliseconds Connection::stream_idle() const {
    if (route_ && route_->max_idle.count() > 0) return route_->max_idle;
    return shared_.options.stream_idle_timeout;
}

void Connection::close_upstream() {
    if (!upstream_) return;
    ErrorCode ignored;
    upstream_->socket.close(ignored);
}

/// Why this visitor does not get to the application now, if so.
std::optional<OwnAnswer> Connection::refusal(const lease::Route& route, const Access& access,
                                             const std::string& label) const {
    using Verdict = Access::Verdict;
    const auto words = [](const std::string& given, const char* fallback) {
        return given.empty() ? fallback : given;
    };
    if (access.verdict == Verdict::forbidden) {
        return OwnAnswer{
            403, "Not allowed", words(access.reason, "Your session does not allow this."), {}, {}};
    }
    if (access.verdict == Verdict::unauthenticated && !route.is_public) {
        OwnAnswer answer{401,
                         "This application is private",
                         words(access.reason, "Log in with the wallet that ordered it."),
                         {{"WWW-Authenticate", "Bearer realm=\"grid\""}},
                         {}};
        if (!shared_.wiring->login_url.empty()) answer.link = shared_.wiring->login_url + label;
        return answer;
    }
    switch (route.state) {
        case lease::RouteState::starting:
            return OwnAnswer{503,
                             "The application is starting",
                             words(route.reason, "Try again in a moment."),
                             {{"Retry-After", "2"}},
                             {}};
        case lease::RouteState::failed:
            return OwnAnswer{
                502,
                "The application has failed",
                words(route.reason, "It was started and does not run. Its owner finds why in its log."),
                {},
                {}};
        case lease::RouteState::stopped:
            return OwnAnswer{503, "The application is stopped", "Its owner has stopped it.", {}, {}};
        case lease::RouteState::ended:
        case lease::RouteState::ready:
            break;
    }
    if (route.upstreams.empty()) {
        return OwnAnswer{503,
                         "The application is starting",
                         "No copy of it is ready yet. Try again in a moment.",
                         {{"Retry-After", "2"}},
                         {}};
    }
    const auto limit = shared_.options.max_proxy_body;
    if (limit != 0 && head_.content_length && *head_.content_length > limit) {
        return OwnAnswer{
            413, "Body too large", "At most " + std::to_string(limit) + " bytes are forwarded.", {}, {}};
    }
    return std::nullopt;
}

Task<bool> Connection::forward(Destination to) {
    const lease::Route& route = *to.route;
    record_.lease_key = route.lease_key;
    record_.app = route.app;
    const auto now = worker_.unix_now();
    if (route.ended(now)) {
        shared_.counters.refused.fetch_add(1, std::memory_order_relaxed);
        record_.local = true;
        co_return co_await answer(order_ended());
    }
    Access access = shared_.wiring->access->check(route, head_, now);
    record_.user = access.user;
    if (access.temporary_url) record_.target = head_.path;
    if (auto own = refusal(route, access, to.label)) {
        shared_.counters.refused.fetch_add(1, std::memory_order_relaxed);
        record_.local = true;
        co_return co_await answer(std::move(*own));
    }
    shared_.counters.forwarded.fetch_add(1, std::memory_order_relaxed);
    count(route.traffic->requests, 1);
    route_ = to.route;
    route_label_ = to.label;
    own_host_ = sandbox_ ? std::string{} : to.host;
    no_referrer_ = access.temporary_url;

    RequestRewrite rewrite;
    rewrite.target = access.target.empty() ? std::string_view(to.target) : std::string_view(access.target);
    rewrite.client = record_.client;
    rewrite.prefix = to.prefix;
    rewrite.user = access.user;
    rewrite.strip_authorization = access.strip_authorization;
    if (shared_.trusts(peer_) && equal_ignoring_case(head_.value("x-forwarded-proto"), "https")) {
        rewrite.proto = "https";
    }
    out_.clear();
    rewrite_request(head_, rewrite, out_);
    co_return co_await exchange(to);
}

/// One request and its response, with a second try where that is safe.
Task<bool> Connection::exchange(const Destination& to) {
    HeldBlock block(worker_.blocks());
    std::size_t filled = 0;
    std::size_t head_size = 0;
    Outcome outcome = Outcome::nothing;
    for (bool fresh = false;; fresh = true) {
        outcome = co_await connect_upstream(*to.route, fresh);
        if (outcome != Outcome::head) break;
        const bool reused = upstream_->reused;
        bool untouched = false;
        outcome = co_await send_request(untouched);
        if (outcome == Outcome::head) {
            outcome = co_await read_final_head(block.data(), HeldBlock::size(), filled, head_size);
        }
        // The application may close an idle connection just when we use it. Only then, and only when it
        // cannot have acted on the request (or acting twice is harmless), the request goes out once more.
        const bool again =
            outcome == Outcome::nothing && reused && !fresh && (untouched || retriable_) && !aborted_;
        if (!again) break;
        shared_.counters.retries.fetch_add(1, std::memory_order_relaxed);
        close_upstream();
    }
    if (outcome != Outcome::head) {
        const bool keep = co_await failed(outcome);
        co_return keep;
    }
    if (response_.status == 101) {
        co_return co_await tunnel(std::string_view(block.data(), filled));
    }
    co_return co_await relay_response(block.data(), filled, head_size);
}

/// From the pool, or to one of the route's pods after the other.
Task<Connection::Outcome> Connection::connect_upstream(const lease::Route& route, bool fresh) {
    const std::size_t pods = route.upstreams.size();
    const std::size_t turn = worker_.next_turn();
    Outcome outcome = Outcome::nothing;
    for (std::size_t i = 0; i < pods && i < kMaxAttempts; ++i) {
        const auto& pod = route.upstreams[(turn + i) % pods];
        ErrorCode error;
        const auto address = asio::ip::make_address(pod.address, error);
        if (error) continue;
        const Tcp::endpoint endpoint(address, pod.port);
        if (!fresh) {
            if (auto socket = worker_.upstreams().take(endpoint)) {
                upstream_ = std::make_unique<Upstream>(Upstream{std::move(*socket), endpoint, true});
                co_return Outcome::head;
            }
        }
        outcome = co_await connect_fresh(endpoint);
        if (outcome == Outcome::head || aborted_) break;
    }
    co_return outcome;
}

Task<Connection::Outcome> Connection::connect_fresh(const Tcp::endpoint& endpoint) {
    upstream_ = std::make_unique<Upstream>(Upstream{Socket(worker_.io()), endpoint, false});
    shared_.counters.connects.fetch_add(1, std::memory_order_relaxed);
    touch(shared_.options.connect_timeout, Expire::upstream);
    watching_ = true;
    auto [error] = co_await upstream_->socket.async_connect(endpoint, use_tuple);
    watching_ = false;
    if (error) co_return expired_ ? Outcome::slow : Outcome::broken;
    ErrorCode ignored;
    upstream_->socket.set_option(Tcp::no_delay(true), ignored);
    co_return Outcome::head;
}

/// The head and what has come of the body; the rest of the body goes in parallel with the response.
/// `untouched`: nothing reached the application.
Task<Connection::Outcome> Connection::send_request(bool& untouched) {
    const Framing before = request_framing_;
    uploaded_ = 0;
    const auto step = request_framing_.feed(in_.view());
    if (!take_body(step)) co_return Outcome::bad;
    touch(shared_.options.body_timeout, Expire::upstream);
    std::size_t written = 0;
    const ErrorCode error =
        co_await write_all(upstream_->socket, out_, in_.view().substr(0, step.used), written);
    if (error && written == 0 && !expired_) {
        request_framing_ = before;
        untouched = true;
        co_return Outcome::nothing;
    }
    count(route_->traffic->bytes_in, written);
    in_.consume(step.used);
    record_.bytes_in += step.used;
    // After a partial write the application may still say why it wants no more: its answer is read in any
    // case.
    if (!error && !request_framing_.complete()) {
        uploading_ = true;
        asio::co_spawn(worker_.io(), upload(shared_from_this()), asio::detached);
    }
    co_return Outcome::head;
}

/// False: the body is bad or too large, and upload_error_ says so.
bool Connection::take_body(const Framing::Step& step) {
    uploaded_ += step.used;
    const auto limit = shared_.options.max_proxy_body;
    if (step.state == Framing::State::bad) {
        upload_error_ = request_framing_.reason();
        upload_status_ = 400;
    } else if (limit != 0 && uploaded_ > limit) {
        upload_error_ = "the body is larger than what is forwarded";
        upload_status_ = 413;
    }
    return upload_error_ == nullptr;
}

void Connection::touch_response() {
    if (uploading_) {
        touch(shared_.options.body_timeout, Expire::all);
    } else {
        touch(route_ && route_->max_idle.count() > 0 ? std::chrono::milliseconds(route_->max_idle)
                                                     : shared_.options.response_timeout,
              Expire::upstream);
    }
}

/// Until one head is whole. `filled` bytes are in the block when it starts and when it ends.
Task<Connection::Outcome> Connection::read_response_head(char* block, std::size_t size, std::size_t& filled,
                                                         std::size_t& head_size) {
    response_scanner_.reset();
    touch_response();
    for (;;) {
        switch (response_scanner_.scan({block, filled})) {
            case HeadScanner::State::complete:
                head_size = response_scanner_.size();
                co_return Outcome::head;
            case HeadScanner::State::bad:
                co_return Outcome::bad;
            case HeadScanner::State::incomplete:
                break;
        }
        if (filled == size) co_return Outcome::bad;
        watching_ = !uploading_;
        auto [error, n] = co_await upstream_->socket.async_read_some(
            asio::buffer(block + filled, size - filled), use_tuple);
        watching_ = false;
        if (aborted_) co_return Outcome::gone;
        if (upload_error_ != nullptr) co_return Outcome::bad;
        if (error) {
            if (expired_) co_return Outcome::slow;
            co_return filled == 0 ? Outcome::nothing : Outcome::broken;
        }
        filled += n;
    }
}

/// Passes interim answers (100, 103) on and stops at the final one, or at 101.
Task<Connection::Outcome> Connection::read_final_head(char* block, std::size_t size, std::size_t& filled,
                                                      std::size_t& head_size) {
    filled = 0;
    for (unsigned interim = 0; interim < kMaxInterim; ++interim) {
        const Outcome outcome = co_await read_response_head(block, size, filled, head_size);
        if (outcome != Outcome::head)
            co_return interim > 0 && outcome == Outcome::nothing ? Outcome::broken : outcome;
        if (parse_response_head({block, head_size}, shared_.limits, response_)) co_return Outcome::bad;
        if (response_.status >= 200) co_return Outcome::head;
        if (response_.status == 101 && !(wants_upgrade_ && response_.upgrade)) co_return Outcome::bad;
        std::string bytes;
        rewrite_response(response_, {}, bytes);
        if (head_.minor == 1) {
            if (!co_await send_to_client(bytes, {})) co_return Outcome::gone;
            count(route_->traffic->bytes_out, bytes.size());
        }
        std::copy(block + head_size, block + filled, block);
        filled -= head_size;
        if (response_.status == 101) co_return Outcome::head;
    }
    co_return Outcome::bad;
}

/// The final head and the body, as they come.
Task<bool> Connection::relay_response(char* block, std::size_t filled, std::size_t head_size) {
    response_framing_ = Framing::of_response(response_, to_head_);
    const bool by_close = response_framing_.kind() == Framing::Kind::until_close;
    const bool early = !request_framing_.complete() && response_.status >= 400;
    ResponseRewrite rewrite;
    rewrite.sandbox = sandbox_;
    rewrite.own_host = own_host_;
    rewrite.no_referrer = no_referrer_;
    rewrite.strip_chunked = head_.minor == 0 && response_framing_.kind() == Framing::Kind::chunked;
    client_keeps_ = client_keeps_ && !by_close && !early && !rewrite.strip_chunked;
    rewrite.close = !client_keeps_;
    rewrite.keep_alive = client_keeps_ && head_.minor == 0;
    out_.clear();
    rewrite_response(response_, rewrite, out_);
    record_.status = response_.status;
    answered_ = true;

    std::string payload;
    std::string* const unchunked = rewrite.strip_chunked ? &payload : nullptr;
    std::string_view input(block + head_size, filled - head_size);
    for (;;) {
        payload.clear();
        const auto step = response_framing_.feed(input, unchunked);
        const std::string_view body =
            unchunked != nullptr ? std::string_view(payload) : input.substr(0, step.used);
        if (!out_.empty() || !body.empty()) {
            touch(uploading_ ? shared_.options.body_timeout : stream_idle(), Expire::all);
            const auto before = record_.bytes_out;
            const bool sent = co_await send_to_client(out_, body);
            count(route_->traffic->bytes_out, record_.bytes_out - before);
            if (!sent) co_return co_await finish_exchange(false, true);
            out_.clear();
        }
        if (step.state == Framing::State::bad) co_return co_await finish_exchange(false, true);
        if (step.state == Framing::State::complete) {
            co_return co_await finish_exchange(true, step.used < input.size());
        }
        touch(stream_idle(), Expire::all);
        watching_ = !uploading_;
        auto [error, n] =
            co_await upstream_->socket.async_read_some(asio::buffer(block, HeldBlock::size()), use_tuple);
        watching_ = false;
        if (error) {
            const bool complete = error == asio::error::eof && response_framing_.finish_at_close();
            co_return co_await finish_exchange(complete, true);
        }
        input = {block, n};
    }
}

/// `complete`: the visitor has the whole response. `leftover`: the upstream connection is of no further use.
Task<bool> Connection::finish_exchange(bool complete, bool leftover) {
    if (uploading_ && complete && request_framing_.complete()) {
        // The last bytes are on their way; the application was quicker than our own coroutine.
        touch(shared_.options.body_timeout, Expire::all);
        co_await join_upload();
    }
    const bool cut = uploading_ || !request_framing_.complete();
    if (uploading_) {
        ErrorCode ignored;
        close_upstream();
        client_.cancel(ignored);
        co_await join_upload();
    }
    if (!complete || aborted_) co_return false;
    const bool reusable = !leftover && !cut && response_.keep_alive && head_.minor == 1 &&
                          upstream_->socket.is_open() &&
                          response_framing_.kind() != Framing::Kind::until_close;
    if (reusable) worker_.upstreams().give(upstream_->endpoint, std::move(upstream_->socket), Clock::now());
    upstream_.reset();
    if (cut) {
        // The answer came before the request was over: the visitor must still get it whole.
        co_await linger();
        co_return false;
    }
    co_return client_keeps_;
}

/// No response head came.
Task<bool> Connection::failed(Outcome outcome) {
    close_upstream();
    if (uploading_) {
        ErrorCode ignored;
        client_.cancel(ignored);
        co_await join_upload();
    }
    upstream_.reset();
    if (aborted_ || outcome == Outcome::gone) co_return false;
    record_.local = true;
    if (upload_error_ != nullptr) client_keeps_ = false;
    co_return co_await answer(failure(outcome));
}

/// Who is at fault when no response head came.
OwnAnswer Connection::failure(Outcome outcome) const {
    if (upload_error_ != nullptr) {
        return {upload_status_, std::string(reason_phrase(upload_status_)), upload_error_, {}, {}};
    }
    switch (outcome) {
        case Outcome::slow:
            return {504,
                    "The application is too slow",
                    "It took the request and did not answer in time.",
                    {},
                    {}};
        case Outcome::bad:
            return {
                502, "The application answered badly", "What it sent is not a valid HTTP response.", {}, {}};
        default:
            return {502,
                    "The application does not answer",
                    "It refused the connection, or closed it before it had answered.",
                    {},
                    {}};
    }
}

Task<void> Connection::join_upload() {
    while (uploading_) co_await wait_event();
}

/// The body of the request, while the response may come already.
Task<void> Connection::upload(std::shared_ptr<Connection> self) {
    try {
        co_await self->upload_body();
    } catch (const std::exception&) {
        self->abort();
    }
    self->uploading_ = false;
    self->event_.cancel();
}

Task<void> Connection::upload_body() {
    HeldBlock block(worker_.blocks());
    while (!request_framing_.complete()) {
        std::size_t room = HeldBlock::size();
        if (request_framing_.kind() == Framing::Kind::length) {
            room = static_cast<std::size_t>(std::min<std::uint64_t>(room, request_framing_.remaining()));
        }
        if (!answered_) touch(shared_.options.body_timeout, Expire::all);
        auto [error, n] = co_await client_.async_read_some(asio::buffer(block.data(), room), use_tuple);
        if (error) {
            // The visitor left within the body: both sides end. (Cancelled: the exchange is over, it cleans
            // up.)
            if (error != asio::error::operation_aborted) abort();
            co_return;
        }
        const std::string_view input(block.data(), n);
        const auto step = request_framing_.feed(input);
        record_.bytes_in += step.used;
        if (!take_body(step)) {
            close_upstream();
            co_return;
        }
        std::size_t written = 0;
        const ErrorCode failure =
            co_await write_all(upstream_->socket, input.substr(0, step.used), {}, written);
        count(route_->traffic->bytes_in, written);
        in_.append(input.substr(step.used));  // the start of a pipelined request
        if (failure) {
            // The application takes no more; its response, if one comes, says why.
            if (!answered_) touch(shared_.options.response_timeout, Expire::upstream);
            co_return;
        }
    }
    if (!answered_) touch(shared_.options.response_timeout, Expire::upstream);
}

/// After 101: bytes both ways until both sides have ended. `early`: what came behind the response head.
Task<bool> Connection::tunnel(std::string_view early) {
    count(route_->traffic->tunnels, 1);
    record_.status = 101;
    answered_ = true;
    if (uploading_) co_await join_upload();
    touch(stream_idle(), Expire::all);
    std::size_t written = 0;
    if (!early.empty() && !co_await send_to_client(early, {})) co_return false;
    count(route_->traffic->bytes_out, early.size());
    if (in_.size() > 0) {
        const ErrorCode error = co_await write_all(upstream_->socket, in_.view(), {}, written);
        count(route_->traffic->bytes_in, written);
        record_.bytes_in += written;
        in_.consume(in_.size());
        if (error) co_return false;
    }
    uploading_ = true;
    asio::co_spawn(worker_.io(), tunnel_up(shared_from_this()), asio::detached);
    HeldBlock block(worker_.blocks());
    for (;;) {
        auto [error, n] =
            co_await upstream_->socket.async_read_some(asio::buffer(block.data(), block.size()), use_tuple);
        if (error) {
            if (error != asio::error::eof) abort();
            break;
        }
        touch(stream_idle(), Expire::all);
        const bool sent = co_await send_to_client(std::string_view(block.data(), n), {});
        count(route_->traffic->bytes_out, n);
        if (!sent) {
            abort();
            break;
        }
    }
    ErrorCode ignored;
    if (client_.is_open()) client_.shutdown(Socket::shutdown_send, ignored);
    co_await join_upload();
    upstream_.reset();
    co_return false;
}

Task<void> Connection::tunnel_up(std::shared_ptr<Connection> self) {
    {
        HeldBlock block(self->worker_.blocks());
        for (;;) {
            auto [error, n] =
                co_await self->client_.async_read_some(asio::buffer(block.data(), block.size()), use_tuple);
            if (error) {
                if (error != asio::error::eof) self->abort();
                break;
            }
            self->touch(self->stream_idle(), Expire::all);
            std::size_t written = 0;
            const ErrorCode failure =
                co_await write_all(self->upstream_->socket, std::string_view(block.data(), n), {}, written);
            count(self->route_->traffic->bytes_in, written);
            self->record_.bytes_in += written;
            if (failure) {
                self->abort();
                break;
            }
        }
    }
    ErrorCode ignored;
    if (self->upstream_->socket.is_open()) self->upstream_->socket.shutdown(Socket::shutdown_send, ignored);
    self->uploading_ = false;
    self->event_.cancel();
}

}  // namespace grid::web::proxy
