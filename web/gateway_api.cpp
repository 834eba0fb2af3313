#include "web/gateway_api.hpp"

#include <stdexcept>

#include "web/gateway_state.hpp"
#include "web/openapi.hpp"
#include "web/service_routes.hpp"
#include "web/sign_in_page.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::size_t kSmallBody = std::size_t{16} * 1024;
/// A manifest of 1 MiB, written as a JSON string.
constexpr std::size_t kDeployBody = std::size_t{2} * 1024 * 1024;
/// What weighs on the store or on a signature counts as several requests.
constexpr double kLoginCost = 5;

}  // namespace

Task<ApiReply> GatewayApi::State::home(Call& call) {
    if (call.query.has("app")) co_return sign_in_page();
    const auto head = co_await asker->ask<Head>(actors.chain, ask_timeout, head_atom_v);
    std::string body =
        "<p>This is the gateway of a GRID provider: it serves the applications of those who rent from "
        "it.</p>";
    body += "<ul><li>Provider: <code>" + provider.checksummed() + "</code></li><li>State: ";
    body += head ? "ready; the chain is at block " + std::to_string(head->number)
                 : "the chain does not answer at the moment";
    body +=
        "</li><li>Version: <code>" GRID_VERSION
        "</code></li></ul>"
        "<p><a href=\"/v1/openapi.json\"><code>/v1/openapi.json</code></a> says what can be asked; "
        "<a href=\"/v1/health\"><code>/v1/health</code></a>, <a href=\"/metrics\"><code>/metrics</code></a>. "
        "On the command line: <code>grid rent</code>, <code>grid app</code>.</p>";
    co_return html_page("GRID gateway", body);
}

GatewayApi::GatewayApi(caf::actor_system& system, GatewayActors actors, GatewayOptions options) {
    if (!options.sessions || !options.now)
        throw std::invalid_argument("GatewayOptions: sessions and now must be set");
    state_ = std::make_shared<State>(system, std::move(actors), options);
    const auto on = [state = state_](Task<ApiReply> (State::*handler)(Call&)) {
        return [state, handler](Call& call) { return (state.get()->*handler)(call); };
    };
    const auto open = Access::open();
    const auto with = [](lease::Scope scope) { return Access::session(scope); };
    using lease::Scope;
    auto openapi = std::make_shared<std::string>();
    std::vector<ApiRoute> routes;
    add_service_routes(routes, {state_->asker,
                                state_->actors.chain,
                                options.ask_timeout,
                                std::move(options.metrics),
                                openapi,
                                "gateway",
                                {},
                                std::move(options.warnings)});
    const auto add = [&](const char* method, const char* pattern, const char* operation, Access access,
                         std::size_t body_limit, double cost, Task<ApiReply> (State::*handler)(Call&)) {
        routes.push_back({method, pattern, operation, access, body_limit, cost, on(handler)});
    };
    add("GET", "/", "home", open, 0, 1, &State::home);
    routes.push_back({"GET", "/open.js", "signInScript", open, 0, 1,
                      [](Call&) -> Task<ApiReply> { co_return sign_in_script(); }});
    add("GET", "/v1/greet", "greetEstimate", open, 0, 1, &State::greet_estimate);
    add("POST", "/v1/greet", "greet", Access::optional(), kDeployBody, kLoginCost, &State::greet);
    add("GET", "/v1/quotes", "estimateQuote", open, 0, 1, &State::estimate);
    add("POST", "/v1/quotes", "signQuote", with(Scope::account), kSmallBody, kLoginCost, &State::quote);
    add("POST", "/v1/session/challenge", "challenge", open, kSmallBody, kLoginCost, &State::challenge);
    add("POST", "/v1/session", "login", open, kSmallBody, kLoginCost, &State::login);
    add("GET", "/v1/session", "getSession", with(Scope::read), 0, 1, &State::who_am_i);
    add("DELETE", "/v1/session", "logout", with(Scope::account), 0, 1, &State::logout);
    add("POST", "/v1/orders/{id}/accept", "acceptOrder", with(Scope::account), kSmallBody, kLoginCost,
        &State::accept);
    add("GET", "/v1/leases", "listLeases", with(Scope::read), 0, 1, &State::list_leases);
    add("GET", "/v1/apps", "listApps", with(Scope::read), 0, 1, &State::list_apps);
    add("POST", "/v1/apps", "deployApp", with(Scope::deploy), kDeployBody, kLoginCost, &State::deploy);
    add("GET", "/v1/apps/{app}", "getApp", with(Scope::read), 0, 1, &State::get_app);
    add("DELETE", "/v1/apps/{app}", "removeApp", with(Scope::remove), 0, 1, &State::remove_app);
    add("GET", "/v1/apps/{app}/logs", "getAppLogs", with(Scope::logs), 0, 1, &State::logs);
    add("GET", "/v1/apps/{app}/status", "getAppStatus", with(Scope::read), 0, 1, &State::app_status);
    add("GET", "/v1/apps/{app}/events", "getAppEvents", with(Scope::read), 0, 1, &State::app_events);
    add("POST", "/v1/apps/{app}/restart", "restartApp", with(Scope::restart), kSmallBody, kLoginCost,
        &State::restart_app);
    add("POST", "/v1/apps/{app}/scale", "scaleApp", with(Scope::scale), kSmallBody, kLoginCost,
        &State::scale_app);
    add("POST", "/v1/apps/{app}/stop", "stopApp", with(Scope::scale), kSmallBody, kLoginCost,
        &State::stop_app);
    add("POST", "/v1/apps/{app}/start", "startApp", with(Scope::scale), kSmallBody, kLoginCost,
        &State::start_app);
    add("GET", "/v1/apps/{app}/exec", "execInApp", with(Scope::exec), 0, kLoginCost, &State::exec);
    add("POST", "/v1/apps/{app}/open", "openApp", with(Scope::proxy), kSmallBody, 1, &State::open_app);
    add("GET", "/v1/provider/checks", "getProviderChecks", with(Scope::account), 0, kLoginCost,
        &State::provider_checks);
    *openapi = openapi_document(options.openapi_yaml, "gateway", routes, "GRID gateway");
    router_ = std::make_unique<Router>(
        std::move(routes), std::move(options.router),
        [state = state_](const LocalRequest& request) { return state->identify(request); },
        on(&State::on_application_host));
}

GatewayApi::~GatewayApi() {
    state_->asker->close();
}

void GatewayApi::handle(LocalRequest request, std::shared_ptr<LocalReply> reply) {
    router_->handle(std::move(request), std::move(reply));
}

void GatewayApi::set_port(std::uint16_t port) {
    router_->set_port(port);
}

const std::vector<ApiRoute>& GatewayApi::routes() const {
    return router_->routes();
}

}  // namespace grid::web
