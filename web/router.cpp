#include "web/router.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "chain/keccak.hpp"
#include "lease/session_cookie.hpp"

namespace grid::web {

namespace {

constexpr std::size_t kMaxIdempotencyKey = 128;

bool is_unsafe(std::string_view method) noexcept {
    return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

bool is_loopback(std::string_view address) noexcept {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool is_json(std::string_view content_type) {
    std::string kind(content_type.substr(0, content_type.find(';')));
    while (!kind.empty() && kind.back() == ' ') kind.pop_back();
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return kind == "application/json";
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

bool has_header(const Headers& headers, std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return header.first == name; });
}

/// Of every answer; a page brings its own Content-Security-Policy in place of this one.
Headers security_headers() {
    return {{"X-Content-Type-Options", "nosniff"},
            {"X-Frame-Options", "DENY"},
            {"Referrer-Policy", "no-referrer"},
            {"Cross-Origin-Resource-Policy", "same-origin"},
            {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
}

void add_cors(Headers& headers, const LocalRequest& request) {
    headers.emplace_back("Access-Control-Allow-Origin", *request.header("origin"));
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
    headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, Idempotency-Replayed");
}

[[noreturn]] void refuse_rate(std::chrono::seconds wait, const char* whom) {
    throw Refusal(Problem{429,
                          "too_many_requests",
                          std::string("too many requests from this ") + whom + "; slow down",
                          {},
                          {{"Retry-After", std::to_string(wait.count())}}});
}

SteadyTime machine_steady_now() {
    return std::chrono::duration_cast<SteadyTime>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

struct Router::Core {
    Core(std::vector<ApiRoute> r, RouterOptions o, Identify i, Handler h)
        : routes(std::move(r)),
          options(std::move(o)),
          identify(std::move(i)),
          on_application_host(std::move(h)),
          guard(options.guard),
          per_client(options.per_client),
          per_wallet(options.per_wallet),
          idempotency(options.idempotency) {}

    const std::vector<ApiRoute> routes;
    const RouterOptions options;
    const Identify identify;
    const Handler on_application_host;
    RequestGuard guard;
    RateLimit per_client;
    RateLimit per_wallet;
    IdempotencyCache idempotency;

    SteadyTime now() const { return options.steady_now ? options.steady_now() : machine_steady_now(); }

    Task<ApiReply> answer(Call& call);
    Task<ApiReply> run(const ApiRoute& route, Call& call);
    ApiReply preflight(const Call& call, const RouteMatch& match, OriginKind origin) const;
    void authorise(const ApiRoute& route, Call& call, OriginKind origin);
    void check_body(const ApiRoute& route, const LocalRequest& request) const;
    void limit_client(const LocalRequest& request, double cost);
    static Detached serve(std::shared_ptr<Core> core, LocalRequest request,
                          std::shared_ptr<LocalReply> reply);
};

Detached Router::Core::serve(std::shared_ptr<Core> core, LocalRequest request,
                             std::shared_ptr<LocalReply> reply) {
    Call call;
    call.request = std::move(request);
    call.reply = reply;
    call.common = security_headers();
    ApiReply answered;
    try {
        answered = co_await core->answer(call);
    } catch (const Refusal& refusal) {
        answered = to_reply(refusal.problem());
    } catch (const std::exception& fault) {
        spdlog::error("{} {}: {}", call.request.method, call.request.path, fault.what());
        answered = to_reply(Problem{500, "internal", "the node failed to answer; its log says why", {}, {}});
    }
    if (answered.status == 0) co_return;  // streamed
    if (answered.status >= 400 && !has_header(call.common, "Cache-Control"))
        call.common.emplace_back("Cache-Control", "no-store");
    for (auto& header : call.common) {
        if (!has_header(answered.headers, header.first)) answered.headers.push_back(std::move(header));
    }
    reply->send(answered.status, std::move(answered.headers), std::move(answered.body));
}

Task<ApiReply> Router::Core::answer(Call& call) {
    const auto& request = call.request;
    if (request.application) {
        if (!on_application_host) refuse(404, "not_found", "there is nothing here");
        limit_client(request, 1);
        call.query = Query::parse(request.query);
        call.common.emplace_back("Cache-Control", "no-store");
        co_return co_await on_application_host(call);
    }
    if (!guard.own_host(request))
        refuse(421, "wrong_host", "this node does not answer to the host name or port of this request");
    const auto origin = guard.origin(request);
    if (origin == OriginKind::tenant)
        refuse(403, "forbidden_origin", "pages of applications may not call this API");
    call.origin = origin;
    if (origin == OriginKind::trusted) add_cors(call.common, request);
    call.common.emplace_back("Vary", "Origin");

    auto match = match_route(routes, request.method, request.path);
    if (match.methods.empty()) {
        limit_client(request, 1);
        refuse(404, "not_found", "there is nothing at this path");
    }
    if (request.method == "OPTIONS") co_return preflight(call, match, origin);
    if (!match.route) {
        throw Refusal(Problem{405,
                              "method_not_allowed",
                              "this path does not take " + request.method,
                              {},
                              {{"Allow", joined(match.methods) + ", OPTIONS"}}});
    }
    const ApiRoute& route = *match.route;
    call.params = std::move(match.params);
    limit_client(request, route.cost);
    authorise(route, call, origin);
    check_body(route, request);
    call.query = Query::parse(request.query);
    if (is_unsafe(request.method) || route.access.kind != Access::Kind::open)
        call.common.emplace_back("Cache-Control", "no-store");
    co_return co_await run(route, call);
}

void Router::Core::limit_client(const LocalRequest& request, double cost) {
    if (is_loopback(request.client) && !options.count_loopback) return;
    if (const auto wait = per_client.take(client_key(request.client), cost, now()))
        refuse_rate(*wait, "address");
}

ApiReply Router::Core::preflight(const Call& call, const RouteMatch& match, OriginKind origin) const {
    ApiReply reply = no_content();
    const auto methods = joined(match.methods) + ", OPTIONS";
    reply.headers.emplace_back("Allow", methods);
    const bool asked = call.request.header("access-control-request-method") != nullptr;
    if (asked && origin == OriginKind::trusted) {
        reply.headers.emplace_back("Access-Control-Allow-Methods", methods);
        reply.headers.emplace_back("Access-Control-Allow-Headers",
                                   "Authorization, Content-Type, Idempotency-Key");
        reply.headers.emplace_back("Access-Control-Max-Age", "600");
    }
    return reply;
}

void Router::Core::authorise(const ApiRoute& route, Call& call, OriginKind origin) {
    using Kind = Access::Kind;
    if (route.access.kind == Kind::open) return;
    auto visitor = identify(call.request);
    if (!visitor) {
        // A session that has ended does not keep anybody from what is open to all; a bad Bearer token is
        // told.
        const bool bearer = call.request.header("authorization") != nullptr;
        if (route.access.kind == Kind::session || bearer) throw Refusal(problem_of(visitor.error()));
        return;
    }
    if (visitor->by_cookie) {
        // The browser sends a cookie whoever made it ask: believe only our own pages and the configured
        // platforms.
        const bool ours = origin == OriginKind::own || origin == OriginKind::trusted;
        const bool needed = is_unsafe(call.request.method);
        if (!ours && (needed || origin != OriginKind::absent))
            refuse(403, "forbidden_origin",
                   origin == OriginKind::absent ? "a write that is authorised by a cookie needs the Origin "
                                                  "header; use Authorization: Bearer"
                                                : "a page of another origin may not use this session");
    }
    call.visitor = std::move(*visitor);
    if (route.access.kind == Kind::session) need_visitor(call, route.access.scope);
    if (const auto wait = per_wallet.take(call.visitor->claims.user.hex(), route.cost, now()))
        refuse_rate(*wait, "wallet");
}

void Router::Core::check_body(const ApiRoute& route, const LocalRequest& request) const {
    if (request.body.size() > route.body_limit)
        refuse(413, "body_too_large",
               route.body_limit == 0
                   ? "this operation takes no body"
                   : "the body has more than " + std::to_string(route.body_limit) + " bytes");
    if (request.body.empty()) return;
    const auto* type = request.header("content-type");
    if (!type || !is_json(*type))
        refuse(415, "wrong_content_type", "expected Content-Type: application/json");
}

Task<ApiReply> Router::Core::run(const ApiRoute& route, Call& call) {
    const auto* client_key_header = call.request.header("idempotency-key");
    if (!client_key_header || !is_unsafe(call.request.method) || !call.visitor)
        co_return co_await route.handler(call);

    if (client_key_header->empty() || client_key_header->size() > kMaxIdempotencyKey)
        refuse_field("Idempotency-Key", "expected 1 to 128 characters");
    const auto& claims = call.visitor->claims;
    const std::string key =
        claims.user.hex() + claims.lease_key.hex() + route.operation + ' ' + *client_key_header;
    const auto request_hash =
        chain::keccak256(chain::as_bytes(call.request.target + '\n' + call.request.body));
    auto verdict = idempotency.begin(key, request_hash, now());
    if (auto* reply = std::get_if<ApiReply>(&verdict)) co_return std::move(*reply);
    if (std::holds_alternative<IdempotencyCache::Running>(verdict))
        refuse(409, "request_in_progress", "the first request with this Idempotency-Key is still under way");
    if (std::holds_alternative<IdempotencyCache::Reused>(verdict))
        refuse(422, "idempotency_key_reused", "this Idempotency-Key was used for another request");
    ApiReply reply;
    try {
        reply = co_await route.handler(call);
    } catch (const Refusal& refusal) {
        reply = to_reply(refusal.problem());
    } catch (...) {
        idempotency.finish(key, nullptr);
        throw;
    }
    idempotency.finish(key, &reply);
    co_return reply;
}

Router::Router(std::vector<ApiRoute> routes, RouterOptions options, Identify identify,
               Handler on_application_host) {
    auto faults = check_routes(routes);
    const bool asks = std::any_of(routes.begin(), routes.end(), [](const ApiRoute& route) {
        return route.access.kind == Access::Kind::session || route.access.kind == Access::Kind::optional;
    });
    if (asks && !identify) faults.push_back("no way to identify visitors");
    if (!faults.empty()) throw std::invalid_argument("routes: " + joined(faults));
    core_ = std::make_shared<Core>(std::move(routes), std::move(options), std::move(identify),
                                   std::move(on_application_host));
}

Router::~Router() = default;

void Router::handle(LocalRequest request, std::shared_ptr<LocalReply> reply) {
    Core::serve(core_, std::move(request), std::move(reply));
}

void Router::set_port(std::uint16_t port) {
    core_->guard.set_port(port);
}

const std::vector<ApiRoute>& Router::routes() const {
    return core_->routes;
}

const Visitor& need_visitor(const Call& call, lease::Scope scope) {
    if (!call.visitor) throw Refusal(problem_of({"no_token", "this needs a session: log in first"}));
    if (!call.visitor->claims.scopes.has(scope))
        refuse(403, "forbidden", "the token lacks the scope \"" + std::string(name_of(scope)) + "\"");
    return *call.visitor;
}

std::string_view name_of(lease::Scope scope) noexcept {
    switch (scope) {
        case lease::Scope::read:
            return "read";
        case lease::Scope::deploy:
            return "deploy";
        case lease::Scope::logs:
            return "logs";
        case lease::Scope::exec:
            return "exec";
        case lease::Scope::restart:
            return "restart";
        case lease::Scope::scale:
            return "scale";
        case lease::Scope::remove:
            return "delete";
        case lease::Scope::share:
            return "share";
        case lease::Scope::proxy:
            return "proxy";
        case lease::Scope::account:
            return "account";
    }
    return "unknown";
}

}  // namespace grid::web
