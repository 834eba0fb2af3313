#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "lease/route_table.hpp"
#include "messages/data.hpp"

namespace grid::actors {

/// What is known of every lease of this gateway, live ones and those that ended a while ago: where lease
/// actors report and from where the supervisor answers. Every report publishes the routes of all.
/// Thread-safe.
class LeaseBoard {
public:
    explicit LeaseBoard(std::shared_ptr<lease::RoutePublisher> publisher);

    /// Replaces what is known of a lease. Routes need no traffic counters; the board puts them in.
    void report(const messages::LeaseInfo& info, std::vector<lease::Route> routes);
    /// Its hosts are unknown from now on.
    void forget(const chain::Hash& lease_key);

    std::optional<messages::LeaseInfo> find(const chain::Hash& lease_key) const;
    /// The lease of a user's order: the live one, or one that has ended. After a reorganisation an order's
    /// number may be another user's, or the same user's again under another key.
    std::optional<messages::LeaseInfo> find(chain::OrderId order, const chain::Address& user) const;
    /// Those that are not gone; of one user, or all.
    std::vector<messages::LeaseInfo> live(const std::optional<chain::Address>& user = std::nullopt) const;

private:
    struct Entry {
        messages::LeaseInfo info;
        std::vector<lease::Route> routes;
    };
    void publish() const;

    mutable std::mutex mutex_;
    std::shared_ptr<lease::RoutePublisher> publisher_;
    std::map<chain::Hash, Entry> entries_;
};

/// Whether a lease of that state serves no more.
inline bool over(messages::LeaseState state) {
    return state == messages::LeaseState::ending || state == messages::LeaseState::gone;
}

/// A lease key as routes name it: 64 digits without 0x.
std::string route_key(const chain::Hash& lease_key);

}  // namespace grid::actors
