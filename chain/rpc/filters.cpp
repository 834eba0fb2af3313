#include "chain/rpc/filters.hpp"

#include <algorithm>

#include "chain/rpc/identifier.hpp"

namespace grid::chain::rpc {
namespace {

/// Waiting transactions that a filter remembers; when there are more, the oldest news are given up.
constexpr std::size_t kMaxWaiting = 8192;

tl::unexpected<Error> not_found() {
    return fail("filter_not_found",
                "filter not found: it never was, was uninstalled, or was not polled for " +
                    std::to_string(Filters::kLifetime.count) + " seconds");
}

}  // namespace

Result<std::string> Filters::add(Kind kind, Criteria criteria, Timestamp now) {
    auto filter = std::make_shared<Filter>();
    filter->kind = kind;
    filter->criteria = std::move(criteria);
    filter->polled = now;
    filter->cursor = ledger_.head()->block.header.number;
    std::string id = new_identifier();
    std::lock_guard lock(mutex_);
    if (filters_.size() >= kMax) expire(now);
    if (filters_.size() >= kMax)
        return fail("too_many_filters", "the node keeps no more than " + std::to_string(kMax) +
                                            " filters; uninstall those that you no longer poll");
    filters_.emplace(id, std::move(filter));
    return id;
}

bool Filters::remove(const std::string& id) {
    std::lock_guard lock(mutex_);
    return filters_.erase(id) > 0;
}

void Filters::expire(Timestamp now) {
    std::erase_if(filters_, [&](const auto& entry) { return entry.second->polled + kLifetime < now; });
}

std::shared_ptr<Filters::Filter> Filters::find(const std::string& id, Timestamp now) {
    std::lock_guard lock(mutex_);
    const auto found = filters_.find(id);
    if (found == filters_.end()) return nullptr;
    if (found->second->polled + kLifetime < now) {
        filters_.erase(found);
        return nullptr;
    }
    found->second->polled = now;
    return found->second;
}

std::vector<std::shared_ptr<Filters::Filter>> Filters::all() const {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Filter>> filters;
    for (const auto& [id, filter] : filters_) filters.push_back(filter);
    return filters;
}

Result<Filters::Criteria> Filters::criteria(const std::string& id, Timestamp now) {
    const auto filter = find(id, now);
    if (!filter || filter->kind != Kind::logs) return not_found();
    return filter->criteria;
}

Result<Filters::Changes> Filters::changes(const std::string& id, Timestamp now) {
    const auto filter = find(id, now);
    if (!filter) return not_found();
    std::lock_guard lock(filter->mutex);
    Changes changes;
    changes.kind = filter->kind;
    const auto read =
        filter->kind == Kind::logs ? read_logs(*filter, changes) : read_hashes(*filter, changes);
    if (!read) return tl::unexpected<Error>(read.error());
    changes.removed = std::exchange(filter->removed, {});
    return changes;
}

/// A run of blocks that a query may cover, and whose logs an answer may hold.
Result<void> Filters::read_logs(Filter& filter, Changes& changes) const {
    const std::uint64_t head = ledger_.head()->block.header.number;
    if (filter.cursor >= head) return {};
    LogFilter asked = filter.criteria.filter;
    const std::uint64_t last = std::min(head, filter.criteria.to.value_or(head));
    asked.from = std::max(filter.cursor + 1, filter.criteria.from.value_or(0));
    if (asked.from > last) {
        filter.cursor = head;
        return {};
    }
    asked.to = std::min(last, asked.from + Ledger::kMaxLogBlocks - 1);
    auto found = ledger_.logs(asked);
    while (!found && found.error().code == "too_many_logs") {
        asked.to = asked.from + (asked.to - asked.from) / 2;
        found = ledger_.logs(asked);
    }
    if (!found) return tl::unexpected<Error>(found.error());
    changes.logs = std::move(*found);
    filter.cursor = asked.to;
    return {};
}

Result<void> Filters::read_hashes(Filter& filter, Changes& changes) const {
    changes.hashes = std::exchange(filter.waiting, {});
    const std::uint64_t head = ledger_.head()->block.header.number;
    const std::uint64_t last = std::min(head, filter.cursor + kMaxBlocksPolled);
    while (filter.cursor < last && changes.hashes.size() < kMaxChanges) {
        const auto block = ledger_.block(filter.cursor + 1);
        if (!block) return tl::unexpected<Error>(block.error());
        ++filter.cursor;
        if (filter.kind == Kind::blocks) {
            changes.hashes.push_back((*block)->hash);
            continue;
        }
        for (const Receipt& receipt : (*block)->block.receipts)
            if (filter.announced.erase(receipt.transaction_hash) == 0)
                changes.hashes.push_back(receipt.transaction_hash);
    }
    return {};
}

void Filters::rewound(const std::vector<BlockPointer>& dropped) {
    if (dropped.empty()) return;
    const std::uint64_t fork = dropped.front()->block.header.number - 1;
    for (const auto& filter : all()) {
        std::lock_guard lock(filter->mutex);
        if (filter->cursor <= fork) continue;
        const Criteria& criteria = filter->criteria;
        for (auto block = dropped.rbegin(); filter->kind == Kind::logs && block != dropped.rend(); ++block) {
            const std::uint64_t number = (*block)->block.header.number;
            const bool answered = number <= filter->cursor && number >= criteria.from.value_or(0) &&
                                  number <= criteria.to.value_or(number);
            if (answered && filter->removed.size() < kMaxChanges)
                find_logs(criteria.filter, **block, filter->removed);
        }
        filter->cursor = fork;
    }
}

void Filters::waiting(const Hash& transaction) {
    for (const auto& filter : all()) {
        if (filter->kind != Kind::pending) continue;
        std::lock_guard lock(filter->mutex);
        if (filter->announced.size() >= kMaxWaiting) {
            filter->announced.clear();
            filter->waiting.clear();
        }
        if (filter->announced.insert(transaction).second) filter->waiting.push_back(transaction);
    }
}

}  // namespace grid::chain::rpc
