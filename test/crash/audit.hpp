#pragma once

#include "chain/replay.hpp"
#include "crash/load.hpp"

namespace grid::test {

// What must hold after the death of a node. Each throws std::runtime_error that says what does not.

/// Of the files, while no node runs: the chain verifies from genesis, and on its state the sums are exact:
/// tokens, credits and their backing, escrow, and every provider's resources. Answers the replayed chain.
chain::VerifiedChain audit_files(const std::string& ledger);

/// Of the running node: its head is the replayed one; receipts of what was promised name the same blocks;
/// balances, the projections of orders and of providers say what the replay says.
void audit_answers(const NodeClient& client, const chain::Replay& replay, const Promises& promises);

}  // namespace grid::test
