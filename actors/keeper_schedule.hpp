#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "chain/market.hpp"

namespace grid::actors {

/// When something must be done about each live order, whoever is awake: settle a running one at its end,
/// cancel one that was not activated in time. A plain class; time is an argument.
class KeeperSchedule {
public:
    struct Due {
        std::vector<chain::OrderId> settle;  ///< past their end
        std::vector<chain::OrderId> cancel;  ///< unactivated past their deadline
    };

    /// Waits between two tries for one order: 2 s, 4 s, ... at most this.
    static constexpr chain::Seconds kLongestWait{60};

    /// Takes the order as it is now; an ended one is forgotten. One whose end is not known waits for news.
    void update(const chain::Order& order);
    /// What is due at `now`, at most `limit` of each. Each counts as tried: it is due again after a while,
    /// until an update says that it has ended.
    Due take(chain::Timestamp now, std::size_t limit);
    std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Entry {
        chain::Timestamp due;   ///< by the terms of the order
        chain::Timestamp next;  ///< of the next try
        unsigned tries = 0;
        bool unactivated = false;
    };
    void forget(std::uint64_t id);

    std::unordered_map<std::uint64_t, Entry> entries_;
    std::set<std::pair<chain::Timestamp, std::uint64_t>> by_time_;
};

}  // namespace grid::actors
