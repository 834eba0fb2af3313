#pragma once

#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>

#include "web/proxy/io.hpp"

namespace grid::web::proxy {

/// The connection's socket as Beast's WebSocket sees it: everything but the end of the connection, which
/// stays ours. Beast's own teardown closes after 2 KiB, and unread bytes then reset the connection, so that
/// the client may lose the frame that says why.
class FrameSocket {
public:
    using next_layer_type = Socket;
    using executor_type = Socket::executor_type;

    explicit FrameSocket(Socket& socket) : socket_(socket) {}
    executor_type get_executor() { return socket_.get_executor(); }
    Socket& next_layer() noexcept { return socket_; }
    const Socket& next_layer() const noexcept { return socket_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return socket_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return socket_.async_write_some(buffers, std::forward<Token>(token));
    }

private:
    Socket& socket_;
};

/// Beast's hook for the end of a WebSocket: nothing, since the connection lingers afterwards.
template <class Handler>
void async_teardown(boost::beast::role_type, FrameSocket& socket, Handler&& handler) {
    asio::post(socket.get_executor(),
               boost::beast::bind_front_handler(std::forward<Handler>(handler), ErrorCode{}));
}

}  // namespace grid::web::proxy
