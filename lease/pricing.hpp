#pragma once

#include <optional>
#include <set>

#include "chain/market.hpp"

namespace grid::lease {

/// What a user asks a provider for.
struct AskedTerms {
    chain::Address user;  ///< zero in an unsigned estimate: the lists are not asked then
    chain::Resources resources;
    std::optional<chain::Prices> prices;  ///< none: the provider's own
    chain::Seconds duration;
};

/// What the operator decides beside the prices in the Registry.
struct PricingPolicy {
    std::set<chain::Address> allow;  ///< not empty: nobody else is served
    std::set<chain::Address> deny;
    chain::Seconds minimum_duration{60};
    chain::Seconds maximum_duration = chain::kMaxDuration;
};

/// Acceptable terms and what they cost.
struct Offer {
    chain::Prices prices;
    chain::Amount hourly_rate;
    chain::Amount deposit;
    chain::Seconds probation;
    bool renewable = false;  ///< the user may extend the order
};

/// Whether a provider with this Registry entry takes these terms. `coming_back`: resources of an order that
/// this one replaces. Code `not_acceptable`; the message is the reason in words, for the user.
Result<Offer> judge_terms(const chain::Provider& provider, const AskedTerms& terms,
                          const PricingPolicy& policy, const chain::Resources& coming_back = {});

}  // namespace grid::lease
