// Leases and the applications on them: accepting an order, deploying, removing, and the way into an
// application by browser.
#include <algorithm>

#include "lease/lease_key.hpp"
#include "lease/route_table.hpp"
#include "lease/session_cookie.hpp"
#include "web/gateway_state.hpp"
#include "web/service_routes.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::size_t kMaxManifest = std::size_t{1024} * 1024;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::string_view kEnterPath = "/.grid/enter";

bool is_sha256(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

DeployRequest deploy_request(JsonObject& body) {
    DeployRequest request;
    request.app = body.text_or("app", "app", 32);
    if (!lease::valid_app_name(request.app))
        refuse_field("app", "expected up to 32 lower-case letters, digits and hyphens, a letter first");
    const bool manifest = body.has("manifest");
    const bool url = body.has("url");
    const bool template_id = body.has("template");
    if (manifest + url + template_id != 1)
        refuse_field("manifest", "expected exactly one of manifest, url, template",
                     manifest + url + template_id == 0 ? "missing_field" : "bad_field");
    if (manifest) {
        request.source = DeployRequest::Source::inline_yaml;
        request.manifest = body.text("manifest", kMaxManifest);
    } else if (url) {
        request.source = DeployRequest::Source::url;
        request.manifest = body.text("url", kMaxUrl);
    } else {
        request.source = DeployRequest::Source::template_id;
        request.manifest = body.text("template", 64);
    }
    request.sha256 = body.text_or("sha256", "", 66);
    if (!request.sha256.empty() && !url)
        refuse_field("sha256", "is checked against what a URL answers; it comes with url alone");
    if (!request.sha256.empty() && !is_sha256(request.sha256))
        refuse_field("sha256", "expected 64 hexadecimal digits");
    request.is_public = body.flag_or("public", false);
    return request;
}

/// "http://host:port" of a URL.
std::string origin_of(const std::string& url) {
    const auto scheme = url.find("://");
    return scheme == std::string::npos ? std::string{} : url.substr(0, url.find('/', scheme + 3));
}

ApiReply enter_refused(unsigned status, const std::string& reason) {
    auto reply = html_page("The application was not opened", "<p>" + escaped_html(reason) + "</p>");
    reply.status = status;
    return reply;
}

}  // namespace

const std::string& app_of(const Call& call) {
    const auto& app = call.param("app");
    if (!lease::valid_app_name(app)) refuse(404, "not_found", "there is no application of that name");
    return app;
}

const AppInfo& find_app(const LeaseInfo& lease, std::string_view name) {
    const auto it = std::find_if(lease.apps.begin(), lease.apps.end(), [&](const AppInfo& app) {
        return app.name == name && app.state != AppState::removed;
    });
    if (it != lease.apps.end()) return *it;
    std::string known;
    for (const auto& app : lease.apps)
        if (app.state != AppState::removed) known += (known.empty() ? "" : ", ") + app.name;
    refuse(404, "not_found",
           "the lease runs no application \"" + std::string(name) +
               "\"; known: " + (known.empty() ? "none" : known));
}

bool is_over(const LeaseInfo& lease) noexcept {
    return lease.state == LeaseState::ending || lease.state == LeaseState::gone;
}

void take_no_fields(const Call& call) {
    if (!call.request.body.empty()) JsonObject::parse(call.request.body).done();
}

chain::OrderId order_of(JsonObject& body) {
    return {body.integer("order", 1)};
}

Task<LeaseInfo> GatewayApi::State::lease_of(Call& call, std::optional<Hash> asked) {
    const auto claims = call.visitor->claims;
    const bool bound = !claims.lease_key.is_zero();
    if (bound && asked && *asked != claims.lease_key)
        refuse(403, "wrong_lease", "this token is bound to another lease");
    Hash key = bound ? claims.lease_key : asked.value_or(Hash{});
    if (!bound && !asked) {
        auto listed =
            co_await asker->ask<std::vector<LeaseInfo>>(actors.leases, ask_timeout, list_atom_v, claims.user);
        const auto mine = or_refuse(std::move(listed));
        if (mine.empty()) refuse(404, "not_found", "you have no lease here: accept an order first");
        if (mine.size() > 1)
            refuse_field("lease_key", "you have several leases here: say which", "missing_field");
        co_return mine.front();
    }
    auto found = co_await asker->ask<LeaseInfo>(actors.leases, ask_timeout, find_atom_v, key);
    const bool missing = !found && found.error().code == "not_found";
    const bool over = missing || (found && is_over(*found));
    if (bound && over)
        throw Refusal(problem_of({"revoked_token", "the order of this session has ended; log in again"}));
    // Who asks for somebody else's lease does not learn that there is one.
    if (missing || (found && found->user != claims.user))
        refuse(404, "not_found", "you have no such lease here: accept its order first");
    co_return or_refuse(std::move(found));
}

Task<LeaseInfo> GatewayApi::State::lease_of_app(Call& call) {
    app_of(call);
    const auto asked = call.query.hash("lease_key");
    call.query.done();
    co_return co_await lease_of(call, asked);
}

Task<ApiReply> GatewayApi::State::accept(Call& call) {
    const auto id = parse_decimal(call.param("id"));
    if (!id || *id == 0) refuse_field("id", "expected the number of an order", "bad_path");
    call.query.done();
    take_no_fields(call);
    co_return co_await accept_order(call, {*id});
}

Task<ApiReply> GatewayApi::State::accept_order(Call& call, OrderId id) {
    const auto claims = call.visitor->claims;
    if (!claims.lease_key.is_zero()) {
        // A token of a lease may repeat the acceptance of that lease's order, nothing else.
        const auto bound = co_await lease_of(call, std::nullopt);
        if (bound.order != id)
            refuse(403, "wrong_lease", "this token is bound to another lease: log in again for this order");
    }
    auto accepted =
        co_await asker->ask<LeaseInfo>(actors.leases, accept_timeout, accept_atom_v, id, claims.user);
    const auto lease = or_refuse(std::move(accepted));
    auto bound = co_await asker->ask<Session>(actors.auth, ask_timeout, bind_atom_v, claims.user,
                                              lease.lease_key, lease.ends_at);
    const auto session = or_refuse(std::move(bound));
    JsonText json;
    json.begin_object();
    write_members(json, lease);
    json.begin_object("session");
    write_members(json, session);
    json.end_object();
    json.end_object();
    auto reply = json_reply(json.take());
    set_session_cookie(call.request, session, reply.headers);
    co_return reply;
}

Task<ApiReply> GatewayApi::State::list_leases(Call& call) {
    call.query.done();
    const auto claims = call.visitor->claims;
    std::vector<LeaseInfo> leases;
    if (claims.lease_key.is_zero()) {
        auto listed =
            co_await asker->ask<std::vector<LeaseInfo>>(actors.leases, ask_timeout, list_atom_v, claims.user);
        leases = or_refuse(std::move(listed));
    } else {
        auto lease = co_await lease_of(call, std::nullopt);
        leases.push_back(std::move(lease));
    }
    co_return json_reply(json_page("leases", leases, ""));
}

Task<ApiReply> GatewayApi::State::list_apps(Call& call) {
    const auto asked = call.query.hash("lease_key");
    call.query.done();
    const auto claims = call.visitor->claims;
    std::vector<LeaseInfo> leases;
    if (claims.lease_key.is_zero() && !asked) {
        auto listed =
            co_await asker->ask<std::vector<LeaseInfo>>(actors.leases, ask_timeout, list_atom_v, claims.user);
        leases = or_refuse(std::move(listed));
    } else {
        auto lease = co_await lease_of(call, asked);
        leases.push_back(std::move(lease));
    }
    JsonText json;
    json.begin_object();
    json.begin_array("apps");
    for (const auto& lease : leases) {
        for (const auto& app : lease.apps) {
            write_app(json, lease.lease_key, app);
        }
    }
    json.end_array();
    json.end_object();
    co_return json_reply(json.take());
}

Task<ApiReply> GatewayApi::State::deploy(Call& call) {
    call.query.done();
    auto body = JsonObject::parse(call.request.body);
    co_return co_await deploy_with(call, body);
}

Task<ApiReply> GatewayApi::State::deploy_with(Call& call, JsonObject& body) {
    auto request = deploy_request(body);
    std::optional<Hash> asked;
    if (body.has("lease_key")) asked = body.hash("lease_key");
    body.done();
    const auto lease = co_await lease_of(call, asked);
    request.lease_key = lease.lease_key;
    request.user = lease.user;
    if (const auto* key = call.request.header("idempotency-key")) request.idempotency_key = *key;
    auto deployed =
        co_await asker->ask<AppInfo>(actors.leases, deploy_timeout, deploy_atom_v, std::move(request));
    const auto app = or_refuse(std::move(deployed));
    co_return app_reply(lease.lease_key, app);
}

Task<ApiReply> GatewayApi::State::get_app(Call& call) {
    const auto lease = co_await lease_of_app(call);
    co_return app_reply(lease.lease_key, find_app(lease, call.param("app")));
}

Task<ApiReply> GatewayApi::State::remove_app(Call& call) {
    const auto lease = co_await lease_of_app(call);
    const std::string app = find_app(lease, call.param("app")).name;
    auto removed =
        co_await asker->ask<caf::unit_t>(actors.leases, deploy_timeout, remove_atom_v, lease.lease_key, app);
    or_refuse(std::move(removed));
    co_return no_content();
}

Task<ApiReply> GatewayApi::State::open_app(Call& call) {
    take_no_fields(call);
    const auto lease = co_await lease_of_app(call);
    const auto& app = find_app(lease, call.param("app"));
    const auto& claims = call.visitor->claims;
    const auto time = now();
    const auto ends_at = lease.ends_at.seconds == 0 ? claims.expires_at : lease.ends_at;
    const auto token = or_refuse(
        lease::issue_handoff(*sessions->tokens(), claims, lease.lease_key, app.name, time, ends_at));
    JsonText json;
    json.begin_object();
    json.text("url", origin_of(app.url) + std::string(kEnterPath) + "?t=" + token);
    write_time(json, "expires_at", time + lease::kHandoffLife);
    json.end_object();
    co_return json_reply(json.take());
}

/// The other end of open_app(), on the application's host: the one-time token becomes that host's access
/// cookie. A GET, because a browser is sent here; what it changes is the visitor's own cookie, and the token
/// is used up.
Task<ApiReply> GatewayApi::State::on_application_host(Call& call) {
    const auto& route = *call.request.application;
    if (call.request.path != kEnterPath) refuse(404, "not_found", "there is nothing here");
    if (call.request.method != "GET")
        throw Refusal(Problem{405, "method_not_allowed", "this path takes GET", {}, {{"Allow", "GET"}}});
    const auto time = now();
    if (route.ended(time.seconds)) co_return enter_refused(410, "The order that paid for it has ended.");
    const auto token = call.query.text_or("t", "", 1024);
    call.query.done();
    const auto lease_key = or_refuse(Hash::parse("0x" + route.lease_key));
    const auto tokens = sessions->tokens();
    Result<lease::Claims> claims = fail("internal", "");
    {
        const std::lock_guard lock(handoff_mutex);
        claims = handoffs.take(*tokens, token, lease_key, route.app, time, *sessions->epochs());
    }
    if (!claims) co_return enter_refused(status_of(claims.error().code), claims.error().message);
    if (claims->user != route.owner) co_return enter_refused(403, "It belongs to another wallet.");
    const chain::Seconds life{claims->expires_at.seconds - time.seconds};
    ApiReply reply{303, {{"Location", "/"}}, {}};
    reply.headers.emplace_back(
        "Set-Cookie", lease::set_cookie(lease::app_cookie_name(secure_app_cookies), tokens->issue(*claims),
                                        life, secure_app_cookies));
    co_return reply;
}

}  // namespace grid::web
