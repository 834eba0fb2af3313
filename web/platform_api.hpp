#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/order.hpp"
#include "messages/registry.hpp"
#include "web/blocks_route.hpp"
#include "web/router.hpp"
#include "web/rpc_handler.hpp"
#include "web/service_routes.hpp"

namespace grid::web {

/// Whom the platform asks. A handle that is not set answers 503.
struct PlatformActors {
    messages::chain_actor chain;
    messages::registry_actor registry;
    messages::order_actor orders;
};

struct PlatformOptions {
    RouterOptions router;
    std::chrono::milliseconds ask_timeout{5'000};
    /// JSON-RPC at /rpc; its guard is the router's. Without a port it answers 503.
    RpcOptions rpc;
    /// Blocks for followers at /chain/blocks; empty: 503.
    BlocksPort blocks;
    FollowerPort follower;                 ///< empty: this node follows nobody
    std::function<std::string()> metrics;  ///< Prometheus text; empty: 404
    std::string openapi_yaml;  ///< content of web/openapi.yaml; empty: a bare document from the routes
};

/// The platform's listener: /v1, JSON-RPC at /rpc, health, metrics, and the place of the UI.
class PlatformApi : public LocalHandler {
public:
    /// `system` must outlive this object.
    PlatformApi(caf::actor_system& system, PlatformActors actors, PlatformOptions options);
    /// Requests under way are answered 503.
    ~PlatformApi() override;

    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override;
    /// The port of the listener, for the check of Host.
    void set_port(std::uint16_t port);
    /// Every operation, JSON-RPC with them.
    const std::vector<ApiRoute>& routes() const { return routes_; }

private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with requests that are under way
    std::unique_ptr<Router> router_;
    std::unique_ptr<RpcHandler> rpc_;
    std::vector<ApiRoute> routes_;
};

}  // namespace grid::web
