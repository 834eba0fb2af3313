#pragma once

#include "chain/deployment.hpp"

namespace grid::cli {

/// How the code at a contract's address differs from the committed one; empty: it does not. Immutables may be
/// anything but the addresses of the other contracts, which must be those of the address book: the right code
/// that knows a stranger's market is a stranger's.
std::string difference(chain::SolidityContract contract, const chain::Bytes& code,
                       const chain::ContractAddresses& book);

/// Names as in an address book.
inline constexpr std::array<const char*, chain::kSolidityContracts> kContractNames = {
    "token", "credit", "registry", "market", "council", "pledge"};

}  // namespace grid::cli
