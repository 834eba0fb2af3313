#include "web/proxy/connection.hpp"

// The body of a request on its way to the application, while the response may come already.
namespace grid::web::proxy {

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

Task<void> Connection::join_upload() {
    while (uploading_) co_await wait_event();
}

}  // namespace grid::web::proxy
