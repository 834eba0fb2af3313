#pragma once

#include "chain/contracts/contract.hpp"

/// Registry for the Market: what it would call by the ABI.
namespace grid::chain::native::registry {

/// A component of Resources or Prices, by its number in the errors' `resource`.
std::array<std::uint64_t, 4> components(const Resources& v);
std::array<Amount, 4> components(const Prices& v);

/// The entry, if it takes new orders; reverts with UnknownProvider or ProviderInactive.
const Provider& active(const Frame& frame, const Address& provider);

/// update(provider, -amounts, ref) by frame.caller, a protocol contract.
void reserve(Frame& frame, const Address& provider, const Resources& amounts, const Hash& ref);
/// update(provider, +amounts, ref) by frame.caller: each reservation once.
void give_back(Frame& frame, const Address& provider, const Resources& amounts, const Hash& ref);

}  // namespace grid::chain::native::registry
