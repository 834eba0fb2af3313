#pragma once

#include <map>
#include <optional>
#include <vector>

#include "web/proxy/io.hpp"

namespace grid::web::proxy {

/// Idle connections to applications, kept by one thread. The last one given back is the first one taken.
class UpstreamPool {
public:
    explicit UpstreamPool(std::size_t capacity) : capacity_(capacity) {}

    /// One that is open and silent; those that the application has closed, or that hold bytes, are thrown
    /// away.
    std::optional<Socket> take(const Tcp::endpoint& endpoint);
    /// Keeps it, or closes it when the pool is full.
    void give(const Tcp::endpoint& endpoint, Socket socket, Clock::time_point now);
    /// Closes what has been idle since before `limit`.
    void expire(Clock::time_point limit);
    void clear();
    std::size_t size() const noexcept { return size_; }

private:
    struct Idle {
        Socket socket;
        Clock::time_point since;
    };
    std::size_t capacity_;
    std::size_t size_ = 0;
    std::map<Tcp::endpoint, std::vector<Idle>> idle_;
};

}  // namespace grid::web::proxy
