#include "lease/pricing.hpp"

#include <algorithm>
#include <array>

namespace grid::lease {
namespace {

/// One resource in the four structures that speak of resources.
struct Kind {
    std::string_view name;
    std::uint64_t chain::Resources::*amount;
    chain::Amount chain::Prices::*price;
};
constexpr std::array<Kind, 4> kKinds = {{
    {"millicores of cpu", &chain::Resources::cpu_milli, &chain::Prices::cpu_milli},
    {"MiB of memory", &chain::Resources::memory_mib, &chain::Prices::memory_mib},
    {"MiB of storage", &chain::Resources::storage_mib, &chain::Prices::storage_mib},
    {"gpus", &chain::Resources::gpus, &chain::Prices::gpus},
}};

tl::unexpected<Error> no(std::string reason) {
    return fail("not_acceptable", std::move(reason));
}

std::string in_seconds(chain::Seconds duration) {
    return std::to_string(duration.count) + " seconds";
}

}  // namespace

Result<Offer> judge_terms(const chain::Provider& provider, const AskedTerms& terms,
                          const PricingPolicy& policy, const chain::Resources& coming_back) {
    if (provider.status != chain::ProviderStatus::active) return no("the provider takes no new orders");
    if (!terms.user.is_zero()) {
        if (policy.deny.contains(terms.user)) return no("the provider does not serve this account");
        if (!policy.allow.empty() && !policy.allow.contains(terms.user))
            return no("the provider serves chosen accounts only, and this is none of them");
    }
    if (terms.resources == chain::Resources{}) return no("the terms ask for no resources");
    if (terms.duration < policy.minimum_duration)
        return no("the duration of " + in_seconds(terms.duration) + " is below the least, " +
                  in_seconds(policy.minimum_duration));
    if (terms.duration > policy.maximum_duration || terms.duration > chain::kMaxDuration)
        return no("the duration of " + in_seconds(terms.duration) + " is above the greatest, " +
                  in_seconds(std::min(policy.maximum_duration, chain::kMaxDuration)));
    const chain::Prices prices = terms.prices.value_or(provider.prices);
    for (const Kind& kind : kKinds) {
        const std::uint64_t asked = terms.resources.*kind.amount;
        const std::uint64_t available = provider.available.*kind.amount;
        const std::uint64_t back = coming_back.*kind.amount;
        if (asked > available && asked - available > back)
            return no("asked for " + std::to_string(asked) + " " + std::string(kind.name) + ", free are " +
                      std::to_string(available) +
                      (back == 0 ? "" : " and " + std::to_string(back) + " of the order that is replaced"));
        const chain::Amount& price = prices.*kind.price;
        if (price.bit_length() > 96) return no("the price of " + std::string(kind.name) + " is above 2^96");
        if (price < provider.minimum_prices.*kind.price)
            return no("the price of " + price.decimal() + " per hour for " + std::string(kind.name) +
                      " is below the provider's least, " + (provider.minimum_prices.*kind.price).decimal());
    }
    Offer offer{
        prices, chain::hourly_rate(terms.resources, prices), {}, provider.probation, provider.renewable};
    offer.deposit = chain::deposit_for(offer.hourly_rate, terms.duration);
    return offer;
}

}  // namespace grid::lease
