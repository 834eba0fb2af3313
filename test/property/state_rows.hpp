#pragma once

#include <rapidcheck.h>

#include "unit/chain/world.hpp"

namespace grid::chain::test {

/// A follower that is fed with the write set has the same state, and a rollback to `start` undoes everything
/// since the genesis.
inline void follows_and_goes_back(const State& state, std::size_t start, const Genesis& genesis) {
    State follower = make_genesis_state(genesis);
    State copy = state;
    for (const Row& row : copy.take_write_set()) RC_ASSERT(follower.load(row).has_value());
    RC_ASSERT(rows_of(follower) == rows_of(state));
    State back = state;
    back.rollback(start);
    RC_ASSERT(rows_of(back) == rows_of(make_genesis_state(genesis)));
}

}  // namespace grid::chain::test
