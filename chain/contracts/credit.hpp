#pragma once

#include "chain/contracts/token.hpp"

/// Credit for the other native contracts: what they would call by the ABI.
namespace grid::chain::native::credit {

/// escrow(from, value) by frame.caller, a protocol contract: its caller is `from`.
void escrow(Frame& frame, const Address& from, const Amount& value);
/// release(to, value) by frame.caller, a protocol contract: out of its own credits.
void release(Frame& frame, const Address& to, const Amount& value);

/// purchaseFor(account, ...) by frame.caller, a protocol contract: its caller is `account`.
void purchase_for(Frame& frame, const Address& account, const token::Permit& permit);
/// burn(value) by frame.caller, a protocol contract.
void burn(Frame& frame, const Amount& value);
/// issue(value) by Pledge.
void issue(Frame& frame, const Amount& value);
/// noteTransfer(from, value) by GridToken.
void note_transfer(Frame& frame, const Address& from, const Amount& value);

}  // namespace grid::chain::native::credit
