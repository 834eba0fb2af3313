#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "actors/clock.hpp"
#include "lease/manifest.hpp"
#include "lease/pricing.hpp"
#include "lease/route_table.hpp"
#include "lease/session_publisher.hpp"
#include "messages/cluster.hpp"
#include "messages/order.hpp"
#include "runtime/projection.hpp"
#include "runtime/warnings.hpp"

namespace grid::actors {

/// What the operator decided about leases.
struct GatewaySettings {
    chain::Address provider;
    messages::ChainInfo chain_info;
    std::string apps_scheme = "http";
    std::string apps_domain = "apps.localhost";
    std::uint16_t apps_port = 8090;                    ///< part of every URL unless it is the scheme's own
    std::string api_origin = "http://127.0.0.1:8090";  ///< of the path form
    std::map<std::string, std::string> templates;      ///< id -> YAML
    lease::ManifestLimits manifest;                    ///< `bought` is set for each order
    lease::PricingPolicy policy;
    std::chrono::milliseconds ready_deadline{60'000};  ///< from start to ready, for one deployment
    std::chrono::milliseconds apply_timeout{600'000};  ///< includes pulling images
    std::chrono::milliseconds status_interval{2'000};
    std::chrono::milliseconds tick{250};  ///< zero: only when somebody sends `tick` (tests)
    std::chrono::milliseconds reconcile_interval{180'000};
    chain::Seconds keep_ended{24 * 3600};  ///< hosts of ended leases answer 410 so long, logs are kept
    chain::Seconds suspend_after{120};     ///< outage of the cluster after which orders stand still; 0: never
    std::chrono::milliseconds resume_grace{600'000};        ///< for applications to be ready after an outage
    std::chrono::milliseconds collect_interval{3'600'000};  ///< of garbage; zero: never
    bool blocks_come =
        false;  ///< by themselves: a network. Else time goes on without, and nothing is pending
    std::size_t max_apps = 32;          ///< of one lease, stopped ones too
    std::uint64_t missing_blocks = 32;  ///< a lease ends when the chain denies its order for so many blocks
    chain::Seconds settle_grace{3};     ///< a keeper of this node has so long to settle first
};

/// What leases talk to.
struct GatewayParts {
    Clock clock;
    runtime::Storage storage;
    messages::chain_actor chain;
    messages::order_actor orders;
    messages::cluster_actor cluster;
    messages::fetcher_actor fetcher;
    std::shared_ptr<lease::RoutePublisher> routes;
    std::shared_ptr<lease::SessionPublisher> sessions;
    /// Told of what happened, for counters, from any actor's thread: order_accepted, deployment_ready,
    /// deployment_failed, lease_ended, lease_gone, lease_restarted, order_suspended, order_resumed.
    std::function<void(const std::string& event)> count{};

    /// What the operator should know: topics "cluster" and "stock". May be null.
    std::shared_ptr<runtime::Warnings> warnings{};

    void happened(const std::string& event) const {
        if (count) count(event);
    }
};

}  // namespace grid::actors
