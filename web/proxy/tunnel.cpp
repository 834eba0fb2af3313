#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "web/proxy/connection.hpp"

// What a connection becomes after 101: bytes both ways, of a protocol that we do not know.
namespace grid::web::proxy {

/// After 101: bytes both ways until both sides have ended. `early`: what came behind the response head.
Task<bool> Connection::tunnel(std::string_view early) {
    count(route_->traffic->tunnels);
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
