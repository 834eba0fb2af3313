// Which request reaches which handler, and what is refused before it.
#include <catch2/catch.hpp>

#include "router_fixture.hpp"

using namespace grid;
using namespace grid::web;
using test::answers;
using test::ask;
using test::is_problem;
using test::request_for;
using test::route;
using test::RouterFixture;

TEST_CASE("a route that does not declare who may use it is refused") {
    auto bad = route("GET", "/v1/things", Access{}, answers("x"));
    CHECK(check_routes({bad}).size() == 1);
    CHECK_THROWS_AS(Router({bad}, {}), std::invalid_argument);
    bad.access = Access::open();
    CHECK(check_routes({bad}).empty());
    CHECK(check_routes({bad, bad}).size() == 2);  // operation and place twice
    bad.body_limit = 10;
    CHECK(check_routes({bad}).size() == 1);
    CHECK(check_routes({route("GET", "/x", Access::open(), nullptr)}).size() == 1);
    CHECK(check_routes({route("PATCH", "/x", Access::open(), answers("x"))}).size() == 1);
    CHECK_THROWS_AS(Router({route("GET", "/x", Access::session(lease::Scope::read), answers("x"))}, {}),
                    std::invalid_argument);
}

TEST_CASE_METHOD(RouterFixture, "paths lead to their handlers segment by segment") {
    auto api = router();
    struct Row {
        const char* path;
        unsigned status;
        const char* body;
    };
    const Row rows[] = {
        {"/", 200, "\"root\""},
        {"/v1/things", 200, "\"things\""},
        {"/v1/things/7", 200, "\"7\""},
        {"/v1/things/newest", 200, "\"newest\""},  // a literal wins over a parameter
        {"/v1/things/a%2Fb", 200, "\"a/b\""},      // an encoded slash does not separate
        {"/v1/%74hings", 200, "\"things\""},
        {"/v1/things/", 404, nullptr},
        {"/v1/things/7/8", 404, nullptr},
        {"/v1//things", 404, nullptr},
        {"/V1/things", 404, nullptr},
        {"/v1/things/..", 404, nullptr},
        {"/v1/things/%2e%2e", 404, nullptr},
        {"/v1/things/%", 404, nullptr},
        {"/v1/things/%4", 404, nullptr},
        {"/v1/things/%zz", 404, nullptr},
        {"/v1/things/a%00b", 404, nullptr},
        {"/v1/things/a%0ab", 404, nullptr},
        {"*", 404, nullptr},
    };
    for (const auto& row : rows) {
        CAPTURE(row.path);
        const auto reply = ask(*api, request_for("GET", row.path));
        CHECK(reply->status() == row.status);
        if (row.body) {
            CHECK(reply->body() == row.body);
        } else {
            CHECK(is_problem(*reply, "not_found"));
        }
    }
}

TEST_CASE_METHOD(RouterFixture, "a method that a path does not take is told which ones it takes") {
    auto api = router();
    const auto reply = ask(*api, request_for("DELETE", "/v1/things"));
    CHECK(reply->status() == 405);
    CHECK(reply->header("Allow") == "GET, HEAD, POST, OPTIONS");
    CHECK(is_problem(*reply, "method_not_allowed"));
    CHECK(ask(*api, request_for("PUT", "/v1/mine"))->status() == 405);
    CHECK(ask(*api, request_for("POST", "/v1/things/7", {{"authorization", "Bearer one"}}))->status() == 405);
    CHECK(ask(*api, request_for("HEAD", "/v1/things"))->status() == 200);
    CHECK(ask(*api, request_for("OPTIONS", "/v1/things"))->header("Allow") == "GET, HEAD, POST, OPTIONS");
    CHECK(writes == 0);
}

TEST_CASE_METHOD(RouterFixture,
                 "every answer bears the security headers, answers to sessions are not stored") {
    auto api = router();
    for (const auto* path : {"/v1/things", "/v1/nothing", "/v1/breaks", "/v1/mine"}) {
        CAPTURE(path);
        const auto reply = ask(*api, request_for("GET", path, {{"authorization", "Bearer one"}}));
        CHECK(reply->header("X-Content-Type-Options") == "nosniff");
        CHECK(reply->header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'");
    }
    CHECK(ask(*api, request_for("GET", "/v1/mine", {{"authorization", "Bearer one"}}))
              ->header("Cache-Control") == "no-store");
    CHECK(ask(*api, request_for("GET", "/v1/things"))->header("Cache-Control").empty());
}

TEST_CASE_METHOD(RouterFixture, "an exception of a handler becomes 500 and tells nothing of the inside") {
    auto api = router();
    const auto reply = ask(*api, request_for("GET", "/v1/breaks"));
    CHECK(reply->status() == 500);
    CHECK(is_problem(*reply, "internal"));
    CHECK(reply->body().find("secret") == std::string::npos);
}

TEST_CASE_METHOD(RouterFixture, "bodies of another type or beyond the limit are refused before the handler") {
    auto api = router();
    const Headers one{{"authorization", "Bearer one"}};
    const auto post = [&](const char* type, std::string body) {
        auto headers = one;
        if (type) headers.emplace_back("content-type", type);
        auto request = request_for("POST", "/v1/things", headers);
        request.body = std::move(body);
        return ask(*api, request);
    };
    CHECK(post("application/json", "{}")->status() == 201);
    CHECK(post("Application/JSON; charset=utf-8", "{}")->status() == 201);
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                             "application/jsonp", "", static_cast<const char*>(nullptr)}) {
        CAPTURE(type ? type : "none");
        const auto reply = post(type, "{}");
        CHECK(reply->status() == 415);
        CHECK(is_problem(*reply, "wrong_content_type"));
    }
    CHECK(post("application/json", std::string(64, ' '))->status() == 201);
    CHECK(is_problem(*post("application/json", std::string(65, ' ')), "body_too_large"));
    CHECK(ask(*api, request_for("GET", "/v1/things", {}, "{}"))->status() == 413);
    CHECK(writes == 3);
}

TEST_CASE_METHOD(RouterFixture, "a broken or unknown query parameter is named") {
    auto api = router();
    for (const auto* query : {"?x=1", "?a=%", "?a=%zz", "?a=%00", "?a=1&a=2"}) {
        CAPTURE(query);
        const auto reply = ask(*api, request_for("GET", std::string("/v1/things/7") + query));
        CHECK(reply->status() == 400);
        CHECK(is_problem(*reply, "bad_query"));
    }
    CHECK(ask(*api, request_for("GET", "/v1/things/7?x=1"))->body().find("\"field\":\"x\"") !=
          std::string::npos);
    CHECK(ask(*api, request_for("GET", "/v1/things/7?&&"))->status() == 200);
}
