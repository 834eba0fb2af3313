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

/// S as it stands at t: a suspension that began before it and is still open moves it.
Timestamp starts_at(const Order& order, Timestamp t);
/// E as it stands at t.
Timestamp ends_at(const Order& order, Timestamp t);
/// A running order whose end has come: t >= E.
bool past_end(const Order& order, Timestamp t);
/// Seconds of the paid term that were suspended up to t, an open suspension included.
Seconds suspended_at(const Order& order, Timestamp t);
/// b(t): paid seconds served up to t; at most D.
Seconds served_at(const Order& order, Timestamp t);
/// earned(t) of a running order; accrued of an ended one; 0 before activation.
Amount earned_at(const Order& order, Timestamp t);
/// accrued - paid to the provider.
Amount claimable_by_provider(const Order& order);
/// V - accrued - paid to the user; 0 while the order is live.
Amount claimable_by_user(const Order& order);

/// Stops the clock of a running order that is not suspended, before its end.
void suspend(Order& order, Timestamp t);
/// Starts it again, before its end.
void resume(Order& order, Timestamp t);

}  // namespace grid::chain::settlement
