#pragma once

#include <mutex>

#include "lease/handoff.hpp"
#include "web/ask.hpp"
#include "web/gateway_api.hpp"
#include "web/json.hpp"
#include "web/json_write.hpp"

namespace grid::web {

/// The handlers of the gateway's API and what they need.
struct GatewayApi::State : std::enable_shared_from_this<GatewayApi::State> {
    State(caf::actor_system& actor_system, GatewayActors a, GatewayOptions& o)
        : system(actor_system),
          asker(std::make_shared<Asker>(actor_system)),
          actors(std::move(a)),
          provider(o.provider),
          signer(o.signer),
          registry(o.registry),
          public_url(o.public_url),
          stale_head(o.stale_head),
          gas(o.gas),
          sessions(o.sessions),
          now(o.now),
          secure_app_cookies(o.secure_app_cookies),
          ask_timeout(o.ask_timeout),
          accept_timeout(o.accept_timeout),
          deploy_timeout(o.deploy_timeout),
          check_sessions(o.check_sessions),
          handoffs(o.now()) {}

    caf::actor_system& system;
    std::shared_ptr<Asker> asker;
    GatewayActors actors;
    chain::Address provider;
    chain::Address signer;
    chain::Address registry;
    std::string public_url;
    chain::Seconds stale_head;
    std::function<std::optional<GasFacts>()> gas;
    std::shared_ptr<const lease::SessionPublisher> sessions;
    std::function<chain::Timestamp()> now;
    bool secure_app_cookies;
    std::chrono::milliseconds ask_timeout;
    std::chrono::milliseconds accept_timeout;
    std::chrono::milliseconds deploy_timeout;
    std::chrono::milliseconds check_sessions;
    std::mutex handoff_mutex;
    lease::HandoffBook handoffs;

    Result<Visitor> identify(const LocalRequest& request) const;

    // gateway_api.cpp
    Task<ApiReply> home(Call& call);
    // gateway_sessions.cpp
    Task<ApiReply> greet(Call& call);
    Task<ApiReply> greet_estimate(Call& call);

    Task<ApiReply> estimate(Call& call);
    Task<ApiReply> quote(Call& call);

    Task<ApiReply> challenge(Call& call);
    Task<ApiReply> login(Call& call);
    Task<ApiReply> login_with(Call& call, JsonObject& body);
    Task<ApiReply> logout(Call& call);
    Task<ApiReply> who_am_i(Call& call);

    // gateway_leases.cpp
    Task<ApiReply> accept(Call& call);
    Task<ApiReply> accept_order(Call& call, chain::OrderId id);
    Task<ApiReply> list_leases(Call& call);
    Task<ApiReply> list_apps(Call& call);
    Task<ApiReply> deploy(Call& call);
    Task<ApiReply> deploy_with(Call& call, JsonObject& body);
    Task<ApiReply> get_app(Call& call);
    Task<ApiReply> remove_app(Call& call);
    Task<ApiReply> open_app(Call& call);
    Task<ApiReply> on_application_host(Call& call);
    // gateway_apps.cpp
    Task<ApiReply> restart_app(Call& call);
    Task<ApiReply> scale_app(Call& call);
    Task<ApiReply> stop_app(Call& call);
    Task<ApiReply> start_app(Call& call);
    Task<ApiReply> app_status(Call& call);
    Task<ApiReply> app_events(Call& call);
    Task<ApiReply> logs(Call& call);
    Task<ApiReply> exec(Call& call);
    Task<ApiReply> change_app(Call& call, messages::ChangeRequest request);
    /// The lease whose log is asked for: also one that has ended, by its key or its order.
    Task<messages::LeaseInfo> lease_of_log(Call& call);
    /// Whether the session that a request came with is good still; for what goes on after the answer.
    std::function<bool()> still_allowed(const Call& call);
    // gateway_provider.cpp
    Task<ApiReply> provider_checks(Call& call);

    /// The lease that a request is about: the token's, or the one that is asked for, or the user's only one.
    /// Leaves with 401 when the token's lease has ended, 403 for a token of another lease, 404 for somebody
    /// else's.
    Task<messages::LeaseInfo> lease_of(Call& call, std::optional<chain::Hash> asked);
    /// lease_of() by the parameter `lease_key` of the query, and its application of the path.
    Task<messages::LeaseInfo> lease_of_app(Call& call);

    Task<messages::Estimate> ask_estimate(const messages::Terms& terms);
    void set_session_cookie(const LocalRequest& request, const messages::Session& session,
                            Headers& headers) const;
};

/// {resources, prices?, duration_s, replaces?} for a user.
messages::Terms terms_of(JsonObject& body, const chain::Address& user);
/// The application of the path; leaves with 404 when it can be none.
const std::string& app_of(const Call& call);
/// Leaves with 404 unless the lease runs it.
const messages::AppInfo& find_app(const messages::LeaseInfo& lease, std::string_view name);
/// Whether the order of the lease has ended, so that nothing more can be asked of it than its log.
bool is_over(const messages::LeaseInfo& lease) noexcept;
/// Operations that say everything by their path take nothing, or an empty object.
void take_no_fields(const Call& call);
/// The order that the member "order" names.
chain::OrderId order_of(JsonObject& body);

/// {"lease_key": ..., and what is known of an application}: an AppInfo or an AppDetail.
template <class App>
void write_app(JsonText& json, const chain::Hash& lease_key, const App& app) {
    json.begin_object();
    write_hash(json, "lease_key", lease_key);
    write_members(json, app);
    json.end_object();
}

/// 200 with write_app().
template <class App>
ApiReply app_reply(const chain::Hash& lease_key, const App& app) {
    JsonText json;
    write_app(json, lease_key, app);
    return json_reply(json.take());
}

}  // namespace grid::web
