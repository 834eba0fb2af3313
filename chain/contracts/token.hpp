#pragma once

#include "chain/contracts/contract.hpp"

/// GridToken for the other native contracts: what they would call by its ABI.
namespace grid::chain::native::token {

/// What an owner signs to approve, EIP-2612, with the signature as it comes.
struct Permit {
    Amount value;
    Amount deadline;  ///< seconds; in time while t <= deadline
    std::uint8_t v = 0;
    Hash r;
    Hash s;
};
/// Reads value, deadline, v, r, s.
Permit read_permit(abi::Decoder& in);

/// The most that one call of faucet gives: 10,000 GRID.
Amount faucet_limit();

/// transfer(to, value) by frame.caller.
void transfer(Frame& frame, const Address& to, const Amount& value);
/// mint(to, value) by frame.caller.
void mint(Frame& frame, const Address& to, const Amount& value);
/// burn(value) by frame.caller.
void burn(Frame& frame, const Amount& value);
/// permit(owner, spender, ...) by anybody.
void permit(Frame& frame, const Address& owner, const Address& spender, const Permit& permit);
/// transferFrom(from, to, value) by frame.caller.
void transfer_from(Frame& frame, const Address& from, const Address& to, const Amount& value);

}  // namespace grid::chain::native::token
