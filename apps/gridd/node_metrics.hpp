#pragma once

#include "adapters/chain_follower.hpp"
#include "chain/gas_account.hpp"
#include "runtime/metrics.hpp"
#include "web/http_server.hpp"

namespace grid::gridd {

// What parts of the node count or know themselves, as metrics of the moment.

void tell_server(runtime::Metrics& metrics, const std::string& listener, const web::ServerStats& stats);
void tell_follower(runtime::Metrics& metrics, const adapters::FollowerStatus& status);
void tell_gas(runtime::Metrics& metrics, const chain::GasAccount& account);

}  // namespace grid::gridd
