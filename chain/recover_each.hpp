#pragma once

#include <span>

#include "chain/secp256k1.hpp"

namespace grid::chain {

/// What recover() takes.
struct SignedDigest {
    Hash digest;
    Signature signature;
};

/// recover() of each: the same addresses and the same errors. Eight at a time where the processor has AVX-512
/// IFMA (then several times as fast as one after the other), else one by one. As many results as signatures.
void recover_each(std::span<const SignedDigest> signatures, std::span<Result<Address>> signers);

/// Whether this processor recovers eight at a time.
bool recovers_in_lanes() noexcept;

}  // namespace grid::chain
