#pragma once

#include "chain/address.hpp"

namespace grid::chain {

/// Where the contracts of one chain live: fixed by genesis on the embedded chain, by the address book
/// elsewhere.
struct ContractAddresses {
    Address token;
    Address credit;
    Address registry;
    Address market;
    Address council;
    Address pledge;
    Address multicall;
    /// Whether one of them lives there.
    bool contains(const Address& address) const noexcept;
    friend bool operator==(const ContractAddresses&, const ContractAddresses&) = default;
};

/// The embedded chain's: 0x4743…0001 to 0x4743…0006 ("GRID" on a telephone's keys), and Multicall3 where it
/// is on every chain.
ContractAddresses embedded_addresses();

/// The embedded chain's default chain id.
inline constexpr std::uint64_t kEmbeddedChainId = 4743;

}  // namespace grid::chain
