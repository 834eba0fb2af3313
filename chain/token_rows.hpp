#pragma once

#include "chain/state.hpp"

/// Rows of GridToken's permits and of Credit's transfers by hand.
namespace grid::chain::token_rows {

/// The nonce of the owner's next permit: how many were used.
std::uint64_t permit_nonce(const State& state, const Address& owner);
void set_permit_nonce(State& state, const Address& owner, std::uint64_t nonce);

/// Tokens that came to Credit by hand and were not claimed.
Amount pending_transfer(const State& state, const Address& from);
void set_pending_transfer(State& state, const Address& from, const Amount& amount);

/// Whether a stored row of these tables is one.
bool is_row(Table table, ByteView key, ByteView value);

}  // namespace grid::chain::token_rows
