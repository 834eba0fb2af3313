#include <algorithm>

#include "chain/ledger.hpp"
#include "chain/log_summary.hpp"

namespace grid::chain {
namespace {

constexpr std::size_t kMaxUpdateLogs = 10'000;

}  // namespace

BlockPointer Ledger::head() const {
    std::lock_guard lock(chain_mutex_);
    return recent_.back();
}

Timestamp Ledger::pending_time(Timestamp wall) const {
    return time_after(*head(), wall);
}

Timestamp Ledger::time_after(const StoredBlock& newest, Timestamp wall) const {
    if (const std::uint64_t exact = exact_time_; exact != 0) return {exact};
    const std::int64_t ahead = static_cast<std::int64_t>(wall.seconds) + offset_;
    return std::max(newest.block.header.time,
                    Timestamp{static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 0))});
}

BlockContext Ledger::latest() const {
    const BlockPointer newest = head();
    return {newest->block.header.number, newest->block.header.time, options_.genesis.chain_id,
            options_.genesis.development, newest->block.header.parent};
}

BlockContext Ledger::pending(Timestamp wall) const {
    const BlockPointer newest = head();
    return {newest->block.header.number + 1, time_after(*newest, wall), options_.genesis.chain_id,
            options_.genesis.development, newest->hash};
}

Result<BlockPointer> Ledger::block(std::uint64_t number) const {
    {
        std::lock_guard lock(chain_mutex_);
        const std::uint64_t first = recent_.front()->block.header.number;
        if (number >= first) {
            if (number - first < recent_.size()) return recent_[number - first];
            return fail("not_found", "there is no block " + std::to_string(number));
        }
    }
    return store_->block(number);
}

Result<BlockPointer> Ledger::block(const Hash& hash) const {
    {
        std::lock_guard lock(chain_mutex_);
        for (const Unflushed* part : {&unflushed_, &being_flushed_})
            if (const auto found = part->blocks.find(hash); found != part->blocks.end())
                return recent_[found->second - recent_.front()->block.header.number];
    }
    const auto number = store_->find_block(hash);
    if (!number) return tl::unexpected<Error>(number.error());
    if (!*number) return fail("not_found", "there is no block " + hash.hex());
    return block(**number);
}

Result<TransactionPlace> Ledger::transaction(const Hash& hash) const {
    std::optional<LedgerStore::Place> place;
    {
        std::lock_guard lock(chain_mutex_);
        for (const Unflushed* part : {&unflushed_, &being_flushed_})
            if (const auto found = part->transactions.find(hash); found != part->transactions.end())
                place = found->second;
    }
    if (!place) {
        const auto stored = store_->find_transaction(hash);
        if (!stored) return tl::unexpected<Error>(stored.error());
        if (!*stored) return fail("not_found", "no transaction " + hash.hex() + " has been mined");
        place = *stored;
    }
    auto in = block(place->block);
    if (!in) return tl::unexpected<Error>(in.error());
    if (place->index >= (*in)->block.transactions.size())
        return fail("data_damaged", "the index of transactions does not fit its block");
    return TransactionPlace{std::move(*in), place->index};
}

std::optional<Ledger::PendingTransaction> Ledger::waiting(const Hash& hash) const {
    std::lock_guard lock(state_mutex_);
    const auto found = pool_.find(hash);
    if (!found) return std::nullopt;
    return PendingTransaction{*found->transaction, found->sender};
}

Result<std::vector<FoundLog>> Ledger::logs(const LogFilter& filter) const {
    const std::uint64_t newest = head()->block.header.number;
    const std::uint64_t to = std::min(filter.to, newest);
    std::vector<FoundLog> found;
    if (filter.from > to) return found;
    if (to - filter.from >= kMaxLogBlocks)
        return fail("range_too_large", "expected a range of at most " + std::to_string(kMaxLogBlocks) +
                                           " blocks, came " + std::to_string(to - filter.from + 1));
    Result<void> fine;
    const auto visit = [&](const BlockHeader& header, const Hash* known_hash,
                           const std::vector<Receipt>& receipts) {
        find_logs(filter, header, known_hash, receipts, found);
        if (found.size() > kMaxLogs && filter.from != to)
            fine =
                fail("too_many_logs", "more than " + std::to_string(kMaxLogs) + " logs match; ask for less");
        return fine.has_value();
    };
    std::vector<BlockPointer> in_memory;
    {
        std::lock_guard lock(chain_mutex_);
        for (const BlockPointer& block : recent_)
            if (block->block.header.number >= filter.from && block->block.header.number <= to)
                in_memory.push_back(block);
    }
    const std::uint64_t memory_from = in_memory.empty() ? to + 1 : in_memory.front()->block.header.number;
    if (filter.from < memory_from) {
        const SummaryQuery query(filter);
        auto done =
            store_->scan_logs(query, filter.from, memory_from - 1, [&](std::uint64_t, ByteView encoded) {
                const auto block = decode_receipts(encoded);
                if (!block) {
                    fine = fail("data_damaged", block.error().message);
                    return false;
                }
                return visit(block->header, nullptr, block->receipts);
            });
        if (!done) return tl::unexpected<Error>(done.error());
    }
    for (const BlockPointer& block : in_memory) {
        if (!fine) break;
        visit(block->block.header, &block->hash, block->block.receipts);
    }
    if (!fine) return tl::unexpected<Error>(fine.error());
    return found;
}

std::uint64_t Ledger::nonce(const Address& account, bool pending) const {
    std::lock_guard lock(state_mutex_);
    const std::uint64_t mined = state_.nonce(account);
    return pending ? pool_.next_nonce(account, mined) : mined;
}

CallResult Ledger::call(const BlockContext& context, const Message& message) const {
    std::lock_guard lock(state_mutex_);
    const std::size_t mark = state_.checkpoint();
    CallResult result = chain::call(state_, context, message);
    state_.rollback(mark);
    return result;
}

namespace {

tl::unexpected<Error> state_not_available() {
    return fail("state_not_available", "state not available: expected one of the last " +
                                           std::to_string(History::kMaxBlocks) +
                                           " blocks, or fewer when they changed much");
}

}  // namespace

/// Needs state_mutex_.
bool Ledger::reaches(const StoredBlock& asked, std::uint64_t newest) const {
    const std::uint64_t number = asked.block.header.number;
    if (!history_.reaches(number, newest)) return false;
    const auto there = block(number);
    return there && (*there)->hash == asked.hash;
}

bool Ledger::has_state(const StoredBlock& block) const {
    std::lock_guard lock(state_mutex_);
    return reaches(block, head()->block.header.number);
}

Result<CallResult> Ledger::call_at(const StoredBlock& block, const Message& message) const {
    std::lock_guard lock(state_mutex_);
    const std::uint64_t newest = head()->block.header.number;
    if (!reaches(block, newest)) return state_not_available();
    const BlockHeader& header = block.block.header;
    const History::View view(history_, state_, header.number, newest);
    const std::size_t mark = state_.checkpoint();
    CallResult result = chain::call(
        state_,
        {header.number, header.time, options_.genesis.chain_id, options_.genesis.development, header.parent},
        message);
    state_.rollback(mark);
    return result;
}

Result<std::uint64_t> Ledger::nonce_at(const StoredBlock& block, const Address& account) const {
    std::lock_guard lock(state_mutex_);
    const std::uint64_t newest = head()->block.header.number;
    if (!reaches(block, newest)) return state_not_available();
    const History::View view(history_, state_, block.block.header.number, newest);
    return state_.nonce(account);
}

Result<std::vector<BlockUpdate>> Ledger::updates_after(std::uint64_t number, std::size_t max) const {
    std::vector<BlockUpdate> updates;
    std::size_t logs = 0;
    const auto full = [&] { return updates.size() >= max || logs >= kMaxUpdateLogs; };
    std::vector<BlockPointer> in_memory;
    std::uint64_t newest;
    {
        std::lock_guard lock(chain_mutex_);
        newest = recent_.back()->block.header.number;
        const std::uint64_t first = recent_.front()->block.header.number;
        if (number + 1 >= first)
            for (std::uint64_t n = number + 1; n <= newest && in_memory.size() < max; ++n)
                in_memory.push_back(recent_[n - first]);
    }
    if (number >= newest) return updates;
    if (!in_memory.empty()) {
        for (const BlockPointer& block : in_memory) {
            if (full()) break;
            updates.push_back(update_of(block->block.header, block->hash, block->block.receipts));
            logs += updates.back().logs.size();
        }
        return updates;
    }
    Result<void> fine;
    auto done = store_->scan(number + 1, [&](std::uint64_t at, ByteView encoded) {
        if (at > newest || full()) return false;
        const auto block = decode_receipts(encoded);
        if (!block) {
            fine = fail("data_damaged", block.error().message);
            return false;
        }
        updates.push_back(update_of(block->header, block->header.hash(), block->receipts));
        logs += updates.back().logs.size();
        return true;
    });
    if (!done) return tl::unexpected<Error>(done.error());
    if (!fine) return tl::unexpected<Error>(fine.error());
    return updates;
}

WriteSet Ledger::rows() const {
    std::lock_guard lock(state_mutex_);
    WriteSet rows;
    state_.for_each_row([&](Row row) { rows.push_back(std::move(row)); });
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return std::tie(a.table, a.key) < std::tie(b.table, b.key); });
    return rows;
}

}  // namespace grid::chain
