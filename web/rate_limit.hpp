#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace grid::web {

/// Time that never steps, for limits.
using SteadyTime = std::chrono::milliseconds;

/// A token bucket for each of many callers. Thread-safe; memory is bounded: the caller that was seen longest
/// ago is forgotten first.
class RateLimit {
public:
    struct Options {
        double per_second = 0;  ///< tokens that come back; 0: no limit
        double burst = 0;       ///< tokens of a fresh bucket
        std::size_t capacity = 65536;
    };

    explicit RateLimit(Options options) : options_(options) {}

    /// Takes `cost` tokens of `who`, or answers the whole seconds (at least 1) after which it is worth trying
    /// again.
    std::optional<std::chrono::seconds> take(std::string_view who, double cost, SteadyTime now);
    std::size_t size() const;

private:
    struct Bucket {
        std::string who;
        double tokens;
        SteadyTime at;
    };
    Options options_;
    mutable std::mutex mutex_;
    std::list<Bucket> by_use_;  ///< the latest at the front
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> buckets_;
};

/// How a client counts: an IPv4 address as it is, an IPv6 address by its /64 (that is what one subscriber
/// has).
std::string client_key(std::string_view address);

}  // namespace grid::web
