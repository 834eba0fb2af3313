#pragma once

#include <optional>

#include "chain/pledge.hpp"
#include "chain/state.hpp"

/// The rows of pledges.
namespace grid::chain::pledge_rows {

PledgeParameters parameters(const State& state);
void set_parameters(State& state, const PledgeParameters& parameters);
PledgeTotals totals(const State& state);
void set_totals(State& state, const PledgeTotals& totals);

Pool pool(const State& state, const Address& provider);
void set_pool(State& state, const Address& provider, const Pool& pool);

/// None when the account never pledged there.
std::optional<Position> position(const State& state, const Address& provider, const Address& account);
void set_position(State& state, const Address& provider, const Address& account, const Position& position);

std::optional<Slash> slash(const State& state, std::uint64_t id);
void set_slash(State& state, const Slash& slash);

/// profit_per_share of a pool when an epoch began; kept where a pledge began to earn with it.
std::optional<Amount> profit_at_epoch(const State& state, const Address& provider, std::uint64_t epoch);
void set_profit_at_epoch(State& state, const Address& provider, std::uint64_t epoch, const Amount& value);
/// profit_per_share of a pool when a generation ended.
std::optional<Amount> profit_at_end(const State& state, const Address& provider, std::uint64_t generation);
void set_profit_at_end(State& state, const Address& provider, std::uint64_t generation, const Amount& value);

/// The account that was the index-th to pledge to the provider.
Address member(const State& state, const Address& provider, std::uint32_t index);
void set_member(State& state, const Address& provider, std::uint32_t index, const Address& account);

/// The pools in which the account has something.
std::vector<Address> pools_of(const State& state, const Address& account);
void set_pools_of(State& state, const Address& account, const std::vector<Address>& providers);

/// Whether a stored row of these tables is one.
bool is_row(Table table, ByteView key, ByteView value);

}  // namespace grid::chain::pledge_rows
