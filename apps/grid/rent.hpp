#pragma once

#include "apps/grid/context.hpp"
#include "apps/grid/gateway_client.hpp"

namespace grid::cli {

/// What `grid rent` was asked for.
struct RentRequest {
    std::string
        provider;  ///< empty: the first one of the Registry that has the resources and is the cheapest
    chain::Resources resources;
    chain::Seconds duration;
    AppDeployment deployment;
};

/// What came of it.
struct RentResult {
    chain::OrderId order;
    chain::Provider provider;
    chain::Amount deposit;
    std::string lease_key;
    DeployedApp app;
    std::string token;  ///< the session's, for requests to the application
};

/// From a manifest to a URL: provider, quote, credits, order, login, acceptance, deployment; a progress line
/// for each. What is half done when a step fails is unwound: the order is cancelled and the deposit comes
/// back.
RentResult rent(const Context& context, const chain::PrivateKey& key, const RentRequest& request);

/// Buys what is missing, so that a user with tokens need not think of credits. Throws Failure
/// `too_little_money`.
void cover_deposit(const ChainClient& chain, const chain::PrivateKey& key, const chain::Amount& deposit);

}  // namespace grid::cli
