#include "web/service_routes.hpp"

#include "web/json_write.hpp"

namespace grid::web {

namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1c2430;"
    "background:#fff}code,pre{font-family:ui-monospace,monospace;background:#f2f4f7;padding:.1rem .3rem;"
    "border-radius:4px}h1{font-size:1.6rem}a{color:#0b57d0}"
    "@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6e9ee}code,pre{background:#1f2630}"
    "a{color:#8ab4f8}}";

std::string version_json() {
    JsonText json;
    json.begin_object();
    json.text("name", "grid");
    json.text("version", GRID_VERSION);
    json.text("api", "v1");
    json.end_object();
    return json.take();
}

void write_follower(JsonText& json, const FollowerHealth& follower, std::uint64_t height) {
    json.begin_object("follower");
    json.text("state", follower.state);
    json.text("leader", follower.leader);
    json.number("leader_height", follower.leader_height);
    json.number("behind", follower.leader_height - std::min(height, follower.leader_height));
    if (follower.error) {
        json.text("code", follower.error->code);
        json.text("reason", follower.error->message);
    }
    json.end_object();
}

Task<ApiReply> health(const ServiceParts& parts, bool refuse_when_down) {
    const auto head =
        co_await parts.asker->ask<messages::Head>(parts.chain, parts.timeout, messages::head_atom_v);
    std::optional<FollowerHealth> follower;
    if (parts.follower) follower = parts.follower();
    const bool stopped = follower && follower->state == "stopped";
    JsonText json;
    json.begin_object();
    json.text("status", head && !stopped ? "ok" : "degraded");
    json.text("role", parts.role);
    json.text("version", GRID_VERSION);
    if (head) {
        json.begin_object("chain");
        json.number("height", head->number);
        write_hash(json, "hash", head->hash);
        write_time(json, "time", head->time);
        json.end_object();
    } else {
        json.null("chain");
        json.text("reason", head.error().message);
    }
    if (follower) write_follower(json, *follower, head ? head->number : 0);
    if (parts.warnings) {
        json.begin_array("warnings");
        for (const auto& words : parts.warnings()) json.text(words);
        json.end_array();
    }
    json.end_object();
    co_return json_reply(json.take(), head || !refuse_when_down ? 200 : 503);
}

}  // namespace

void add_service_routes(std::vector<ApiRoute>& routes, const ServiceParts& parts) {
    const auto version = [](Call&) -> Task<ApiReply> { co_return json_reply(version_json()); };
    const auto alive = [](Call&) -> Task<ApiReply> { co_return json_reply("{\"status\":\"ok\"}"); };
    const auto v1_health = [parts](Call&) -> Task<ApiReply> { co_return co_await health(parts, false); };
    const auto ready = [parts](Call&) -> Task<ApiReply> { co_return co_await health(parts, true); };
    const auto metrics = [parts](Call&) -> Task<ApiReply> {
        if (!parts.metrics) refuse(404, "not_found", "metrics are not collected here");
        ApiReply reply;
        reply.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        reply.body = parts.metrics();
        co_return reply;
    };
    const auto openapi = [parts](Call&) -> Task<ApiReply> { co_return json_reply(*parts.openapi); };
    const auto open = Access::open();
    routes.push_back({"GET", "/healthz", "healthz", open, 0, 0, alive});
    routes.push_back({"GET", "/readyz", "readyz", open, 0, 0, ready});
    routes.push_back({"GET", "/version", "version", open, 0, 0, version});
    routes.push_back({"GET", "/metrics", "metrics", open, 0, 0, metrics});
    routes.push_back({"GET", "/v1/health", "getHealth", open, 0, 1, v1_health});
    routes.push_back({"GET", "/v1/version", "getVersion", open, 0, 1, version});
    routes.push_back({"GET", "/v1/openapi.json", "getOpenApi", open, 0, 1, openapi});
}

ApiReply html_page(std::string_view title, std::string_view body) {
    ApiReply reply;
    reply.headers = {{"Content-Type", "text/html; charset=utf-8"},
                     {"Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'"}};
    reply.body =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
        escaped_html(title) + "</title><style>" + std::string(kStyle) + "</style></head><body><h1>" +
        escaped_html(title) + "</h1>" + std::string(body) + "</body></html>\n";
    return reply;
}

}  // namespace grid::web
