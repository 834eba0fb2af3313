#pragma once

#include "chain/market.hpp"

/// What an order has earned at a time: integers, cumulative, independent of how often anyone settles.
///
///   S = activatedAt + P, E = S + D; a suspension begun before S moves both by its length (it is added to P
///   on resume); a later one is taken off the time served. b(t) = clamp(t - S, 0, D) - suspended seconds
///   earned(t) = V if b = D, else floor(R * b / 3600)
///
/// `t` is never before the order's last change. Orders that were never activated have earned nothing.
namespace grid::chain::settlement {

/// An end that nobody knows yet.
inline constexpr Timestamp kUnknownEnd{~std::uint64_t{0}};

/// S as it stands at t: a suspension that began before it and is still open moves it.
Timestamp starts_at(const Order& order, Timestamp t);
/// E as it stands at t: while a suspension that began before S is open it runs ahead of t.
Timestamp ends_at(const Order& order, Timestamp t);
/// A running order whose end has come: t >= E.
bool past_end(const Order& order, Timestamp t);
/// Seconds of the paid term that were suspended up to t, an open suspension included.
Seconds suspended_at(const Order& order, Timestamp t);
/// b(t): paid seconds served up to t; at most D.
Seconds served_at(const Order& order, Timestamp t);
/// earned(t) of a running order; accrued of an ended one; 0 before activation.
Amount earned_at(const Order& order, Timestamp t);
/// The end that events and views tell: E, or kUnknownEnd while a suspension that began before S is open.
Timestamp announced_end(const Order& order);
/// floor(accrued * fee_bp / 10,000): the protocol's part of what accrued.
Amount fee(const Order& order);
/// accrued - fee - paid to the provider.
Amount claimable_by_provider(const Order& order);
/// fee - paid of it.
Amount claimable_fee(const Order& order);
/// floor(profit * accrued / V), never less than was minted: what is due of an order's profit.
Amount profit(const Order& order);
/// V - accrued - paid to the user; 0 while the order is live.
Amount claimable_by_user(const Order& order);

/// Stops the clock of a running order that is not suspended, before its end.
void suspend(Order& order, Timestamp t);
/// Starts it again, before its end.
void resume(Order& order, Timestamp t);
/// Lengthens the paid term at the same prices; how much the deposit grows.
Amount extend(Order& order, Seconds by);
/// What is left of an order's probation at t, for the order that continues it: max(0, S - t).
Seconds probation_left(const Order& order, Timestamp t);

}  // namespace grid::chain::settlement
