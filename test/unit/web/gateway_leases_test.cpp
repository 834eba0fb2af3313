// Leases, the applications on them, and the way into one by browser.
#include <catch2/catch.hpp>

#include "gateway_world.hpp"
#include "lease/handoff.hpp"
#include "lease/route_table.hpp"
#include "web/json.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::web;
using test::address_of;
using test::ask;
using test::contains;
using test::GatewayWorld;
using test::is_problem;
using test::request_for;

TEST_CASE_METHOD(GatewayWorld, "accepting an order answers the lease and a session that is bound to it") {
    auto gateway = api();
    for (const bool greet : {false, true}) {
        const auto reply =
            greet ? ask(*gateway,
                        request_for("POST", "/v1/greet", bearer(token(1)), R"({"type":1,"order":"11"})"))
                  : ask(*gateway, request_for("POST", "/v1/orders/11/accept", bearer(token(1))));
        REQUIRE(reply->status() == 200);
        CHECK(contains(*reply, "\"order\":\"11\""));
        auto body = JsonObject::parse(reply->body());
        auto session = body.object("session");
        CHECK(session.hash("lease_key") == lease(1));
        CHECK(reply->header("Set-Cookie").find(session.text("token")) != std::string::npos);
        const auto claims = sessions->check(session.text("token"), time);
        REQUIRE(claims);
        CHECK(claims->lease_key == lease(1));
    }
    CHECK(accepted == std::vector<std::uint64_t>{11, 11});
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/orders/13/accept", bearer(token(1)))), 403,
                     "not_yours"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/orders/99/accept", bearer(token(1)))), 404,
                     "not_found"));
    accepted.clear();
    for (const auto* path : {"/v1/orders/0/accept", "/v1/orders/x/accept", "/v1/orders/011/accept"})
        CHECK(is_problem(*ask(*gateway, request_for("POST", path, bearer(token(1)))), 400, "bad_path"));
    CHECK(is_problem(
        *ask(*gateway, request_for("POST", "/v1/orders/11/accept", bearer(token(1)), R"({"user":"x"})")), 400,
        "unknown_field"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/orders/11/accept")), 401, "no_token"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/greet", {}, R"({"type":1,"order":11})")), 401,
                     "no_token"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/orders/11/accept",
                                                bearer(token(1, 0, lease::Scope::deploy)))),
                     403, "forbidden"));
    // Bound to lease 1: good for the order of that lease alone.
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/orders/12/accept", bearer(token(1, 1)))), 403,
                     "wrong_lease"));
    CHECK(accepted.empty());
    CHECK(ask(*gateway, request_for("POST", "/v1/orders/11/accept", bearer(token(1, 1))))->status() == 200);
}

TEST_CASE_METHOD(GatewayWorld, "a deployment reaches the lease of its session with what was asked") {
    auto gateway = api();
    const auto deploy = [&](std::string body, Headers headers) {
        return ask(*gateway, request_for("POST", "/v1/apps", std::move(headers), std::move(body)));
    };
    auto headers = bearer(token(1, 1));
    headers.emplace_back("idempotency-key", "k1");
    const auto reply = deploy(R"({"manifest":"kind: Pod","app":"shop","public":true})", headers);
    REQUIRE(reply->status() == 200);
    CHECK(contains(*reply, "\"name\":\"shop\""));
    CHECK(contains(*reply, "\"lease_key\":\"" + lease(1).hex() + "\""));
    REQUIRE(deployed.size() == 1);
    CHECK(deployed[0].lease_key == lease(1));
    CHECK(deployed[0].user == address_of(1));
    CHECK(deployed[0].app == "shop");
    CHECK(deployed[0].source == DeployRequest::Source::inline_yaml);
    CHECK(deployed[0].manifest == "kind: Pod");
    CHECK(deployed[0].is_public);
    CHECK(deployed[0].idempotency_key == "k1");
    CHECK(deploy(R"({"manifest":"kind: Pod","app":"shop","public":true})", headers)
              ->header("Idempotency-Replayed") == "true");
    CHECK(deployed.size() == 1);

    const std::string sha256(64, 'a');
    CHECK(deploy(R"({"url":"https://example.org/a.yaml","sha256":")" + sha256 + "\"}", bearer(token(1, 1)))
              ->status() == 200);
    CHECK(deployed.back().source == DeployRequest::Source::url);
    CHECK(deployed.back().app == "app");
    CHECK(deployed.back().sha256 == sha256);
    CHECK_FALSE(deployed.back().is_public);
    CHECK(ask(*gateway,
              request_for("POST", "/v1/greet", bearer(token(1, 1)), R"({"type":3,"template":"hello"})"))
              ->status() == 200);
    CHECK(deployed.back().source == DeployRequest::Source::template_id);
    CHECK(is_problem(*deploy(R"({"url":"https://example.org/a.yaml","sha256":"ab"})", bearer(token(1, 1))),
                     400, "bad_field"));
    // What is not checked is not taken.
    CHECK(is_problem(*deploy(R"({"manifest":"kind: Pod","sha256":")" + sha256 + "\"}", bearer(token(1, 1))),
                     400, "bad_field"));
    // A session of several leases says which.
    CHECK(is_problem(*deploy(R"({"template":"hello"})", bearer(token(1))), 400, "missing_field"));
    CHECK(deploy("{\"template\":\"hello\",\"lease_key\":\"" + lease(2).hex() + "\"}", bearer(token(1)))
              ->status() == 200);
    CHECK(deployed.back().lease_key == lease(2));
    CHECK(deploy(R"({"template":"hello"})", bearer(token(2)))->status() == 200);
    CHECK(deployed.back().lease_key == lease(3));

    const auto refused = deploy(R"({"manifest":"privileged"})", bearer(token(1, 1)));
    CHECK(is_problem(*refused, 422, "policy"));
    CHECK(contains(*refused, "securityContext.privileged"));
    CHECK(ask(*gateway, request_for("POST", "/v1/greet", {}, R"({"type":3,"template":"hello"})"))->status() ==
          401);
}

TEST_CASE_METHOD(GatewayWorld, "a deployment that is not right in every field reaches nobody") {
    auto gateway = api();
    struct Row {
        std::string body;
        unsigned status;
        const char* code;
    };
    const Row rows[] = {
        {"{}", 400, "missing_field"},
        {R"({"manifest":"a","url":"http://b"})", 400, "bad_field"},
        {R"({"manifest":""})", 400, "bad_field"},
        {R"({"manifest":7})", 400, "bad_field"},
        {R"({"manifest":"a","app":"Shop"})", 400, "bad_field"},
        {R"({"manifest":"a","app":"../x"})", 400, "bad_field"},
        {R"({"manifest":"a","app":"a123456789012345678901234567890123"})", 400, "bad_field"},
        {R"({"manifest":"a","public":"yes"})", 400, "bad_field"},
        {R"({"manifest":"a","namespace":"kube-system"})", 400, "unknown_field"},
        {R"({"manifest":"a","lease_key":"1"})", 400, "bad_field"},
        {R"({"manifest":"a","user":"0x1"})", 400, "unknown_field"},
        {"{\"manifest\":\"" + std::string(1024 * 1024 + 1, 'a') + "\"}", 400, "bad_field"},
        {"{\"manifest\":\"" + std::string(2 * 1024 * 1024, 'a') + "\"}", 413, "body_too_large"},
        {"{\"manifest\":\"a\",\"lease_key\":\"" + lease(2).hex() + "\"}", 403, "wrong_lease"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.body.substr(0, 100));
        CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/apps", bearer(token(1, 1)), row.body)),
                         row.status, row.code));
    }
    // Somebody else's lease is not even known to be there.
    const auto foreign = "{\"manifest\":\"a\",\"lease_key\":\"" + lease(3).hex() + "\"}";
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/apps", bearer(token(1)), foreign)), 404,
                     "not_found"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/apps", bearer(token(1, 3)), foreign)), 404,
                     "not_found"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/apps", bearer(token(1, 1, lease::Scope::read)),
                                                R"({"manifest":"a"})")),
                     403, "forbidden"));
    CHECK(deployed.empty());
}

TEST_CASE_METHOD(GatewayWorld,
                 "leases and applications are shown and removed within the session's own lease") {
    auto gateway = api();
    const auto get = [&](const std::string& target, std::string with) {
        return ask(*gateway, request_for("GET", target, bearer(std::move(with))));
    };
    const auto all = get("/v1/leases", token(1));
    CHECK(contains(*all, lease(1).hex()));
    CHECK(contains(*all, lease(2).hex()));
    CHECK_FALSE(contains(*all, lease(3).hex()));
    const auto bound = get("/v1/leases", token(1, 1));
    CHECK(contains(*bound, lease(1).hex()));
    CHECK_FALSE(contains(*bound, lease(2).hex()));
    const auto apps = get("/v1/apps", token(1));
    CHECK(contains(*apps, lease(2).hex()));
    CHECK_FALSE(contains(*get("/v1/apps", token(1, 1)), lease(2).hex()));
    CHECK(is_problem(*get("/v1/apps?lease_key=" + lease(2).hex(), token(1, 1)), 403, "wrong_lease"));
    CHECK(contains(*get("/v1/apps/web", token(1, 1)), "\"state\":\"ready\""));
    CHECK(is_problem(*get("/v1/apps/web", token(1)), 400, "missing_field"));
    CHECK(get("/v1/apps/web?lease_key=" + lease(2).hex(), token(1))->status() == 200);
    // Of somebody else's lease nothing is told, not even that there is one.
    const auto foreign = get("/v1/apps/web?lease_key=" + lease(3).hex(), token(1));
    CHECK(is_problem(*foreign, 404, "not_found"));
    CHECK(get("/v1/apps/web?lease_key=" + lease(77).hex(), token(1))->body() == foreign->body());
    CHECK(is_problem(*get("/v1/apps/shop", token(1, 1)), 404, "not_found"));
    CHECK(contains(*get("/v1/apps/shop", token(1, 1)), "known: web"));
    CHECK(is_problem(*get("/v1/apps/UPPER", token(1, 1)), 404, "not_found"));
    CHECK(is_problem(*get("/v1/leases", token(1, 0, lease::Scope::proxy)), 403, "forbidden"));

    CHECK(ask(*gateway, request_for("DELETE", "/v1/apps/shop", bearer(token(1, 1))))->status() == 404);
    CHECK(ask(*gateway, request_for("DELETE", "/v1/apps/web", bearer(token(1, 1, lease::Scope::deploy))))
              ->status() == 403);
    CHECK(removed.empty());
    CHECK(ask(*gateway, request_for("DELETE", "/v1/apps/web", bearer(token(1, 1))))->status() == 204);
    CHECK(removed == std::vector<std::string>{"web"});
}

TEST_CASE_METHOD(GatewayWorld, "a session of a lease dies with it") {
    auto gateway = api();
    const auto status = [&](std::string with) {
        return ask(*gateway, request_for("GET", "/v1/session", bearer(std::move(with))))->status();
    };
    CHECK(status(token(1, 1)) == 200);
    state_of_first = LeaseState::ending;  // as the leases say
    CHECK(status(token(1, 1)) == 401);
    CHECK(is_problem(
        *ask(*gateway, request_for("POST", "/v1/apps", bearer(token(1, 1)), R"({"manifest":"a"})")), 401,
        "revoked_token"));
    CHECK(status(token(1, 2)) == 200);
    CHECK(status(token(1)) == 200);
    CHECK(status(token(1, 77)) == 401);  // of a lease that nobody knows
    state_of_first = LeaseState::ready;
    sessions->end(lease(1));  // as published at once
    CHECK(status(token(1, 1)) == 401);
    CHECK(deployed.empty());
}

TEST_CASE_METHOD(GatewayWorld,
                 "an application is opened by a link that is good once, there and nowhere else") {
    auto gateway = api();
    auto route = std::make_shared<lease::Route>();
    route->lease_key = lease(1).hex().substr(2);
    route->app = "web";
    route->owner = address_of(1);
    route->ends_at = kNow + 3600;
    const auto open = [&](Headers headers) {
        return ask(*gateway, request_for("POST", "/v1/apps/web/open", std::move(headers)));
    };
    const auto enter = [&](const std::string& target, std::shared_ptr<const lease::Route> at) {
        auto request = request_for("GET", target);
        request.host = "web--" + at->lease_key.substr(0, 20) + ".apps.localhost";
        request.application = at;
        return ask(*gateway, request);
    };
    const auto link = [&] {
        const auto reply = open(cookie(1, token(1, 1)));
        REQUIRE(reply->status() == 200);
        const auto url = JsonObject::parse(reply->body()).text("url");
        const std::string start = "http://web--" + route->lease_key.substr(0, 20) + ".apps.localhost:8090";
        REQUIRE(url.find(start + "/.grid/enter?t=") == 0);
        return url.substr(start.size());
    };

    const auto first = link();
    const auto entered = enter(first, route);
    REQUIRE(entered->status() == 303);
    CHECK(entered->header("Location") == "/");
    CHECK(entered->header("Cache-Control") == "no-store");
    const auto set = entered->header("Set-Cookie");
    REQUIRE(set.find("grid-app=") == 0);
    CHECK(set.find("HttpOnly") != std::string::npos);
    CHECK(set.find("Domain") == std::string::npos);
    const auto access = sessions->check(set.substr(9, set.find(';') - 9), time);
    REQUIRE(access);
    CHECK(access->audience == lease::Audience::app_host);
    CHECK(access->lease_key == lease(1));
    CHECK(access->app == "web");
    CHECK(access->scopes == lease::Scopes(lease::Scope::proxy));

    CHECK(enter(first, route)->status() == 401);  // once
    auto other_app = std::make_shared<lease::Route>(*route);
    other_app->app = "shop";
    CHECK(enter(link(), other_app)->status() == 401);
    auto other_lease = std::make_shared<lease::Route>(*route);
    other_lease->lease_key = lease(2).hex().substr(2);
    CHECK(enter(link(), other_lease)->status() == 401);
    auto other_owner = std::make_shared<lease::Route>(*route);
    other_owner->owner = address_of(2);
    CHECK(enter(link(), other_owner)->status() == 403);
    auto ended = std::make_shared<lease::Route>(*route);
    ended->state = lease::RouteState::ended;
    CHECK(enter(link(), ended)->status() == 410);
    const auto late = link();
    time.seconds += 61;
    CHECK(enter(late, route)->status() == 401);
    CHECK(enter("/.grid/enter", route)->status() == 401);
    CHECK(enter("/.grid/enter?t=" + token(1, 1), route)->status() == 401);  // a session is no handoff
    CHECK(enter("/.grid/other", route)->status() == 404);
    CHECK(enter("/.grid/enter?t=a&next=http://evil.example.org", route)->status() == 400);

    CHECK(open(bearer(token(1, 1, lease::Scope::read)))->status() == 403);
    CHECK(open(bearer(token(2, 0)))->status() == 200);  // his own lease 3
    CHECK(open(bearer(token(2, 1)))->status() == 404);  // a token that no honest gateway issues
    CHECK(open({})->status() == 401);
    // The API is not served on an application's host.
    auto api_there = request_for("GET", "/v1/session", bearer(token(1)));
    api_there.application = route;
    CHECK(ask(*gateway, api_there)->status() == 404);
}
