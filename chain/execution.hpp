#pragma once

#include <optional>

#include "chain/block.hpp"
#include "chain/state.hpp"

/// The state transition: (state, block context, transaction) -> (state, receipt), without I/O or clock.
namespace grid::chain {

/// What a transaction may know of the block that it is in.
struct BlockContext {
    std::uint64_t number = 0;
    Timestamp time;
    std::uint64_t chain_id = 0;
    bool development = false;  ///< the faucet is open
    Hash parent{};             ///< the hash of the block before
};

/// A call from an account. `data` is a view: the caller keeps it alive.
struct Message {
    Address from;
    std::optional<Address> to;
    Amount value;
    ByteView data;
};

struct CallResult {
    bool success = false;
    Bytes output;           ///< return data, or revert data (an ABI-encoded error, a Panic, or empty)
    std::vector<Log> logs;  ///< empty when it failed
    std::uint64_t gas_used = 21000;
};

/// Runs a message. A failed one leaves the state as it was; a successful one is applied: who only asks
/// (eth_call, eth_estimateGas) rolls back to its own checkpoint. An address without a contract does nothing.
CallResult call(State& state, const BlockContext& block, const Message& message);

/// Whether a transaction may enter the next block now. Codes: `wrong_chain_id`, `nonce_too_low`,
/// `nonce_too_high`, `value_not_accepted`, `contract_creation_refused`, `gas_limit_too_low` (< 21000).
Result<void> check_transaction(const State& state, const Transaction& transaction, const Address& sender,
                               std::uint64_t chain_id);

/// Executes a transaction that check_transaction accepted: bumps the sender's nonce, runs the call; a revert
/// undoes everything but the nonce.
Receipt execute(State& state, const BlockContext& block, const SignedTransaction& transaction,
                const Address& sender);

}  // namespace grid::chain
