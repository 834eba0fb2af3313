#pragma once

#include <optional>

#include "chain/council.hpp"
#include "chain/state.hpp"

/// The council's rows.
namespace grid::chain::council_rows {

Council council(const State& state);
void set_council(State& state, const Council& council);

/// None when there is no such proposal.
std::optional<Proposal> proposal(const State& state, std::uint64_t id);
void set_proposal(State& state, const Proposal& proposal);

bool has_role(const State& state, const Hash& role, const Address& account);
void set_role(State& state, const Hash& role, const Address& account, bool granted);

/// Whether a stored row of these tables is one.
bool is_row(Table table, ByteView key, ByteView value);

}  // namespace grid::chain::council_rows
