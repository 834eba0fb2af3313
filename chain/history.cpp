#include "chain/history.hpp"

#include <cassert>

namespace grid::chain {

void History::add(BlockPointer block, State::Undo undo) {
    if (undo.size() > kMaxBlockChanges) return clear();
    changes_ += undo.size();
    entries_.push_back({std::move(block), std::move(undo)});
    while (entries_.size() > kMaxBlocks || changes_ > kMaxChanges) {
        changes_ -= entries_.front().undo.size();
        entries_.pop_front();
    }
}

void History::clear() {
    entries_.clear();
    changes_ = 0;
}

History::View::View(const History& history, State& state, std::uint64_t number, std::uint64_t newest)
    : history_(history), state_(state), first_(history.entries_.size() - (newest - number)) {
    assert(history.reaches(number, newest));
    for (std::size_t i = history_.entries_.size(); i-- > first_;) state_.take_back(history_.entries_[i].undo);
}

History::View::~View() {
    for (std::size_t i = first_; i < history_.entries_.size(); ++i)
        for (const Row& row : history_.entries_[i].block->block.writes) {
            [[maybe_unused]] const auto loaded = state_.load(row);
            assert(loaded);
        }
}

}  // namespace grid::chain
