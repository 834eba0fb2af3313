// What development chains can do to their time and their past.

#include "chain/ledger.hpp"

namespace grid::chain {

void Ledger::adopt_time(Timestamp wall) {
    const std::uint64_t newest = head()->block.header.time.seconds;
    if (options_.genesis.development && newest > wall.seconds)
        offset_ = static_cast<std::int64_t>(newest - wall.seconds);
}

Result<void> Ledger::set_next_time(Timestamp time, Timestamp wall) {
    const Timestamp newest = head()->block.header.time;
    if (time < newest)
        return fail("bad_time", "expected a time that is not before the newest block's " +
                                    std::to_string(newest.seconds) + ", came " +
                                    std::to_string(time.seconds));
    offset_ = static_cast<std::int64_t>(time.seconds - wall.seconds);
    exact_time_ = time.seconds;
    return {};
}

std::uint64_t Ledger::snapshot() {
    const BlockPointer newest = head();
    std::lock_guard lock(snapshots_mutex_);
    if (snapshots_.size() >= kMaxSnapshots) snapshots_.erase(snapshots_.begin());
    snapshots_[++last_snapshot_] = {newest->block.header.number, newest->hash, offset_};
    return last_snapshot_;
}

void Ledger::revert(std::uint64_t snapshot, std::function<void(Result<bool>)> done) {
    {
        std::lock_guard lock(arrivals_mutex_);
        reverts_.emplace_back(snapshot, std::move(done));
    }
    options_.wake();
}

Result<bool> Ledger::revert_now(std::uint64_t id) {
    Snapshot snapshot;
    {
        std::lock_guard lock(snapshots_mutex_);
        const auto found = snapshots_.find(id);
        if (found == snapshots_.end()) return false;
        snapshot = found->second;
    }
    const std::uint64_t newest = head()->block.header.number;
    const auto there = block(snapshot.number);
    if (snapshot.number > newest || !there || (*there)->hash != snapshot.hash) return false;
    // Followers learn of a revert by the next block. Until then they have what was told before it.
    const std::uint64_t told = reverted_ && reverted_->first == head()->hash ? reverted_->second : newest;
    if (told - snapshot.number > kMaxRevertBlocks)
        return fail("beyond_finality", "the snapshot is " + std::to_string(told - snapshot.number) +
                                           " blocks back; expected at most " +
                                           std::to_string(kMaxRevertBlocks));
    std::vector<BlockPointer> dropped;
    for (std::uint64_t number = snapshot.number + 1; number <= newest; ++number) {
        auto gone = block(number);
        if (!gone) return tl::unexpected<Error>(gone.error());
        dropped.push_back(std::move(*gone));
    }
    if (!dropped.empty())
        if (auto done = go_back(snapshot.number, dropped); !done) return tl::unexpected<Error>(done.error());
    offset_ = snapshot.offset;
    exact_time_ = 0;
    reverted_ = {snapshot.hash, told};
    {
        std::lock_guard lock(snapshots_mutex_);
        snapshots_.erase(snapshots_.find(id), snapshots_.end());
    }
    if (dropped.empty()) return true;
    std::lock_guard lock(listeners_mutex_);
    for (const Listener& listener : listeners_)
        if (listener.rewound) listener.rewound(dropped);
    return true;
}

Result<void> Ledger::go_back(std::uint64_t number, const std::vector<BlockPointer>& dropped) {
    std::lock_guard flushing(flush_mutex_);
    std::lock_guard state(state_mutex_);
    if (auto done = store_->truncate(number, dropped); !done) return done;
    auto loaded = store_->load();
    if (!loaded) {
        halt(loaded.error());
        return tl::unexpected<Error>(loaded.error());
    }
    state_ = std::move(loaded->state);
    history_.clear();
    pool_ = {};
    std::lock_guard lock(chain_mutex_);
    recent_.clear();
    unflushed_ = {};
    for (BlockPointer& block : loaded->blocks) add_recent(std::move(block));
    return {};
}

}  // namespace grid::chain
