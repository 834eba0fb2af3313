#include "web/gateway_api.hpp"

#include <catch2/catch.hpp>

#include "engine_loopback.hpp"
#include "gateway_world.hpp"
#include "lease/route_table.hpp"
#include "support/file_content.hpp"
#include "web/access.hpp"
#include "web/json.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::web;
using test::address_of;
using test::ask;
using test::contains;
using test::file_content;
using test::GatewayWorld;
using test::is_problem;
using test::request_for;

TEST_CASE_METHOD(GatewayWorld, "the OpenAPI document lists exactly the gateway's routes") {
    GatewayOptions options;
    options.openapi_yaml = file_content(GRID_SOURCE_DIR "/web/openapi.yaml");
    auto gateway = api(std::move(options));
    const auto served = ask(*gateway, request_for("GET", "/v1/openapi.json"));
    REQUIRE(served->status() == 200);
    std::size_t operations = 0;
    for (auto at = served->body().find("\"operationId\""); at != std::string::npos;
         at = served->body().find("\"operationId\"", at + 1))
        ++operations;
    CHECK(operations == gateway->routes().size());
    for (const auto& route : gateway->routes()) {
        CAPTURE(route.method, route.pattern);
        auto document = JsonObject::parse(served->body());
        auto method = route.method == "GET" ? "get" : route.method == "POST" ? "post" : "delete";
        auto operation = document.object("paths").object(route.pattern).object(method);
        CHECK(operation.text("operationId") == route.operation);
        // Who needs no session is told so.
        const bool without =
            served->body().find("\"operationId\":\"" + route.operation + "\"") != std::string::npos &&
            operation.has("security");
        CHECK(without == (route.access.kind != web::Access::Kind::session));
    }
}

TEST_CASE_METHOD(GatewayWorld, "the gateway's own page and state are open to all") {
    auto gateway = api();
    const auto page = ask(*gateway, request_for("GET", "/"));
    CHECK(page->header("Content-Type") == "text/html; charset=utf-8");
    CHECK(contains(*page, address_of(9).checksummed()));
    CHECK(contains(*ask(*gateway, request_for("GET", "/v1/health")), "\"role\":\"gateway\""));
    CHECK_THROWS_AS(GatewayApi(world.system, {}, {}), std::invalid_argument);
    // Who is sent here from a private application signs in; nothing of the link stands in the page.
    const auto sign_in = ask(*gateway, request_for("GET", "/?app=web--<script>alert(1)</script>"));
    CHECK(sign_in->status() == 200);
    CHECK(contains(*sign_in, "<script src=\"/open.js\" defer></script>"));
    CHECK_FALSE(contains(*sign_in, "alert"));
    CHECK(sign_in->header("Content-Security-Policy").find("default-src 'none'") == 0);
    CHECK(sign_in->header("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
    const auto script = ask(*gateway, request_for("GET", "/open.js"));
    CHECK(script->header("Content-Type") == "text/javascript; charset=utf-8");
    CHECK(contains(*script, "personal_sign"));
}

TEST_CASE_METHOD(GatewayWorld, "a page of a tenant's application gets nothing by the visitor's cookie") {
    auto gateway = api();
    const std::string tenant = "http://web--cd000000000000000000.apps.localhost:8090";
    const auto as_tenant = [&](const char* origin) { return cookie(1, token(1), origin); };
    struct Row {
        const char* method;
        const char* target;
        const char* body;
    };
    const Row rows[] = {
        {"GET", "/v1/session", ""},
        {"GET", "/v1/apps", ""},
        {"GET", "/v1/apps/web/logs?lease_key=", ""},
        {"POST", "/v1/apps", R"({"manifest":"x"})"},
        {"POST", "/v1/greet", R"({"type":1,"order":11})"},
        {"POST", "/v1/orders/11/accept", ""},
        {"POST", "/v1/apps/web/open", ""},
        {"DELETE", "/v1/apps/web", ""},
        {"DELETE", "/v1/session", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.method, row.target);
        for (const auto* origin : {tenant.c_str(), "http://evil.example.org", "null"}) {
            const auto reply =
                ask(*gateway, request_for(row.method, row.target, as_tenant(origin), row.body));
            CHECK(is_problem(*reply, 403, "forbidden_origin"));
            CHECK(reply->header("Access-Control-Allow-Origin").empty());
        }
    }
    CHECK(deployed.empty());
    CHECK(accepted.empty());
    CHECK(removed.empty());
    CHECK(logouts == 0);
    CHECK(log_requests.empty());
    // The configured platform's page may.
    CHECK(ask(*gateway, request_for("GET", "/v1/session", as_tenant("http://127.0.0.1:8080")))->status() ==
          200);
}

TEST_CASE_METHOD(GatewayWorld,
                 "the whole way over real connections: log in, open, visit with the application's cookie") {
    loopback::Upstream upstream([](loopback::Wire& wire) {
        while (true) {
            const auto head = wire.head();
            if (head.empty()) return;
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) + "\r\n\r\n" +
                      head);
        }
    });
    lease::RoutePublisher routes;
    auto table = std::make_shared<lease::RouteTable>();
    lease::Route route;
    route.lease_key = lease(1).hex().substr(2);
    route.app = "web";
    route.state = lease::RouteState::ready;
    route.owner = address_of(1);
    route.upstreams = {{"127.0.0.1", upstream.port()}};
    route.traffic = routes.traffic(route.lease_key);
    table->add(route);
    routes.publish(table);

    // The server's clock is the machine's: tokens must be good by it.
    time = {static_cast<std::uint64_t>(std::time(nullptr))};
    auto gateway = api();
    OwnersAccess access(sessions, {"apps.localhost", false});
    ProxyWiring wiring;
    wiring.apps_domain = "apps.localhost";
    wiring.routes = &routes;
    wiring.access = &access;
    HttpServer server({}, *gateway, &wiring);
    const auto port = server.listen("127.0.0.1", 0);
    REQUIRE(port);
    gateway->set_port(*port);
    server.start(1);
    const auto colon_port = ":" + std::to_string(*port);
    const auto app_host = "web--" + route.lease_key.substr(0, 20) + ".apps.localhost";
    loopback::Client client(*port);
    const auto get = [&](const std::string& host, const std::string& target, const std::string& headers) {
        client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + colon_port + "\r\n" + headers + "\r\n");
        return client.response();
    };

    CHECK(get(app_host, "/", "").find("HTTP/1.1 401") == 0);
    const auto session = token(1, 1);
    client.send("POST /v1/apps/web/open HTTP/1.1\r\nHost: 127.0.0.1" + colon_port +
                "\r\nAuthorization: Bearer " + session + "\r\nContent-Length: 0\r\n\r\n");
    const auto opened = client.response();
    REQUIRE(opened.find("HTTP/1.1 200") == 0);
    const auto at = opened.find("/.grid/enter?t=");
    const auto entered = get(app_host, opened.substr(at, opened.find('"', at) - at), "");
    REQUIRE(entered.find("HTTP/1.1 303") == 0);
    const auto cookie_at = entered.find("grid-app=");
    const auto app_cookie = entered.substr(cookie_at, entered.find(';', cookie_at) - cookie_at);
    const auto visited = get(app_host, "/shop?x=1", "Cookie: theme=dark; " + app_cookie + "\r\n");
    CHECK(visited.find("HTTP/1.1 200") == 0);
    CHECK(visited.find("GET /shop?x=1 HTTP/1.1") != std::string::npos);
    CHECK(visited.find("X-Grid-User: " + address_of(1).checksummed()) != std::string::npos);
    CHECK(visited.find("theme=dark") != std::string::npos);
    CHECK(visited.find("grid-app=") == std::string::npos);  // never reaches the application
    // The application's cookie opens nothing at the API, the API's cookie nothing on the application's host.
    CHECK(get("127.0.0.1", "/v1/session", "Cookie: " + app_cookie + "\r\n").find("HTTP/1.1 401") == 0);
    const auto api_cookie = lease::session_cookie_name(address_of(1)) + "=" + session;
    CHECK(get(app_host, "/", "Cookie: " + api_cookie + "\r\n").find("HTTP/1.1 401") == 0);
    // Bearer does, and is not shown to the application.
    const auto tool = get(app_host, "/", "Authorization: Bearer " + session + "\r\n");
    CHECK(tool.find("HTTP/1.1 200") == 0);
    CHECK(tool.find("Authorization") == std::string::npos);
    CHECK(get("127.0.0.1", "/a/" + route.lease_key + "/web/x", "Cookie: " + api_cookie + "\r\n")
              .find("HTTP/1.1 200") == 0);
    client.close();
    server.stop();
}
