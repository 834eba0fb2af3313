#include "web/rate_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace grid::web {

std::optional<std::chrono::seconds> RateLimit::take(std::string_view who, double cost, SteadyTime now) {
    if (options_.per_second <= 0 || cost <= 0) return std::nullopt;
    std::lock_guard lock(mutex_);
    auto found = buckets_.find(who);
    if (found == buckets_.end()) {
        if (buckets_.size() >= options_.capacity) {
            buckets_.erase(by_use_.back().who);
            by_use_.pop_back();
        }
        by_use_.push_front({std::string(who), options_.burst, now});
        found = buckets_.emplace(by_use_.front().who, by_use_.begin()).first;
    } else {
        by_use_.splice(by_use_.begin(), by_use_, found->second);
    }
    Bucket& bucket = *found->second;
    const auto passed = std::chrono::duration<double>(std::max(now - bucket.at, SteadyTime{0})).count();
    bucket.tokens = std::min(options_.burst, bucket.tokens + passed * options_.per_second);
    bucket.at = now;
    if (bucket.tokens >= cost) {
        bucket.tokens -= cost;
        return std::nullopt;
    }
    const double wait = std::ceil((cost - bucket.tokens) / options_.per_second);
    return std::chrono::seconds(static_cast<std::int64_t>(std::clamp(wait, 1.0, 3600.0)));
}

std::size_t RateLimit::size() const {
    std::lock_guard lock(mutex_);
    return buckets_.size();
}

std::string client_key(std::string_view address) {
    in6_addr v6{};
    std::string text(address);
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6)) return text;
    std::memset(v6.s6_addr + 8, 0, 8);
    char out[INET6_ADDRSTRLEN];
    return std::string(inet_ntop(AF_INET6, &v6, out, sizeof out)) + "/64";
}

}  // namespace grid::web
