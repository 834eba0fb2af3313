#include "web/proxy/io.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace grid::web::proxy {

namespace {

void drop_front(std::array<std::string_view, 2>& pieces, std::size_t n) {
    for (auto& piece : pieces) {
        const auto part = std::min(n, piece.size());
        piece.remove_prefix(part);
        n -= part;
    }
}

/// One sendmsg without waiting. Bytes sent, or -1 with errno.
ssize_t send_now(int descriptor, const std::array<std::string_view, 2>& pieces) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    for (const auto& piece : pieces) {
        if (!piece.empty()) parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    return ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Task<ErrorCode> write_all(Socket& socket, std::string_view first, std::string_view second,
                          std::size_t& written) {
    std::array<std::string_view, 2> pieces{first, second};
    written = 0;
    const std::size_t total = first.size() + second.size();
    while (written < total) {
        // Most answers fit into the socket's buffer: no trip through the reactor for them.
        const ssize_t sent = send_now(socket.native_handle(), pieces);
        if (sent > 0) {
            written += static_cast<std::size_t>(sent);
            drop_front(pieces, static_cast<std::size_t>(sent));
            continue;
        }
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            co_return ErrorCode(errno, boost::system::system_category());
        }
        const std::array<asio::const_buffer, 2> buffers{asio::buffer(pieces[0]), asio::buffer(pieces[1])};
        auto [error, n] = co_await socket.async_write_some(buffers, use_tuple);
        if (error) co_return error;
        written += n;
        drop_front(pieces, n);
    }
    co_return ErrorCode{};
}

}  // namespace grid::web::proxy
