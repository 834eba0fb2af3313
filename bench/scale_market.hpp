#pragma once

#include <string>

#include "chain/genesis.hpp"

/// The market that bench_scale measures.
namespace grid::bench {

using namespace chain;

inline constexpr std::uint64_t kProviders = 1'000;
inline constexpr std::uint64_t kSettledShare = 10;  ///< each tenth order ends in the same second
inline constexpr Timestamp kBegin{1'900'000'000};
inline constexpr Seconds kShort{3'600};

/// With everything in the hands of one treasury.
Genesis make_genesis();

/// Makes a ledger's directory with so many running orders, ids from 1, of half as many users: each
/// kSettledShare-th ends kShort after kBegin, the others much later. By the real executor and in real blocks;
/// only the transactions' signatures are not made.
void fill(const std::string& directory, std::uint64_t orders);

}  // namespace grid::bench
