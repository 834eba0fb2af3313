#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "web/proxy/connection.hpp"

// One exchange with an application: a connection to it, the request, and what follows when no response comes.
namespace grid::web::proxy {

namespace {

constexpr unsigned kMaxAttempts = 3;

}  // namespace

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
        count(shared_.counters.retries);
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
    count(shared_.counters.connects);
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

void Connection::close_upstream() {
    if (!upstream_) return;
    ErrorCode ignored;
    upstream_->socket.close(ignored);
}

}  // namespace grid::web::proxy
