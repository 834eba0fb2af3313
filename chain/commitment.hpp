#pragma once

#include "chain/state.hpp"

namespace grid::chain {

/// The state commitment of a block: keccak256(commitment of its parent || its write set), the zero hash
/// before genesis. Each row is its table (1 byte), the length of its key (4 bytes, big-endian), the key, 1
/// and the length of the value (4) and the value, or 0 when the row is erased. Two chains agree on a block's
/// commitment if and only if they agree on every row that was ever written.
Hash next_commitment(const Hash& previous, const WriteSet& writes);

}  // namespace grid::chain
