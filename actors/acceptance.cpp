#include "actors/acceptance.hpp"

#include <algorithm>

#include "chain/settlement.hpp"

namespace grid::actors {

using chain::OrderStatus;
using chain::Resources;

Result<void> check_order(const chain::Order& order, const chain::Address& caller,
                         const chain::Address& provider, const lease::PricingPolicy& policy,
                         chain::Timestamp now) {
    const auto number = "order " + std::to_string(order.id.value);
    if (order.status == OrderStatus::none) return fail("not_found", "the chain knows no such order");
    if (order.provider != provider)
        return fail("not_yours", number + " is with provider " + order.provider.checksummed() +
                                     "; this gateway serves " + provider.checksummed());
    if (order.user != caller)
        return fail("not_yours", number + " belongs to another user than " + caller.checksummed());
    if (!order.live())
        return fail("wrong_state",
                    number + " is " + std::string(chain::name_of(order.status)) + "; make a new order");
    if (order.status == OrderStatus::unactivated && now >= order.activation_deadline)
        return fail("wrong_state",
                    number + " was not activated before its deadline; cancel it and make a new one");
    if (chain::settlement::past_end(order, now)) return fail("wrong_state", number + " is past its end");
    if (policy.deny.contains(caller) || (!policy.allow.empty() && !policy.allow.contains(caller)))
        return fail("not_acceptable", "this provider does not serve " + caller.checksummed());
    if (order.deposit < order.accrued + order.paid_user)
        return fail("not_acceptable", number + " is not covered by its deposit");
    return {};
}

Resources left_of(const Resources& a, const Resources& b) {
    auto minus = [](std::uint64_t x, std::uint64_t y) { return x > y ? x - y : 0; };
    return {minus(a.cpu_milli, b.cpu_milli), minus(a.memory_mib, b.memory_mib),
            minus(a.storage_mib, b.storage_mib), minus(a.gpus, b.gpus)};
}

}  // namespace grid::actors
