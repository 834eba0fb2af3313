#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "lease/route_table.hpp"
#include "web/http_server.hpp"
#include "web/proxy/access.hpp"
#include "web/proxy/head.hpp"
#include "web/proxy/io.hpp"
#include "web/proxy/upstream_pool.hpp"

namespace grid::web::proxy {

class Connection;

/// How many connections each client has open. For any thread; asked once per connection, not per request.
class ClientCounts {
public:
    /// False: the client has `limit` already.
    bool enter(const std::string& client, std::size_t limit);
    void leave(const std::string& client);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> counts_;
};

/// Counters stand for themselves: no order between them.
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
}

/// Of one server since its start, but for `open`.
struct Counters {
    std::atomic<std::uint64_t> open{0};       ///< connections of clients now
    std::atomic<std::uint64_t> total{0};      ///< connections of clients
    std::atomic<std::uint64_t> local{0};      ///< requests to our own handler
    std::atomic<std::uint64_t> forwarded{0};  ///< requests to applications
    std::atomic<std::uint64_t> refused{
        0};  ///< connections and requests that we answered with an error ourselves
    std::atomic<std::uint64_t> connects{0};  ///< new connections to applications
    std::atomic<std::uint64_t> retries{0};   ///< requests that went out once more
};

/// What all threads of one server share; constant but for the counters.
struct Shared {
    Shared(ServerOptions server_options, LocalHandler& local_handler, const ProxyWiring* proxy_wiring);
    bool trusts(const std::string& address) const;

    const ServerOptions options;
    LocalHandler& handler;
    const std::optional<ProxyWiring> wiring;
    const HeadLimits limits;
    Counters counters;
    ClientCounts clients;
    std::atomic<bool> stopping{false};
};

/// Reaches a worker from other threads for as long as it runs, and does nothing after that.
class Mailbox {
public:
    explicit Mailbox(asio::io_context& io) : io_(&io) {}
    void post(std::function<void()> job);
    void close();

private:
    std::mutex mutex_;
    asio::io_context* io_;
};

/// One thread: its io_context, its connections, its pool of idle upstream connections, its coarse timer.
/// But for the mailbox and io(), everything is for its own thread.
class Worker {
public:
    explicit Worker(Shared& shared);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    asio::io_context& io() noexcept { return io_; }
    Shared& shared() noexcept { return shared_; }
    const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }

    /// Serves until stop().
    void run();
    /// From any thread: closes everything and lets run() return.
    void stop();
    /// From any thread: serves one accepted connection.
    void adopt(Socket socket);

    void enter(Connection& connection) { connections_.insert(&connection); }
    void leave(Connection& connection) { connections_.erase(&connection); }
    BlockPool& blocks() noexcept { return blocks_; }
    UpstreamPool& upstreams() noexcept { return upstreams_; }
    /// The table in force; for one use, not across a suspension.
    const lease::RouteTable& routes() { return routes_->current(); }
    std::uint64_t unix_now();
    std::string_view date();
    /// Counts up: which of several pods is next.
    std::size_t next_turn() noexcept { return turn_++; }

private:
    void start_connection(Socket socket);
    Task<void> sweep_for_ever();
    void sweep();
    void poll_watched(Clock::time_point now);

    Shared& shared_;
    BlockPool blocks_;
    std::optional<lease::RouteReader> routes_;
    std::uint64_t swept_generation_ = 0;
    std::set<Connection*> connections_;
    std::size_t turn_ = 0;
    std::int64_t date_second_ = -1;
    std::string date_;
    bool stopped_ = false;
    // Last, so that frames of coroutines die while everything above is there.
    asio::io_context io_;
    UpstreamPool upstreams_;
    Timer timer_;
    std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace grid::web::proxy
