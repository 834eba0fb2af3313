#pragma once

#include "chain/contracts/contract.hpp"

/// GridToken for the other native contracts: what they would call by its ABI.
namespace grid::chain::native::token {

/// The most that one call of faucet gives: 10,000 GRID.
Amount faucet_limit();

/// transfer(to, value) by frame.caller.
void transfer(Frame& frame, const Address& to, const Amount& value);
/// transferFrom(from, to, value) by frame.caller.
void transfer_from(Frame& frame, const Address& from, const Address& to, const Amount& value);

}  // namespace grid::chain::native::token
