#pragma once

#include <deque>

#include "chain/ledger_store.hpp"

namespace grid::chain {

/// How to get from the newest state to that of one of the last blocks and back: what each block replaced, and
/// its write set. Bounded in blocks and in changes, so that a look back is over in milliseconds. Not
/// thread-safe: goes with its state.
class History {
public:
    static constexpr std::size_t kMaxBlocks = 128;
    static constexpr std::size_t kMaxChanges = 32'768;
    /// What one block may have changed; behind a larger one nothing is seen any more.
    static constexpr std::size_t kMaxBlockChanges = 8'192;

    /// The state's own newest block.
    void add(BlockPointer block, State::Undo undo);
    void clear();
    /// Whether the state after the block of this number is within reach of the newest one.
    bool reaches(std::uint64_t number, std::uint64_t newest) const {
        return number <= newest && newest - number <= entries_.size();
    }

    /// The state of an earlier block for as long as this lives. Needs reaches().
    class View {
    public:
        View(const History& history, State& state, std::uint64_t number, std::uint64_t newest);
        ~View();
        View(const View&) = delete;

    private:
        const History& history_;
        State& state_;
        std::size_t first_;  ///< of the entries that were taken back
    };

private:
    struct Entry {
        BlockPointer block;
        State::Undo undo;
    };
    std::deque<Entry> entries_;
    std::size_t changes_ = 0;
};

}  // namespace grid::chain
