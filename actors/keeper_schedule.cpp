#include "actors/keeper_schedule.hpp"

#include <algorithm>

#include "chain/settlement.hpp"

namespace grid::actors {

using chain::Timestamp;

void KeeperSchedule::forget(std::uint64_t id) {
    auto found = entries_.find(id);
    if (found == entries_.end()) return;
    by_time_.erase({found->second.next, id});
    entries_.erase(found);
}

void KeeperSchedule::update(const chain::Order& order) {
    const auto id = order.id.value;
    if (!order.live()) return forget(id);
    const bool unactivated = order.status == chain::OrderStatus::unactivated;
    const auto due = unactivated ? order.activation_deadline : chain::settlement::announced_end(order);
    // The same news again must not shorten the wait after a try.
    if (auto known = entries_.find(id);
        known != entries_.end() && known->second.due == due && known->second.unactivated == unactivated)
        return;
    forget(id);
    entries_[id] = {due, due, 0, unactivated};
    by_time_.insert({due, id});
}

KeeperSchedule::Due KeeperSchedule::take(Timestamp now, std::size_t limit) {
    Due due;
    while (!by_time_.empty() && due.settle.size() < limit && due.cancel.size() < limit) {
        const auto [time, id] = *by_time_.begin();
        if (time > now) break;
        auto& entry = entries_.at(id);
        (entry.unactivated ? due.cancel : due.settle).push_back({id});
        const std::uint64_t wait =
            std::min<std::uint64_t>(kLongestWait.count, std::uint64_t{2} << std::min(entry.tries, 5u));
        ++entry.tries;
        by_time_.erase(by_time_.begin());
        entry.next = {now.seconds + wait};
        by_time_.insert({entry.next, id});
    }
    return due;
}

}  // namespace grid::actors
