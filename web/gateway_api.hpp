#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lease/session_publisher.hpp"
#include "messages/auth.hpp"
#include "messages/lease.hpp"
#include "messages/quote.hpp"
#include "web/provider_checks.hpp"
#include "web/router.hpp"

namespace grid::web {

/// Whom the gateway asks. A handle that is not set answers 503.
struct GatewayActors {
    messages::chain_actor chain;
    messages::auth_actor auth;
    messages::quote_actor quotes;
    messages::leases_actor leases;
    messages::cluster_actor cluster{};  ///< for the provider's own checks
};

struct GatewayOptions {
    RouterOptions router;  ///< set guard.apps_domain: tenants' pages are refused by it
    chain::Address provider;
    chain::Address signer{};      ///< whose key the gateway has: the provider's or its operator's
    chain::Address registry{};    ///< the contract
    chain::Seconds stale_head{};  ///< see ProviderFacts
    std::string public_url{};     ///< how the gateway is reached, as it believes
    std::function<std::vector<std::string>()> warnings{};     ///< for its health; may be empty
    std::function<std::optional<GasFacts>()> gas{};           ///< see ProviderFacts; may be empty
    std::shared_ptr<const lease::SessionPublisher> sessions;  ///< never null
    std::function<chain::Timestamp()>
        now;  ///< the clock by which tokens expire: that of the auth actor; never empty
    bool secure_app_cookies = false;  ///< as OwnersAccess::Options::secure_cookies
    std::chrono::milliseconds ask_timeout{5'000};
    std::chrono::milliseconds accept_timeout{60'000};
    /// A deployment that takes longer goes on; the client is told so (504). Less than
    /// ServerOptions::local_timeout.
    std::chrono::milliseconds deploy_timeout{110'000};
    /// Of commands and logs that go on: those whose session is dead are ended.
    std::chrono::milliseconds check_sessions{5'000};
    std::function<std::string()> metrics;  ///< Prometheus text; empty: 404
    std::string openapi_yaml;  ///< content of web/openapi.yaml; empty: a bare document from the routes
};

/// The gateway's listener, on its own host: greet and its plain twins, sessions, leases, applications, and
/// the session handoff (/.grid/enter) on the hosts of applications.
class GatewayApi : public LocalHandler {
public:
    /// `system` must outlive this object.
    GatewayApi(caf::actor_system& system, GatewayActors actors, GatewayOptions options);
    /// Requests under way are answered 503.
    ~GatewayApi() override;

    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override;
    /// The port of the listener, for the check of Host.
    void set_port(std::uint16_t port);
    const std::vector<ApiRoute>& routes() const;

    struct State;

private:
    std::shared_ptr<State> state_;  ///< shared with requests that are under way
    std::unique_ptr<Router> router_;
};

}  // namespace grid::web
