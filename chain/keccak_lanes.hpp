#pragma once

#include <span>

#include "chain/hash.hpp"

namespace grid::chain {

/// Keccak-256 of each message: eight at a time where the processor has AVX-512 (then about four times as
/// fast as one after the other), else one by one. As many digests as messages.
void keccak256_each(std::span<const ByteView> messages, std::span<Hash> digests);

}  // namespace grid::chain
