#include "apps/gridd/node_metrics.hpp"

#include <prometheus/gauge.h>

namespace grid::gridd {

void tell_server(runtime::Metrics& metrics, const std::string& listener, const web::ServerStats& stats) {
    const auto set = [&](const char* name, const char* help, std::uint64_t value) {
        metrics.gauge(name, help, {{"listener", listener}}).Set(static_cast<double>(value));
    };
    set("grid_http_connections_open", "Client connections that are open", stats.connections_open);
    set("grid_http_connections_total", "Client connections since the start", stats.connections_total);
    set("grid_http_requests_local_total", "Requests that the API answered", stats.requests_local);
    set("grid_http_requests_forwarded_total", "Requests to applications", stats.requests_forwarded);
    set("grid_http_requests_refused_total", "Bad heads, unknown hosts, no access", stats.requests_refused);
    set("grid_http_upstream_connects_total", "Connections to applications", stats.upstream_connects);
    set("grid_http_upstream_retries_total", "Requests repeated on a fresh connection",
        stats.upstream_retries);
}

void tell_follower(runtime::Metrics& metrics, const adapters::FollowerStatus& status) {
    using State = adapters::FollowerStatus::State;
    for (const auto state :
         {State::catching_up, State::following, State::unreachable, State::waiting, State::stopped})
        metrics
            .gauge("grid_follower_state", "1 for the state that the follower is in",
                   {{"state", std::string(adapters::name_of(state))}})
            .Set(state == status.state ? 1 : 0);
    metrics.gauge("grid_follower_leader_height", "The leader's newest block when it last answered")
        .Set(static_cast<double>(status.leader_height));
}

void tell_gas(runtime::Metrics& metrics, const chain::GasAccount& account) {
    metrics.gauge("grid_gas_balance_coins", "What the gateway's key has of the network's coin")
        .Set(std::stod(account.balance.units()));
    metrics.gauge("grid_gas_transactions", "Transactions for which that is enough at the present fee")
        .Set(static_cast<double>(account.transactions()));
}

}  // namespace grid::gridd
