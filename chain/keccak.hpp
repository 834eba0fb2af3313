#pragma once

#include <initializer_list>

#include "chain/hash.hpp"

namespace grid::chain {

/// Keccak-256 as Ethereum uses it (the padding of the Keccak submission, not of FIPS 202).
Hash keccak256(ByteView data);
/// Of the concatenation of the parts.
Hash keccak256(std::initializer_list<ByteView> parts);
inline Hash keccak256(std::string_view text) {
    return keccak256(as_bytes(text));
}

}  // namespace grid::chain
