#include "chain/ledger.hpp"

#include "chain/ledger_parts.hpp"

// The ledger's beginning and end, who hears of it, and the state's way to the disk behind the blocks.
// Transactions come in by ledger_arrivals.cpp and become blocks in ledger_blocks.cpp.
namespace grid::chain {
namespace {

/// Blocks that stay in memory although they are flushed.
constexpr std::size_t kRecentBlocks = 64;
/// When the flush falls so far behind, block production waits for it.
constexpr std::size_t kFlushBacklog = 6;

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options) {
    auto store = LedgerStore::open(options.directory, options.genesis);
    if (!store) return tl::unexpected<Error>(store.error());
    auto loaded = (*store)->load();
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    return std::unique_ptr<Ledger>(new Ledger(std::move(options), std::move(*store), std::move(*loaded)));
}

Ledger::Ledger(LedgerOptions options, std::unique_ptr<LedgerStore> store, LedgerStore::Loaded loaded)
    : options_(std::move(options)),
      store_(std::move(store)),
      state_(std::move(loaded.state)),
      tasks_(std::make_shared<Tasks>()) {
    for (BlockPointer& block : loaded.blocks) add_recent(std::move(block));
}

Ledger::~Ledger() {
    std::vector<std::function<void(Result<void>)>> mine_requests;
    {
        std::lock_guard lock(arrivals_mutex_);
        stopping_ = true;
        mine_requests.swap(mine_requests_);
    }
    tasks_->wait();
    for (const auto& arrival : arrivals_) arrival->done(tl::unexpected<Error>(shutting_down()));
    for (const auto& done : mine_requests) done(tl::unexpected<Error>(shutting_down()));
    for (const auto& [snapshot, done] : reverts_) done(tl::unexpected<Error>(shutting_down()));
    static_cast<void>(flush());  // what is not flushed is replayed at the next start
}

void Ledger::listen(Listener listener) {
    std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
}

void Ledger::tell(const BlockPointer& block) {
    std::lock_guard lock(listeners_mutex_);
    for (const Listener& listener : listeners_)
        if (listener.block) listener.block(block);
}

void Ledger::defer(std::function<void()> task) {
    tasks_->start();
    options_.executor([tasks = tasks_, task = std::move(task)] {
        task();
        tasks->finish();
    });
}

void Ledger::publish(const BlockPointer& block) {
    std::lock_guard lock(chain_mutex_);
    add_recent(block);
    exact_time_ = 0;
}

/// Needs chain_mutex_.
void Ledger::add_recent(BlockPointer block) {
    const std::uint64_t number = block->block.header.number;
    if (number > store_->flushed()) {
        unflushed_.blocks.emplace(block->hash, number);
        std::uint32_t index = 0;
        for (const Receipt& receipt : block->block.receipts)
            unflushed_.transactions.emplace(receipt.transaction_hash, LedgerStore::Place{number, index++});
        unflushed_.bytes += block->size;
    }
    recent_.push_back(std::move(block));
}

void Ledger::flush_behind() {
    bool start = false;
    bool behind = false;
    {
        std::lock_guard lock(chain_mutex_);
        if (unflushed_.bytes < options_.flush_bytes) return;
        behind = unflushed_.bytes + being_flushed_.bytes > kFlushBacklog * options_.flush_bytes;
        if (!flushing_) {
            flushing_ = true;
            start = true;
            tasks_->start();
        }
    }
    if (start) {
        (options_.background ? options_.background : options_.executor)([this] {
            static_cast<void>(flush());  // a full disk shows at the next block, too
            {
                std::lock_guard lock(chain_mutex_);
                flushing_ = false;
            }
            tasks_->finish();
        });
    }
    if (behind) static_cast<void>(flush());
}

Result<void> Ledger::flush() {
    std::lock_guard flushing(flush_mutex_);
    std::vector<BlockPointer> blocks;
    {
        std::lock_guard lock(chain_mutex_);
        for (const BlockPointer& block : recent_)
            if (block->block.header.number > store_->flushed()) blocks.push_back(block);
        if (blocks.empty()) return {};
        being_flushed_ = std::exchange(unflushed_, {});
    }
    const auto done = store_->flush(blocks);
    // Freed after the lock, which is in the way of every reader and of the next block.
    Unflushed flushed;
    std::vector<BlockPointer> old;
    std::lock_guard lock(chain_mutex_);
    if (!done) {
        unflushed_.transactions.merge(being_flushed_.transactions);
        unflushed_.blocks.merge(being_flushed_.blocks);
        unflushed_.bytes += std::exchange(being_flushed_.bytes, 0);
        return done;
    }
    flushed = std::exchange(being_flushed_, {});
    while (recent_.size() > kRecentBlocks && recent_.front()->block.header.number < store_->flushed()) {
        old.push_back(std::move(recent_.front()));
        recent_.pop_front();
    }
    return {};
}

}  // namespace grid::chain
