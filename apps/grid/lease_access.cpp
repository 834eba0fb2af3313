#include "apps/grid/lease_access.hpp"

namespace grid::cli {

std::string gateway_url(const Context& context, const chain::Provider& provider) {
    if (!context.gateway_url.empty()) return context.gateway_url;
    // Plain HTTP on this machine alone: tokens do not cross a network in the clear.
    const bool here = provider.host == "localhost" || provider.host == "127.0.0.1";
    return (here ? "http://" : "https://") + provider.host + ":" + std::to_string(provider.port);
}

GatewayClient open_gateway(const Context& context, chain::OrderId id) {
    const auto chain = context.chain();
    const auto key = context.open_key();
    const auto order = chain.order(id);
    if (order.user != key.address())
        throw Failure("not_yours",
                      "order " + std::to_string(id.value) + " is of " + order.user.checksummed());
    return {gateway_url(context, chain.provider(order.provider)), chain, key, order.provider};
}

GatewayClient open_lease(const Context& context, chain::OrderId id) {
    auto gateway = open_gateway(context, id);
    gateway.accept(id);
    return gateway;
}

}  // namespace grid::cli
