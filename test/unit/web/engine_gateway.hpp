#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine_loopback.hpp"
#include "lease/route_table.hpp"
#include "lease/session_cookie.hpp"
#include "web/http_server.hpp"
#include "web/proxy/access.hpp"
#include "web/proxy/head.hpp"
#include "web/proxy/rewrite.hpp"

/// A server with applications, for tests of the engine.
namespace loopback {

/// Good: cookie cpuser_0xabc=good, or Bearer good. "other" is a known user who may not.
class FakeAccess : public grid::web::proxy::AccessCheck {
public:
    grid::web::proxy::Access check(const grid::lease::Route&, const grid::web::proxy::RequestHead& head,
                                   std::uint64_t) const override {
        grid::web::proxy::Access access;
        std::string_view cookie;
        for (const auto& one : grid::lease::parse_cookies(head.value("cookie")))
            if (one.name == "cpuser_0xabc") cookie = one.value;
        const auto authorization = head.value("authorization");
        access.strip_authorization = authorization == "Bearer good";
        if (cookie == "good" || access.strip_authorization) {
            access.verdict = grid::web::proxy::Access::Verdict::allowed;
            access.user = "0xAbc";
        } else if (cookie == "other") {
            access.verdict = grid::web::proxy::Access::Verdict::forbidden;
        }
        return access;
    }
};

/// The local side of a gateway: says what it got.
class NamingHandler : public grid::web::LocalHandler {
public:
    void handle(grid::web::LocalRequest request, std::shared_ptr<grid::web::LocalReply> reply) override {
        std::string text = "local " + request.method + " " + request.host + " " + request.path;
        if (request.application) text += " for " + request.application->app;
        reply->send(200, {{"Content-Type", "text/plain"}}, text + "|" + request.body);
    }
};

class Gateway {
public:
    static constexpr const char* kLease = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static constexpr const char* kShort = "00112233445566778899";

    explicit Gateway(grid::web::ServerOptions options = quick()) {
        grid::web::ProxyWiring wiring;
        wiring.apps_domain = "apps.localhost";
        wiring.routes = &routes;
        wiring.access = &access;
        wiring.login_url = "http://localhost/login?app=";
        server = std::make_unique<grid::web::HttpServer>(std::move(options), handler, &wiring);
        const auto bound = server->listen("127.0.0.1", 0);
        if (!bound) throw std::runtime_error(bound.error().message);
        port = *bound;
        server->start(2);
    }

    static grid::web::ServerOptions quick() {
        grid::web::ServerOptions options;
        options.sweep_interval = std::chrono::milliseconds(5);
        return options;
    }

    /// A public application that runs at these ports.
    static grid::lease::Route app(std::string name, std::vector<std::uint16_t> ports) {
        grid::lease::Route route;
        route.app = std::move(name);
        route.lease_key = kLease;
        route.state = grid::lease::RouteState::ready;
        route.is_public = true;
        for (const auto each : ports) route.upstreams.push_back({"127.0.0.1", each});
        return route;
    }

    void publish(std::vector<grid::lease::Route> list) {
        auto table = std::make_shared<grid::lease::RouteTable>();
        for (auto& route : list) {
            route.traffic = routes.traffic(route.lease_key);
            table->add(std::move(route));
        }
        routes.publish(std::move(table));
    }

    static std::string host(const std::string& app) { return app + "--" + kShort + ".apps.localhost"; }
    static std::string request(const std::string& start, const std::string& app,
                               const std::string& lines = "") {
        return start + " HTTP/1.1\r\nHost: " + host(app) + "\r\n" + lines + "\r\n";
    }
    static std::string get(const std::string& app, const std::string& lines = "") {
        return request("GET /", app, lines);
    }

    grid::lease::RoutePublisher routes;
    FakeAccess access;
    NamingHandler handler;
    std::unique_ptr<grid::web::HttpServer> server;
    std::uint16_t port = 0;
};

}  // namespace loopback
