#pragma once

#include <array>
#include <span>

#include "chain/recover_each.hpp"

namespace grid::chain::lanes {

/// x and y of a public key, most significant byte first.
using PublicKey = std::array<std::uint8_t, 64>;

/// The key of each signature; all must have passed check(). `found` says whether a key was found: where not,
/// either there is none, or two points met on the way that the formulas cannot add, which happens to
/// signatures made for that purpose alone: recover() decides. Needs AVX-512 F and IFMA.
void recover(std::span<const SignedDigest> signatures, std::span<PublicKey> keys, std::span<bool> found);

}  // namespace grid::chain::lanes
