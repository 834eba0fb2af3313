#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

namespace grid::adapters::kubernetes {

/// Ends waiting, and exchanges under way, from another thread. A child is stopped with its parent, which must
/// outlive it.
class Stop {
public:
    Stop() = default;
    explicit Stop(Stop& parent);
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    void stop();
    bool stopped() const;
    /// Sleeps, until stopped at the longest; false when it was.
    bool sleep(std::chrono::milliseconds time);
    /// The same for three to five quarters of the time: who was refused together shall not come back
    /// together.
    bool sleep_about(std::chrono::milliseconds time);

    /// Lends a socket to a Stop while an exchange runs over it. A copy of the descriptor, so that whoever
    /// closes the socket meanwhile does not have another's shut down.
    class Socket {
    public:
        /// Null: nobody stops this exchange.
        Socket(Stop* stop, int socket);
        ~Socket();
        Socket(const Socket&) = delete;
        Socket& operator=(const Socket&) = delete;

    private:
        Stop* stop_;
        int socket_;
    };

private:
    Stop* parent_ = nullptr;
    mutable std::mutex mutex_;
    std::condition_variable wakes_;
    bool stopped_ = false;
    std::set<int> sockets_;
    std::set<Stop*> children_;
};

}  // namespace grid::adapters::kubernetes
