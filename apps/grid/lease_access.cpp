#include "apps/grid/lease_access.hpp"

namespace grid::cli {

std::string gateway_url(const Context& context, const chain::Provider& provider) {
    if (!context.gateway_url.empty()) return context.gateway_url;
    // Plain HTTP on this machine alone: tokens do not cross a network in the clear.
    const bool here = provider.host == "localhost" || provider.host == "127.0.0.1";
    return (here ? "http://" : "https://") + provider.host + ":" + std::to_string(provider.port);
}

namespace {

/// The gateway of an order that is the user's.
GatewayClient gateway_of(const Context& context, chain::OrderId id, bool of_lease) {
    const auto chain = context.chain();
    auto user = context.gateway_user();
    const auto order = chain.order(id);
    if (order.user != user.address)
        throw Failure("not_yours", "order " + std::to_string(id.value) + " is of " +
                                       order.user.checksummed() + ", and your key is of " +
                                       user.address.checksummed());
    return {gateway_url(context, chain.provider(order.provider)), chain, std::move(user), order.provider,
            of_lease ? id : chain::OrderId{}};
}

}  // namespace

GatewayClient open_gateway(const Context& context, chain::OrderId id) {
    return gateway_of(context, id, false);
}

GatewayClient open_lease(const Context& context, chain::OrderId id) {
    return gateway_of(context, id, true);
}

}  // namespace grid::cli
