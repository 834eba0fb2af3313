#include "web/proxy/connection.hpp"

// How an application's response reaches the visitor: interim heads, the final one, the body as it comes.
namespace grid::web::proxy {

namespace {

constexpr unsigned kMaxInterim = 32;  // 1xx answers before the real one

}  // namespace

std::chrono::milliseconds Connection::stream_idle() const {
    if (route_ && route_->max_idle.count() > 0) return route_->max_idle;
    return shared_.options.stream_idle_timeout;
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

}  // namespace grid::web::proxy
