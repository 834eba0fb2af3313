#pragma once

#include <cstddef>
#include <cstdint>

/// Fields of Ethereum's blocks that have no meaning on the embedded chain, and what stands there: in the
/// header's hash, in the receipts' trie and in JSON-RPC alike, so that a client can recompute both.
namespace grid::chain {

inline constexpr std::uint64_t kBlockGasLimit = 30'000'000;
/// A bloom filter with every bit set: "any log may be in here". True of each block, and nothing has to be
/// computed.
inline constexpr std::size_t kBloomBytes = 256;
inline constexpr std::uint8_t kBloomByte = 0xff;

}  // namespace grid::chain
