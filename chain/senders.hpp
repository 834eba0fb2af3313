#pragma once

#include <span>

#include "chain/transaction.hpp"

/// Many transactions at a time: their hashes and their senders are computed in lanes (keccak_lanes.hpp,
/// recover_each.hpp), which costs a fraction of one after the other.
namespace grid::chain {

struct SentTransaction {
    SignedTransaction transaction;
    Address sender;
};

/// SignedTransaction::decode and sender() of each; `raws` are moved from.
std::vector<Result<SentTransaction>> decode_each(std::span<Bytes> raws);

/// sender() of each.
std::vector<Result<Address>> recover_senders(std::span<const SignedTransaction> transactions);

}  // namespace grid::chain
