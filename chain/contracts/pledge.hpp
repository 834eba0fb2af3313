#pragma once

#include <algorithm>

#include "chain/contracts/contract.hpp"
#include "chain/pledge.hpp"

/// Pledges in parts: pools and positions, what accounts do with them, slashes, profit. Formulas:
/// docs/contracts/pledge.md.
namespace grid::chain::native::pledge {

/// What a pool's profit_per_share is counted in: 2^-64 credits.
Amount profit_unit();

std::uint64_t epoch_at(const PledgeParameters& parameters, Timestamp t);

/// Begins a call that changes something: the first one in an epoch rolls it.
void begin(Frame& frame);

/// Pledge's own calls to Credit.
inline Frame inner(Frame& frame) {
    return frame.called_by(frame.contracts.pledge);
}

/// The pool as it stands in this epoch: what was pledged in an earlier one earns.
Pool pool_now(const Frame& frame, const Address& provider);
/// The same, recorded; with the mark from which the incoming shares have earned.
Pool open_pool(Frame& frame, const Address& provider);
/// The position with all profit up to now banked; empty when there is none.
Position position_now(const Frame& frame, const Address& provider, const Address& account, const Pool& pool);

/// What shares are worth: floor(shares * total / all shares).
Amount value_of(const Pool& pool, const Amount& shares);
/// Whether a share is worth less than 2^-16 credits: no new pledges.
bool ruined(const Pool& pool);
/// Nothing is left: shares that there were are worth nothing for ever, and the next pledge begins anew.
void end_generation(Frame& frame, const Address& provider, Pool& pool);
/// Takes credits from everybody in the pool; when too little is left, all. Answers how much.
Amount take(Frame& frame, const Address& provider, Pool& pool, const Amount& amount);

/// What may still be taken from the pool in this epoch.
Amount slashable(const Frame& frame, const Pool& pool);

// Accounts
void pledge_call(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void unpledge(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void withdraw_unbonded(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void claim(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// Slashes
void slash(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void execute_slash(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void veto_slash(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// Profit, for the Market: what it would call by the ABI, by frame.caller
Amount promise_profit(Frame& frame, const Amount& wanted);
Amount mint_profit(Frame& frame, const Address& provider, OrderId order, const Amount& amount);
void lapse_profit(Frame& frame, const Amount& amount);

/// What the account's positions are worth, without what unbonds.
Amount pledged_by(const Frame& frame, const Address& account);

}  // namespace grid::chain::native::pledge
