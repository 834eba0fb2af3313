#pragma once

#include "chain/execution.hpp"
#include "chain/ledger_store.hpp"

/// Executing blocks again that another ledger (or an earlier run) made, to see that they say the truth.
/// Everything here answers code `block_differs` with the height and the first difference.
namespace grid::chain {

/// What must be known of a chain beside its block 0.
struct ChainName {
    std::uint64_t chain_id = 0;
    bool development = false;
    friend bool operator==(const ChainName&, const ChainName&) = default;
};

/// The name of a chain by its block 0, whose commitment covers it: of the ids that may be it, the one that
/// fits. Code `block_differs` when none does, or when the block is no block 0.
Result<ChainName> recognize_chain(const Block& first, const std::vector<std::uint64_t>& ids);

/// The same of a stored one. `id` 0: the id that its first transaction names, or the default one.
Result<ChainName> name_of_chain(const LedgerStore& store, std::uint64_t id = 0);

/// What a block says of itself without the state: hash of a transaction, its sender (recovered: the costly
/// step), and the roots of the header. Needs nothing, so blocks may be checked in parallel.
Result<void> check_contents(const StoredBlock& block);

/// Executes a block on the state after its parent and compares place, time, receipts, rows and commitment.
/// The state is then that after the block, and `undo` takes the block back; after an error it is as before.
Result<void> reexecute(State& state, const ChainName& chain, const StoredBlock& parent,
                       const StoredBlock& block, State::Undo& undo);

/// A chain replayed block by block.
class Replay {
public:
    /// From its block 0.
    static Result<Replay> begin(const ChainName& chain, BlockPointer first);
    /// Goes on from a state.
    Replay(const ChainName& chain, State state, BlockPointer head)
        : chain_(chain), state_(std::move(state)), head_(std::move(head)) {}

    /// check_contents and reexecute.
    Result<void> apply(BlockPointer block);

    const ChainName& chain() const noexcept { return chain_; }
    const State& state() const noexcept { return state_; }
    const BlockPointer& head() const noexcept { return head_; }
    std::uint64_t transactions() const noexcept { return transactions_; }

private:
    ChainName chain_;
    State state_;
    BlockPointer head_;
    std::uint64_t transactions_ = 0;
};

/// What a chain's data were found to be.
struct VerifiedChain {
    Replay replay;              ///< at the newest block
    std::uint64_t flushed = 0;  ///< up to where rows and indexes are flushed; they agree
};

/// Replays the ledger in a directory from its block 0 on and compares every header, receipt and row, and what
/// is flushed. Only reads, also beside the node that runs on it (then up to some block of that time). `id` as
/// in name_of_chain. `progress` hears the height now and then. Codes: `block_differs`, `flushed_differs`,
/// `data_damaged`, those of LedgerStore::open_read_only.
Result<VerifiedChain> verify_chain(const std::string& directory, std::uint64_t id = 0,
                                   const std::function<void(std::uint64_t)>& progress = {});

}  // namespace grid::chain
