#pragma once

#include "chain/contracts/contract.hpp"
#include "chain/council.hpp"

/// The council for the other native contracts, and its parts.
namespace grid::chain::native::council {

bool has_role(const Frame& frame, std::string_view role, const Address& account);
/// Reverts with NotCouncil unless the council calls.
void check_council(const Frame& frame);

// How proposals come and go
void propose(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void approve(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void veto(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void execute(Frame& frame, abi::Decoder& in, abi::Encoder& out);

}  // namespace grid::chain::native::council
