#include "web/platform_api.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "engine_loopback.hpp"
#include "fake_actors.hpp"
#include "recorded_reply.hpp"
#include "support/file_content.hpp"
#include "web/json.hpp"
#include "web/openapi.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::web;
using test::address_of;
using test::ask;
using test::contains;
using test::file_content;
using test::hash_of;
using test::request_for;

namespace {

struct Fixture {
    std::mutex mutex;
    ProviderQuery provider_query;  ///< the last one that came
    OrderQuery order_query;
    bool chain_down = false;
    test::ActorWorld world;  // ends before what its actors refer to

    static Error fault(std::string code) { return {std::move(code), "why not"}; }

    PlatformActors actors() {
        PlatformActors actors;
        actors.chain = world.spawn<chain_actor>({[this](head_atom) -> caf::result<Head> {
            const std::lock_guard lock(mutex);
            if (chain_down) return to_caf(fault("unavailable"));
            Head head;
            head.number = 12;
            head.hash = hash_of(12);
            head.time = {2000};
            head.pending_time = {2100};
            return head;
        }});
        actors.registry = world.spawn<registry_actor>({
            [](find_atom, const Address& address) -> caf::result<ProviderRow> {
                if (address != address_of(1)) return to_caf(fault("not_found"));
                ProviderRow row;
                row.provider.address = address;
                row.provider.host = "gw.example.org";
                return row;
            },
            [this](list_atom, const ProviderQuery& query) -> caf::result<ProviderPage> {
                const std::lock_guard lock(mutex);
                provider_query = query;
                if (query.cursor == "bad") return to_caf(fault("bad_cursor"));
                ProviderPage page;
                page.rows.resize(1);
                page.rows[0].provider.address = address_of(1);
                page.next_cursor = "next";
                return page;
            },
        });
        actors.orders = world.spawn<order_actor>({
            [](find_atom, const OrderId& id) -> caf::result<OrderRow> {
                if (id.value != 7) return to_caf(fault("not_found"));
                return order();
            },
            [](find_atom, const OrderId& id, std::uint64_t block) -> caf::result<OrderRow> {
                if (block > 100) return to_caf(fault("timeout"));
                if (id.value != 7) return to_caf(fault("not_found"));
                return order();
            },
            [this](list_atom, const OrderQuery& query) -> caf::result<OrderPage> {
                const std::lock_guard lock(mutex);
                order_query = query;
                OrderPage page;
                page.rows.push_back(order());
                return page;
            },
        });
        return actors;
    }

    /// JSON-RPC that answers with what came.
    static RpcPort echo() {
        RpcPort port;
        port.ask = [](std::string body, RpcPort::Reply reply) {
            reply(body == "[]" ? std::string() : "{\"got\":" + body + "}");
            return true;
        };
        return port;
    }

    static OrderRow order() {
        OrderRow row;
        row.order.id = {7};
        row.order.user = address_of(2);
        row.order.resources = {1000, 0, 0, 0};
        row.order.prices.cpu_milli = chain::Amount(3600);
        row.order.deposit = chain::Amount(360000);
        row.order.duration = {360};
        row.order.status = chain::OrderStatus::running;
        row.order.activated_at = {2000};
        row.lease_key = hash_of(7);
        return row;
    }

    std::unique_ptr<PlatformApi> api(PlatformOptions options = {}) {
        auto made = std::make_unique<PlatformApi>(world.system, actors(), std::move(options));
        made->set_port(8090);
        return made;
    }
};

std::set<std::string> operations_of(const std::vector<ApiRoute>& routes) {
    std::set<std::string> out;
    for (const auto& route : routes) out.insert(route.method + " " + route.pattern + " " + route.operation);
    return out;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "the platform lists providers by the filters that were asked for") {
    auto platform = api();
    const auto reply =
        ask(*platform, request_for("GET",
                                   "/v1/providers?cpu_milli=500&memory_mib=256&storage_mib=1&gpus=2&"
                                   "max_hourly=1000000000000000000000&cursor=c1&limit=3"));
    REQUIRE(reply->status() == 200);
    CHECK(reply->header("Content-Type") == "application/json");
    CHECK(contains(*reply, "\"providers\":[{\"address\":\"" + address_of(1).checksummed() + "\""));
    CHECK(contains(*reply, "\"next_cursor\":\"next\""));
    CHECK(provider_query.free == chain::Resources{500, 256, 1, 2});
    CHECK(provider_query.max_hourly == chain::Amount::parse("1000000000000000000000").value());
    CHECK(provider_query.cursor == "c1");
    CHECK(provider_query.limit == 3);
    CHECK(provider_query.active_only);
    ask(*platform, request_for("GET", "/v1/providers?all=true"));
    CHECK_FALSE(provider_query.active_only);
    CHECK_FALSE(provider_query.max_hourly);
}

TEST_CASE_METHOD(Fixture, "the platform lists orders by the filters that were asked for") {
    auto platform = api();
    const auto reply = ask(*platform, request_for("GET", "/v1/orders?user=" + address_of(2).checksummed() +
                                                             "&provider=" + address_of(1).hex() +
                                                             "&status=running&at_least_block=9"));
    REQUIRE(reply->status() == 200);
    CHECK(contains(*reply, "\"orders\":[{\"id\":\"7\""));
    CHECK(contains(*reply, "\"next_cursor\":null"));
    CHECK(order_query.user == address_of(2));
    CHECK(order_query.provider == address_of(1));
    CHECK(order_query.status == chain::OrderStatus::running);
    CHECK(order_query.at_least_block == 9);
    CHECK(order_query.limit == 50);
}

TEST_CASE_METHOD(Fixture, "an order's detail says what it has cost up to now") {
    auto platform = api();
    const auto reply = ask(*platform, request_for("GET", "/v1/orders/7"));
    REQUIRE(reply->status() == 200);
    CHECK(contains(*reply, "\"lease_key\":\"" + hash_of(7).hex() + "\""));
    CHECK(contains(*reply, "\"now\":{\"time\":\"1970-01-01T00:35:00Z\",\"height\":12,\"earned\":\"100000\""));
    CHECK(ask(*platform, request_for("GET", "/v1/orders/7?at_least_block=5"))->status() == 200);
    CHECK(ask(*platform, request_for("GET", "/v1/orders/7?at_least_block=500"))->status() == 504);
    chain_down = true;
    CHECK(ask(*platform, request_for("GET", "/v1/orders/7"))->status() == 503);
}

TEST_CASE_METHOD(Fixture, "bad questions are refused with the name of what is wrong") {
    auto platform = api();
    struct Row {
        const char* target;
        unsigned status;
        const char* code;
        const char* field;
    };
    const Row rows[] = {
        {"/v1/providers?cpu_milli=-1", 400, "bad_query", "cpu_milli"},
        {"/v1/providers?cpu_milli=1.5", 400, "bad_query", "cpu_milli"},
        {"/v1/providers?cpu_milli=0x10", 400, "bad_query", "cpu_milli"},
        {"/v1/providers?cpu_milli=18446744073709551616", 400, "bad_query", "cpu_milli"},
        {"/v1/providers?limit=0", 400, "bad_query", "limit"},
        {"/v1/providers?limit=201", 400, "bad_query", "limit"},
        {"/v1/providers?max_hourly=-5", 400, "bad_query", "max_hourly"},
        {"/v1/providers?max_hourly=1e18", 400, "bad_query", "max_hourly"},
        {"/v1/providers?all=maybe", 400, "bad_query", "all"},
        {"/v1/providers?cursor=bad", 400, "bad_cursor", nullptr},
        {"/v1/providers?colour=red", 400, "bad_query", "colour"},
        {"/v1/providers/0x12", 400, "bad_path", "address"},
        {"/v1/providers/0xAb00000000000000000000000000000000000009", 400, "bad_path",
         "address"},  // bad checksum
        {"/v1/providers/0xab00000000000000000000000000000000000009", 404, "not_found", nullptr},
        {"/v1/orders?status=paid", 400, "bad_query", "status"},
        {"/v1/orders?user=bob", 400, "bad_query", "user"},
        {"/v1/orders/0", 400, "bad_path", "id"},
        {"/v1/orders/07", 400, "bad_path", "id"},
        {"/v1/orders/-7", 400, "bad_path", "id"},
        {"/v1/orders/8", 404, "not_found", nullptr},
        {"/v1/nothing", 404, "not_found", nullptr},
        {"/metrics", 404, "not_found", nullptr},
    };
    for (const auto& row : rows) {
        CAPTURE(row.target);
        const auto reply = ask(*platform, request_for("GET", row.target));
        CHECK(reply->status() == row.status);
        CHECK(reply->header("Content-Type") == "application/problem+json");
        CHECK(contains(*reply, "\"code\":\"" + std::string(row.code) + "\""));
        if (row.field) CHECK(contains(*reply, "\"field\":\"" + std::string(row.field) + "\""));
    }
}

TEST_CASE_METHOD(Fixture, "JSON-RPC is posted as JSON within a bound, and by nothing else") {
    PlatformOptions options;
    options.rpc.port = echo();
    auto platform = api(std::move(options));
    const auto reply = ask(*platform, request_for("POST", "/rpc", {}, "{\"id\":1}"));
    CHECK(reply->status() == 200);
    CHECK(reply->body() == "{\"got\":{\"id\":1}}");
    CHECK(ask(*platform, request_for("POST", "/rpc", {}, "[]"))->status() == 204);
    CHECK(ask(*platform, request_for("GET", "/rpc"))->status() == 405);
    CHECK(ask(*platform, request_for("POST", "/rpc", {{"content-type", "text/plain"}}, "{}"))->status() ==
          415);
    CHECK(ask(*platform, request_for("POST", "/rpc", {}, std::string(1024 * 1024, ' ')))->status() == 200);
    CHECK(ask(*platform, request_for("POST", "/rpc", {}, std::string(1024 * 1024 + 1, ' ')))->status() ==
          413);
    // Wallets' extensions ask from origins of their own; they read without CORS, a page does not.
    const auto foreign =
        ask(*platform, request_for("POST", "/rpc", {{"origin", "chrome-extension://abc"}}, "{\"id\":1}"));
    CHECK(foreign->status() == 200);
    CHECK(foreign->header("Access-Control-Allow-Origin").empty());
}

TEST_CASE_METHOD(Fixture, "the platform tells its health, readiness, version and metrics") {
    PlatformOptions options;
    options.metrics = [] { return std::string("grid_up 1\n"); };
    auto platform = api(std::move(options));
    CHECK(contains(*ask(*platform, request_for("GET", "/v1/health")), "\"status\":\"ok\""));
    CHECK(contains(*ask(*platform, request_for("GET", "/v1/health")), "\"height\":12"));
    CHECK(ask(*platform, request_for("GET", "/readyz"))->status() == 200);
    CHECK(ask(*platform, request_for("GET", "/healthz"))->status() == 200);
    CHECK(contains(*ask(*platform, request_for("GET", "/version")), GRID_VERSION));
    CHECK(ask(*platform, request_for("GET", "/version"))->body() ==
          ask(*platform, request_for("GET", "/v1/version"))->body());
    const auto metrics = ask(*platform, request_for("GET", "/metrics"));
    CHECK(metrics->body() == "grid_up 1\n");
    CHECK(metrics->header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    const auto page = ask(*platform, request_for("GET", "/"));
    CHECK(page->header("Content-Type") == "text/html; charset=utf-8");
    CHECK(page->header("Content-Security-Policy").find("default-src 'none'") == 0);

    chain_down = true;
    CHECK(ask(*platform, request_for("GET", "/readyz"))->status() == 503);
    CHECK(ask(*platform, request_for("GET", "/healthz"))->status() == 200);
    const auto health = ask(*platform, request_for("GET", "/v1/health"));
    CHECK(health->status() == 200);
    CHECK(contains(*health, "\"status\":\"degraded\""));
}

TEST_CASE_METHOD(Fixture, "a question to an actor that is gone or silent is answered in time") {
    PlatformActors some = actors();
    some.registry = registry_actor();
    some.orders = world.spawn<order_actor>({[](list_atom, const OrderQuery&) -> caf::result<OrderPage> {
        return to_caf(fault("unavailable"));
    }});
    PlatformApi platform(world.system, some, {});
    CHECK(ask(platform, request_for("GET", "/v1/providers"))->status() == 503);
    const auto orders = ask(platform, request_for("GET", "/v1/orders"));
    CHECK(orders->status() == 503);
    CHECK(orders->header("Retry-After") == "5");
    const auto rpc = ask(platform, request_for("POST", "/rpc", {}, "{}"));
    CHECK(rpc->status() == 503);
    CHECK(rpc->header("Retry-After") == "5");
}

TEST_CASE_METHOD(Fixture, "requests under way are answered when the platform stops") {
    PlatformActors some = actors();
    some.chain = caf::actor_cast<chain_actor>(world.system.spawn(
        [](caf::event_based_actor* self, caf::unit_t) -> caf::behavior {
            return {[self](head_atom) { return self->make_response_promise(); }};
        },
        caf::unit));
    auto platform = std::make_unique<PlatformApi>(world.system, some, PlatformOptions{});
    auto reply = std::make_shared<test::RecordedReply>();
    platform->handle(request_for("GET", "/readyz"), reply);
    platform.reset();
    reply->wait();
    CHECK(reply->status() == 503);
}

TEST_CASE_METHOD(Fixture, "the OpenAPI document lists exactly the platform's routes") {
    PlatformOptions options;
    options.openapi_yaml = file_content(GRID_SOURCE_DIR "/web/openapi.yaml");
    auto platform = api(std::move(options));
    const auto served = ask(*platform, request_for("GET", "/v1/openapi.json"));
    REQUIRE(served->status() == 200);
    CHECK(contains(*served, "\"openapi\":\"3.1.0\""));
    CHECK_NOTHROW(JsonObject::parse(served->body()).object("paths"));
    // What is not ours is not told.
    CHECK_FALSE(contains(*served, "greetEstimate"));
    for (const auto& route : platform->routes()) {
        CAPTURE(route.pattern);
        auto document = JsonObject::parse(served->body());
        auto method = route.method == "GET" ? "get" : route.method == "POST" ? "post" : "delete";
        CHECK(document.object("paths").object(route.pattern).object(method).text("operationId") ==
              route.operation);
    }
    std::size_t operations = 0;
    for (auto at = served->body().find("\"operationId\""); at != std::string::npos;
         at = served->body().find("\"operationId\"", at + 1))
        ++operations;
    CHECK(operations == platform->routes().size());
    CHECK(operations_of(platform->routes()).size() == operations);

    // Without the file, and with a broken one, a bare document from the routes.
    PlatformOptions broken;
    broken.openapi_yaml = file_content(GRID_SOURCE_DIR "/LICENSE");
    const auto bare = ask(*api(std::move(broken)), request_for("GET", "/v1/openapi.json"));
    CHECK(JsonObject::parse(bare->body()).object("paths").object("/rpc").object("post").text("operationId") ==
          "rpc");
    CHECK_FALSE(openapi_from_yaml("a: [", "platform"));
    CHECK_FALSE(openapi_from_yaml("openapi: 3", "platform"));
}

TEST_CASE_METHOD(Fixture, "the platform answers over a real connection") {
    PlatformOptions options;
    options.rpc.port = echo();
    PlatformApi platform(world.system, actors(), std::move(options));
    HttpServer server({}, platform);
    const auto port = server.listen("127.0.0.1", 0);
    REQUIRE(port);
    platform.set_port(*port);
    server.start(1);
    const auto host = "127.0.0.1:" + std::to_string(*port);
    loopback::Client client(*port);
    client.send("GET /v1/orders/7 HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    const auto order = client.response();
    CHECK(order.find("HTTP/1.1 200") == 0);
    CHECK(order.find("\"earned\":\"100000\"") != std::string::npos);
    client.send("POST /rpc HTTP/1.1\r\nHost: " + host +
                "\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
    CHECK(client.response().find("{\"got\":{\"id\":1}}") != std::string::npos);
    client.send("GET /v1/orders/7 HTTP/1.1\r\nHost: evil.example.org\r\n\r\n");
    CHECK(client.response().find("HTTP/1.1 421") == 0);
    client.send("HEAD / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    CHECK(client.head().find("HTTP/1.1 200") == 0);
    server.stop();
}
