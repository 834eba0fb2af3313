#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/chain.hpp"
#include "web/ask.hpp"
#include "web/html.hpp"
#include "web/route_list.hpp"

namespace grid::web {

/// How a follower stands, for its health.
struct FollowerHealth {
    std::string state;  ///< catching_up, following, unreachable, waiting, stopped
    std::string leader;
    std::uint64_t leader_height = 0;
    std::optional<Error> error;
};
using FollowerPort = std::function<FollowerHealth()>;

/// What both listeners tell of themselves: /healthz, /readyz, /version, /metrics, /v1/health, /v1/version,
/// /v1/openapi.json.
struct ServiceParts {
    std::shared_ptr<Asker> asker;
    messages::chain_actor chain;
    std::chrono::milliseconds timeout{5'000};
    std::function<std::string()> metrics;
    std::shared_ptr<const std::string> openapi;               ///< filled when all routes are known
    std::string role;                                         ///< "platform" or "gateway"
    FollowerPort follower = {};                               ///< empty: this node follows nobody
    std::function<std::vector<std::string>()> warnings = {};  ///< what the operator should know
};

/// Adds them to a listener's routes.
void add_service_routes(std::vector<ApiRoute>& routes, const ServiceParts& parts);

/// A page for people: what answers here. Its policy allows its own style alone.
ApiReply html_page(std::string_view title, std::string_view body);

}  // namespace grid::web
