#include "actors/keeper_schedule.hpp"

#include <algorithm>

#include "chain/settlement.hpp"

namespace grid::actors {

using chain::Timestamp;

void KeeperSchedule::Tries::wait(Timestamp now) {
    next = {now.seconds +
            std::min<std::uint64_t>(kLongestWait.count, std::uint64_t{2} << std::min(count, 5u))};
    ++count;
}

void KeeperSchedule::forget(std::uint64_t id) {
    auto found = entries_.find(id);
    if (found == entries_.end()) return;
    by_time_.erase({found->second.tries.next, id});
    entries_.erase(found);
}

void KeeperSchedule::update(const chain::Order& order) {
    const auto id = order.id.value;
    if (provider_ && order.provider != *provider_) return;
    if (!order.live()) return forget(id);
    const bool unactivated = order.status == chain::OrderStatus::unactivated;
    const auto due = unactivated ? order.activation_deadline : chain::settlement::announced_end(order);
    // The same news again must not shorten the wait after a try.
    if (auto known = entries_.find(id);
        known != entries_.end() && known->second.due == due && known->second.unactivated == unactivated)
        return;
    forget(id);
    entries_[id] = {due, {due, 0}, unactivated, 0};
    by_time_.insert({due, id});
}

KeeperSchedule::Due KeeperSchedule::take(Timestamp now, std::size_t limit) {
    Due due;
    std::erase_if(batches_, [&](const auto& numbered) {
        return std::none_of(numbered.second.orders.begin(), numbered.second.orders.end(), [&](auto order) {
            const auto entry = entries_.find(order.value);
            return entry != entries_.end() && entry->second.batch == numbered.first;
        });
    });
    for (auto& [number, batch] : batches_) {
        if (batch.tries.next > now) continue;
        due.settle.push_back(batch.orders);
        batch.tries.wait(now);
    }
    Batch fresh;
    const auto number = last_batch_ + 1;
    while (!by_time_.empty() && fresh.orders.size() < limit && due.cancel.size() < limit) {
        const auto [time, id] = *by_time_.begin();
        if (time > now) break;
        auto& entry = entries_.at(id);
        by_time_.erase(by_time_.begin());
        if (entry.unactivated) {
            due.cancel.push_back({id});
            entry.tries.wait(now);
            by_time_.insert({entry.tries.next, id});
        } else {
            fresh.orders.push_back({id});
            entry.batch = number;
        }
    }
    if (fresh.orders.empty()) return due;
    due.settle.push_back(fresh.orders);
    fresh.tries.wait(now);
    batches_.emplace(number, std::move(fresh));
    last_batch_ = number;
    return due;
}

}  // namespace grid::actors
