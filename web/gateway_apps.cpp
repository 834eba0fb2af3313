// What is asked of an application that was deployed: changes, its state in detail, events, logs, commands.
#include "web/exec_stream.hpp"
#include "web/gateway_state.hpp"
#include "web/log_stream.hpp"
#include "web/web_socket_handshake.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::uint64_t kMaxTail = 100'000;
constexpr std::uint64_t kMaxReplicas = 1'000;

}  // namespace

Task<ApiReply> GatewayApi::State::change_app(Call& call, ChangeRequest request) {
    const auto lease = co_await lease_of_app(call);
    request.app = find_app(lease, call.param("app")).name;
    request.lease_key = lease.lease_key;
    request.user = lease.user;
    if (const auto* key = call.request.header("idempotency-key")) request.idempotency_key = *key;
    auto changed =
        co_await asker->ask<AppInfo>(actors.leases, deploy_timeout, change_atom_v, std::move(request));
    const auto app = or_refuse(std::move(changed));
    co_return app_reply(lease.lease_key, app);
}

Task<ApiReply> GatewayApi::State::restart_app(Call& call) {
    take_no_fields(call);
    ChangeRequest request;
    request.verb = ChangeRequest::Verb::restart;
    co_return co_await change_app(call, std::move(request));
}

Task<ApiReply> GatewayApi::State::stop_app(Call& call) {
    take_no_fields(call);
    ChangeRequest request;
    request.verb = ChangeRequest::Verb::stop;
    co_return co_await change_app(call, std::move(request));
}

Task<ApiReply> GatewayApi::State::start_app(Call& call) {
    take_no_fields(call);
    ChangeRequest request;
    request.verb = ChangeRequest::Verb::start;
    co_return co_await change_app(call, std::move(request));
}

Task<ApiReply> GatewayApi::State::scale_app(Call& call) {
    auto body = JsonObject::parse(call.request.body);
    ChangeRequest request;
    request.verb = ChangeRequest::Verb::scale;
    request.workload = body.text_or("workload", "", 253);
    request.replicas = static_cast<std::uint32_t>(body.integer("replicas", 0, kMaxReplicas));
    body.done();
    co_return co_await change_app(call, std::move(request));
}

Task<ApiReply> GatewayApi::State::app_status(Call& call) {
    const auto lease = co_await lease_of_app(call);
    const std::string app = find_app(lease, call.param("app")).name;
    auto asked =
        co_await asker->ask<AppDetail>(actors.leases, 2 * ask_timeout, status_atom_v, lease.lease_key, app);
    const auto detail = or_refuse(std::move(asked));
    co_return app_reply(lease.lease_key, detail);
}

Task<ApiReply> GatewayApi::State::app_events(Call& call) {
    const auto lease = co_await lease_of_app(call);
    const std::string app = find_app(lease, call.param("app")).name;
    auto asked = co_await asker->ask<std::vector<AppEvent>>(actors.leases, 2 * ask_timeout, events_atom_v,
                                                            lease.lease_key, app);
    const auto events = or_refuse(std::move(asked));
    JsonText json;
    json.begin_object();
    json.begin_array("events");
    for (const auto& event : events) {
        json.begin_object();
        write_members(json, event);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    co_return json_reply(json.take());
}

Task<LeaseInfo> GatewayApi::State::lease_of_log(Call& call) {
    const auto asked = call.query.hash("lease_key");
    const auto order = call.query.integer_or("order", 0, 1);
    call.query.done();
    if (order == 0) co_return co_await lease_of(call, asked);
    if (asked) refuse_field("order", "expected lease_key or order, not both", "bad_query");
    auto found = co_await asker->ask<LeaseInfo>(actors.leases, ask_timeout, find_atom_v, OrderId{order},
                                                call.visitor->claims.user);
    const auto lease = or_refuse(std::move(found));
    co_return co_await lease_of(call, lease.lease_key);
}

std::function<bool()> GatewayApi::State::still_allowed(const Call& call) {
    // Only what tells who asks is kept of the request.
    LocalRequest proof;
    proof.headers = call.request.headers;
    return [this, state = weak_from_this(), proof] {
        const auto alive = state.lock();
        return alive && identify(proof).has_value();
    };
}

Task<ApiReply> GatewayApi::State::logs(Call& call) {
    LogRequest request;
    request.app = app_of(call);
    request.follow = call.query.flag_or("follow", false);
    request.previous = call.query.flag_or("previous", false);
    request.tail = static_cast<std::uint32_t>(call.query.integer_or("tail", 100, 0, kMaxTail));
    request.workload = call.query.text_or("workload", "", 253);
    const auto lease = co_await lease_of_log(call);
    if (!is_over(lease)) find_app(lease, request.app);
    request.lease_key = lease.lease_key;
    const LogStream stream{actors.leases, std::move(call.common), still_allowed(call), check_sessions};
    stream.send(system, std::move(request), call.reply);
    co_return ApiReply{0, {}, {}};
}

// Whoever has the token may run commands, so it must not be one that a browser sends for others.
Task<ApiReply> GatewayApi::State::exec(Call& call) {
    if (call.visitor->by_cookie)
        refuse(403, "needs_bearer", "commands are authorised by Authorization: Bearer, not by a cookie");
    if (call.origin == OriginKind::foreign)
        refuse(403, "forbidden_origin", "pages of this origin may not run commands here");
    auto key = web_socket_key(call.request);
    if (!key) throw Refusal(std::move(key.error()));
    const auto lease = co_await lease_of_app(call);
    const std::string app = find_app(lease, call.param("app")).name;
    if (is_over(lease)) refuse(410, "ended", "the order of this lease has ended");
    const ExecStream stream{actors.leases, lease.lease_key, app, still_allowed(call), check_sessions};
    WebSocketUpgrade upgrade;
    upgrade.key = std::move(*key);
    upgrade.options = ExecStream::options();
    upgrade.open = [stream, home = &system](const std::shared_ptr<WebSocket>& client) {
        return stream.open(*home, client);
    };
    call.reply->upgrade(std::move(upgrade));
    co_return ApiReply{0, {}, {}};
}

}  // namespace grid::web
