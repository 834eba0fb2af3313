#pragma once

#include "lease/pricing.hpp"
#include "lease/workload.hpp"

namespace grid::actors {

/// Whether this gateway serves an order, read from the chain itself, for the caller. Codes: `not_found`
/// (status none), `not_yours` (another provider's order, or another user's), `wrong_state` (ended, past its
/// end or its activation deadline), `not_acceptable` (the operator's lists).
Result<void> check_order(const chain::Order& order, const chain::Address& caller,
                         const chain::Address& provider, const lease::PricingPolicy& policy,
                         chain::Timestamp now);

/// a - b for each resource, not below zero.
chain::Resources left_of(const chain::Resources& a, const chain::Resources& b);

}  // namespace grid::actors
