#pragma once

#include "apps/grid/chain_client.hpp"

namespace grid::cli {

/// The order that a transaction made, from its OrderCreated event. Throws Failure `bad_answer` when it made
/// none.
chain::OrderId order_created_by(const ChainClient::Mined& mined, const chain::ContractAddresses& contracts);

}  // namespace grid::cli
