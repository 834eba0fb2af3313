#pragma once

#include <algorithm>
#include <cstdint>

namespace grid::chain {

/// What a transaction may burn at most on Ethereum (EIP-7825), in gas; other networks allow that much, too.
inline constexpr std::uint64_t kLargestTransactionGas = 16'777'216;

/// What a call of the market costs more, at most, when it is mined a moment after it was estimated: what an
/// order earns is paid from one second to the next, and each who is paid for the first time takes a new slot
/// of storage (chain/solidity/test/Gas.t.sol, GasOverTimeTest).
inline constexpr std::uint64_t kGasReserve = 250'000;

/// The gas limit of a call for which eth_estimateGas said `estimate`: a quarter more, and the reserve. What
/// is not used is not paid. Not raised above what one transaction may burn.
constexpr std::uint64_t gas_limit_for(std::uint64_t estimate) {
    return std::max(estimate, std::min(estimate + estimate / 4 + kGasReserve, kLargestTransactionGas));
}

/// Whether a transaction that failed had too little gas. A call inside it that runs out leaves its caller at
/// least a sixty-fourth of what there was (EIP-150), which is why not all of it need be used; calls of the
/// market are no more than three deep.
constexpr bool ran_out_of_gas(std::uint64_t used, std::uint64_t limit) {
    return used >= limit - limit / 16;
}

}  // namespace grid::chain
