#pragma once

#include "adapters/chain_evm/facts.hpp"
#include "chain/transaction.hpp"

namespace grid::adapters::evm {

/// What a transaction offers for its gas.
struct Fees {
    bool dynamic = true;    ///< EIP-1559; false: one gas price (networks without base fee)
    chain::Amount max_fee;  ///< or the gas price
    chain::Amount max_priority_fee;
    friend bool operator==(const Fees&, const Fees&) = default;
};

/// Twice the base fee (it can double in six blocks) and the tip; without a base fee the price that the node
/// names.
Fees fees_for(const std::optional<chain::Amount>& base_fee, const chain::Amount& tip,
              const chain::Amount& gas_price);

/// The same from what a node says to eth_maxPriorityFeePerGas and eth_gasPrice; 1 gwei where it has no
/// opinion.
Fees read_fees(const std::optional<chain::Amount>& base_fee, const RpcReply& tip, const RpcReply& gas_price);

/// At least 12.5 % more of both than before (nodes want 10 % of who replaces), and at least what is usual
/// now.
Fees bumped(const Fees& before, const Fees& now);

Fees fees_of(const chain::Transaction& transaction);
void set_fees(chain::Transaction& transaction, const Fees& fees);

}  // namespace grid::adapters::evm
