#pragma once

#include "apps/grid/context.hpp"
#include "apps/grid/gateway_client.hpp"

namespace grid::cli {

/// The URL of a provider's gateway: --gateway, else what it registered.
std::string gateway_url(const Context& context, const chain::Provider& provider);

/// The gateway of an order, asked with a session of its lease. Throws Failure; `not_yours` for somebody
/// else's order.
GatewayClient open_lease(const Context& context, chain::OrderId order);

/// The same without a lease, for what is left of an order that is over.
GatewayClient open_gateway(const Context& context, chain::OrderId order);

}  // namespace grid::cli
