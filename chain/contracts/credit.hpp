#pragma once

#include "chain/contracts/contract.hpp"

/// Credit for the Market: what it would call by the ABI.
namespace grid::chain::native::credit {

/// escrow(from, value) by frame.caller, a protocol contract: its caller is `from`.
void escrow(Frame& frame, const Address& from, const Amount& value);
/// release(to, value) by frame.caller, a protocol contract: out of its own credits.
void release(Frame& frame, const Address& to, const Amount& value);

}  // namespace grid::chain::native::credit
