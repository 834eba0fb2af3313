#include "web/proxy/upstream_pool.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace grid::web::proxy {

namespace {

/// Open, and nothing to read: neither an end nor bytes that no request asked for.
bool is_silent(Socket& socket) {
    char byte = 0;
    const ssize_t n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::optional<Socket> UpstreamPool::take(const Tcp::endpoint& endpoint) {
    const auto it = idle_.find(endpoint);
    if (it == idle_.end()) return std::nullopt;
    auto& stack = it->second;
    while (!stack.empty()) {
        Socket socket = std::move(stack.back().socket);
        stack.pop_back();
        --size_;
        if (is_silent(socket)) return socket;
    }
    return std::nullopt;
}

void UpstreamPool::give(const Tcp::endpoint& endpoint, Socket socket, Clock::time_point now) {
    if (size_ >= capacity_) return;
    idle_[endpoint].push_back({std::move(socket), now});
    ++size_;
}

void UpstreamPool::expire(Clock::time_point limit) {
    for (auto it = idle_.begin(); it != idle_.end();) {
        auto& stack = it->second;
        // Oldest first, because the stack grows at its end.
        auto alive = stack.begin();
        while (alive != stack.end() && alive->since < limit) ++alive;
        size_ -= static_cast<std::size_t>(alive - stack.begin());
        stack.erase(stack.begin(), alive);
        it = stack.empty() ? idle_.erase(it) : std::next(it);
    }
}

void UpstreamPool::clear() {
    idle_.clear();
    size_ = 0;
}

}  // namespace grid::web::proxy
