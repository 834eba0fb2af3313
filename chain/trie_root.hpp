#pragma once

#include <utility>

#include "chain/block.hpp"

/// Roots of Ethereum's Merkle-Patricia tries (Yellow Paper, appendix D), as the block header names them.
namespace grid::chain {

/// The root of a trie with these rows; each key once, in any order. Without rows keccak256(rlp("")).
Hash trie_root(std::vector<std::pair<Bytes, Bytes>> rows);

/// rlp(index) -> envelope (EIP-2718), as in every Ethereum block.
Hash transactions_root(const std::vector<SignedTransaction>& transactions);

/// rlp(index) -> type || rlp(status, cumulative gas, bloom, logs), as in every Ethereum block but for the
/// bloom, which is the constant of block_constants.hpp. `receipts` belong to `transactions`, one each.
Hash receipts_root(const std::vector<SignedTransaction>& transactions, const std::vector<Receipt>& receipts);

}  // namespace grid::chain
