#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "messages/order.hpp"
#include "messages/registry.hpp"
#include "web/router.hpp"

namespace grid::web {

/// Whom the platform asks. A handle that is not set answers 503.
struct PlatformActors {
    messages::chain_actor chain;
    messages::rpc_actor rpc;
    messages::registry_actor registry;
    messages::order_actor orders;
};

struct PlatformOptions {
    RouterOptions router;
    std::chrono::milliseconds ask_timeout{5'000};
    std::chrono::milliseconds rpc_timeout{30'000};
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
    const std::vector<ApiRoute>& routes() const;

private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with requests that are under way
    std::unique_ptr<Router> router_;
};

}  // namespace grid::web
