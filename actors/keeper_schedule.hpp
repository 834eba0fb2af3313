#pragma once

#include <map>
#include <optional>
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
        /// Past their end, for one transaction each. What was tried before comes again in the same company:
        /// the same call joins the transaction that may still be under way, another one would be paid twice.
        std::vector<std::vector<chain::OrderId>> settle;
        std::vector<chain::OrderId> cancel;  ///< unactivated past their deadline
    };

    /// Waits between two tries: 2 s, 4 s, ... at most this.
    static constexpr chain::Seconds kLongestWait{60};

    /// `provider`: only orders at this one; none: everybody's.
    explicit KeeperSchedule(std::optional<chain::Address> provider = std::nullopt) : provider_(provider) {}

    /// Takes the order as it is now; an ended one is forgotten. One whose end is not known waits for news.
    void update(const chain::Order& order);
    /// What is due at `now`: what was tried before and has waited, and at most `limit` new orders of each.
    /// Each counts as tried: it is due again after a while, until an update says that it has ended.
    Due take(chain::Timestamp now, std::size_t limit);
    std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Tries {
        chain::Timestamp next;
        unsigned count = 0;
        void wait(chain::Timestamp now);
    };
    struct Entry {
        chain::Timestamp due;  ///< by the terms of the order
        Tries tries;           ///< while it is in no batch
        bool unactivated = false;
        std::uint64_t batch = 0;  ///< that it was last settled with; 0: none
    };
    struct Batch {
        std::vector<chain::OrderId> orders;
        Tries tries;
    };
    void forget(std::uint64_t id);

    const std::optional<chain::Address> provider_;
    std::unordered_map<std::uint64_t, Entry> entries_;
    std::set<std::pair<chain::Timestamp, std::uint64_t>> by_time_;  ///< of the entries in no batch
    std::map<std::uint64_t, Batch> batches_;
    std::uint64_t last_batch_ = 0;
};

}  // namespace grid::actors
