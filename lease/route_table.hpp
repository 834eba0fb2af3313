#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chain/address.hpp"

/// Where visitors of applications go: an immutable table that actors publish by swapping a pointer and that
/// the threads of the data plane read without a lock (design: the data plane).
namespace grid::lease {

/// What was carried for one lease, over all its applications and routes. Lives as long as anybody counts or
/// reads; the publisher puts the same object into every new table. Relaxed counters: each is exact, no order
/// between them.
struct Traffic {
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> bytes_in{
        0};  ///< from visitors to the application: heads and bodies as sent on
    std::atomic<std::uint64_t> bytes_out{
        0};                                 ///< from the application to visitors: heads and bodies as sent on
    std::atomic<std::uint64_t> tunnels{0};  ///< WebSockets and other upgrades that were opened
};

/// A pod that answers: an IP address (v4 or v6, no brackets) and a TCP port.
struct Upstream {
    std::string address;
    std::uint16_t port = 0;
    friend bool operator==(const Upstream&, const Upstream&) = default;
};

/// What visitors get.
enum class RouteState : std::uint8_t {
    starting,  ///< deployed, not ready yet: 503 with Retry-After
    ready,     ///< forwarded
    failed,    ///< the application does not run: 502
    stopped,   ///< by its owner: 503
    ended,     ///< the order has ended: 410
};

/// One entrance of one application.
struct Route {
    std::string lease_key;  ///< 64 lower-case hexadecimal digits, without 0x
    std::string app;
    RouteState state = RouteState::starting;
    std::string reason;               ///< in words for visitors, when not ready; may be empty
    std::vector<Upstream> upstreams;  ///< ready pods; used in turn
    bool is_public = false;           ///< true: no session is asked for
    chain::Address owner;
    std::uint64_t epoch = 0;    ///< revocation epoch of the owner: a session of an older epoch is dead
    std::uint64_t ends_at = 0;  ///< unix seconds; from then on the route answers 410; 0: open end
    std::chrono::seconds max_idle{
        0};  ///< silence after which a request or tunnel is cut; 0: the server's own limits
    std::shared_ptr<Traffic> traffic;  ///< never null in a published table

    bool ended(std::uint64_t unix_now) const noexcept {
        return state == RouteState::ended || (ends_at != 0 && unix_now >= ends_at);
    }
};

/// The one DNS label of an application's host: "<app>--<lease label>" (lease_key.hpp). An app name has at
/// most 32 characters, so the label fits into the 63 that DNS allows.
std::string application_label(std::string_view app, std::string_view lease_key_hex);

/// All routes of a gateway at one moment. Filled by one thread, then published and never changed.
class RouteTable {
public:
    /// Puts a route under application_label(route.app, route.lease_key), in place of one that is there.
    void add(Route route);
    /// Puts a further name (a label, e.g. of another entrance) for a route that is not the default entrance.
    void add(std::string label, Route route);

    /// By the label before the apps domain, in lower case; null when there is none.
    std::shared_ptr<const Route> by_label(std::string_view label) const;
    /// By the parts of the path form; `lease` is short or whole, without 0x, lower case. Null when there is
    /// none.
    std::shared_ptr<const Route> by_path(std::string_view lease, std::string_view app) const;

    std::size_t size() const noexcept { return routes_.size(); }

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    std::unordered_map<std::string, std::shared_ptr<const Route>, TextHash, std::equal_to<>> routes_;
};

/// Holds the table in force. publish() may be called by any thread; it never waits for readers.
class RoutePublisher {
public:
    RoutePublisher();
    RoutePublisher(const RoutePublisher&) = delete;
    RoutePublisher& operator=(const RoutePublisher&) = delete;

    /// Stores the table, then bumps the generation (release). A null table counts as an empty one.
    void publish(std::shared_ptr<const RouteTable> table);
    /// The table in force.
    std::shared_ptr<const RouteTable> table() const;
    /// Grows by one with every publish.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    /// The counters of a lease, made on first use: what a builder of tables puts into Route::traffic.
    std::shared_ptr<Traffic> traffic(std::string_view lease_key_hex);

private:
    friend class RouteReader;
    mutable std::mutex mutex_;
    std::shared_ptr<const RouteTable> table_;
    std::unordered_map<std::string, std::shared_ptr<Traffic>> traffic_;
    std::atomic<std::uint64_t> generation_{1};
};

/// One thread's view of the published table: compares generations and reloads only when one was published.
/// Not for sharing between threads.
class RouteReader {
public:
    explicit RouteReader(const RoutePublisher& publisher) : publisher_(publisher) {}

    /// The newest table. The reference is good until the next call: never hold it across a suspension
    /// (hold the shared_ptr of a single route instead).
    const RouteTable& current();
    /// The generation of the table that current() returned last; 0 before the first call.
    std::uint64_t generation() const noexcept { return generation_; }

private:
    const RoutePublisher& publisher_;
    std::shared_ptr<const RouteTable> table_;
    std::uint64_t generation_ = 0;
};

}  // namespace grid::lease
