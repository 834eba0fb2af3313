#pragma once

#include <string>
#include <string_view>

#include "chain/market.hpp"

/// How a lease and its applications are named, in every place where a name is needed.
namespace grid::lease {

/// Names what a gateway owns for an order: in the cookie, the namespace, the labels, the store.
/// keccak256(abi.encode(uint256 chain id, address market, address provider, address user, uint64 first order,
/// bytes32 creating block)): a replaced order keeps the key of the first; after a reorganisation another
/// user's order with the same number has another key.
chain::Hash lease_key(std::uint64_t chain_id, const chain::Address& market, const chain::Address& provider,
                      const chain::Address& user, chain::OrderId first_order,
                      const chain::Hash& creating_block);

/// Digits of a lease key that host names carry.
inline constexpr std::size_t kLeaseLabelDigits = 20;

/// The first 20 lower-case hexadecimal digits of the key (no 0x): short enough for a DNS label beside an app
/// name.
std::string lease_label(const chain::Hash& lease_key);

/// Whether a name may be an application's: [a-z][a-z0-9-]{0,31}, no hyphen at the end, not of the form that
/// browsers read as punycode ("xn", "xn--...").
bool valid_app_name(std::string_view app) noexcept;

}  // namespace grid::lease
