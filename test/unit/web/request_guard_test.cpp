// Whom the API answers: hosts, origins, tokens and scopes.
#include <catch2/catch.hpp>

#include "router_fixture.hpp"

using namespace grid;
using namespace grid::web;
using test::ask;
using test::is_problem;
using test::request_for;
using test::RouterFixture;

namespace {

constexpr const char* kOwnOrigin = "http://127.0.0.1:8090";

}  // namespace

TEST_CASE_METHOD(RouterFixture, "only our own host names with our port are answered") {
    auto with = options();
    with.guard.hosts = {"gateway.example.org"};
    auto api = router(with);
    struct Row {
        const char* host;
        std::uint16_t port;
        bool ours;
    };
    const Row rows[] = {
        {"127.0.0.1", 8090, true},
        {"localhost", 8090, true},
        {"[::1]", 8090, true},
        {"gateway.example.org", 8090, true},
        {"127.0.0.1", 8091, false},
        {"127.0.0.1", 0, false},
        {"evil.example.org", 8090, false},
        {"", 8090, false},
        {"127.0.0.1.example.org", 8090, false},
        {"gateway.example.org.", 8090, false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.host, row.port);
        auto request = request_for("GET", "/v1/things");
        request.host = row.host;
        request.port = row.port;
        const auto reply = ask(*api, request);
        CHECK(reply->status() == (row.ours ? 200 : 421));
        if (!row.ours) CHECK(is_problem(*reply, "wrong_host"));
    }
}

TEST_CASE_METHOD(RouterFixture, "behind a TLS front of ours the front's port is ours too") {
    auto with = options();
    with.guard.hosts = {"gateway.example.org"};
    auto api = router(with);
    auto request = request_for("GET", "/v1/things");
    request.host = "gateway.example.org";
    request.port = 0;
    CHECK(ask(*api, request)->status() == 421);
    request.https = true;
    CHECK(ask(*api, request)->status() == 200);
    request.port = 443;
    CHECK(ask(*api, request)->status() == 200);
    request.port = 444;
    CHECK(ask(*api, request)->status() == 421);
    // Or as configured.
    with.guard.ports = {444};
    api = router(with);
    CHECK(ask(*api, request)->status() == 200);
    request.port = 443;
    CHECK(ask(*api, request)->status() == 421);
}

TEST_CASE_METHOD(RouterFixture, "tokens and scopes are asked for as the table declares") {
    auto api = router();
    const auto mine = [&](Headers headers) { return ask(*api, request_for("GET", "/v1/mine", headers)); };
    CHECK(mine({})->status() == 401);
    CHECK(mine({})->header("WWW-Authenticate") == "Bearer realm=\"grid\"");
    CHECK(is_problem(*mine({}), "no_token"));
    CHECK(is_problem(*mine({{"authorization", "Bearer forged"}}), "bad_token"));
    CHECK(mine({{"authorization", "Bearer reader"}})->status() == 200);
    CHECK(mine({{"cookie", "s=one"}})->status() == 200);

    const auto write =
        ask(*api, request_for("POST", "/v1/things", {{"authorization", "Bearer reader"}}, "{}"));
    CHECK(write->status() == 403);
    CHECK(is_problem(*write, "forbidden"));
    CHECK(writes == 0);

    // Open to all, but a bad Bearer token is told rather than passed over.
    CHECK(ask(*api, request_for("POST", "/v1/maybe", {}, "{}"))->status() == 200);
    CHECK(ask(*api, request_for("POST", "/v1/maybe", {{"cookie", "s=old"}}, "{}"))->status() == 200);
    CHECK(ask(*api, request_for("POST", "/v1/maybe", {{"authorization", "Bearer forged"}}, "{}"))->status() ==
          401);
}

TEST_CASE_METHOD(RouterFixture, "a write that is authorised by a cookie needs an Origin of ours") {
    auto api = router();
    struct Row {
        const char* origin;
        bool ours;
    };
    const Row rows[] = {
        {kOwnOrigin, true},
        {"http://market.example.org", true},
        {nullptr, false},
        {"null", false},
        {"http://evil.example.org", false},
        {"https://127.0.0.1:8090", false},
        {"http://127.0.0.1", false},
        {"http://127.0.0.1:8091", false},
        {"http://localhost:8090", false},  // not the host that was asked
        {"http://market.example.org:81", false},
        {"http://market.example.org.evil.org", false},
        {"http://web--aabbccddeeff00112233.apps.localhost:8090", false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.origin ? row.origin : "none");
        writes = 0;
        Headers headers{{"cookie", "s=one"}};
        if (row.origin) headers.emplace_back("origin", row.origin);
        const auto reply = ask(*api, request_for("POST", "/v1/things", headers, "{}"));
        CHECK(reply->status() == (row.ours ? 201 : 403));
        CHECK(writes == (row.ours ? 1 : 0));
        if (!row.ours) CHECK(is_problem(*reply, "forbidden_origin"));
    }
    // A Bearer token is not sent by a browser on its own.
    CHECK(ask(*api, request_for("POST", "/v1/things", {{"authorization", "Bearer one"}}, "{}"))->status() ==
          201);
    CHECK(
        ask(*api, request_for("POST", "/v1/things",
                              {{"authorization", "Bearer one"}, {"origin", "http://tool.example.org"}}, "{}"))
            ->status() == 201);
    // Two Origin headers are nobody's.
    CHECK(ask(*api, request_for("POST", "/v1/things",
                                {{"cookie", "s=one"}, {"origin", kOwnOrigin}, {"origin", kOwnOrigin}}, "{}"))
              ->status() == 403);
}

TEST_CASE_METHOD(RouterFixture, "a tenant's page gets nothing from the API, with or without a cookie") {
    auto api = router();
    const std::string tenant = "http://web--aabbccddeeff00112233.apps.localhost:8090";
    for (const auto* path : {"/v1/mine", "/v1/things"}) {
        for (const Headers& headers :
             {Headers{{"origin", tenant}, {"cookie", "s=one"}}, Headers{{"origin", tenant}}}) {
            const auto reply = ask(*api, request_for("GET", path, headers));
            CHECK(reply->status() == 403);
            CHECK(is_problem(*reply, "forbidden_origin"));
            CHECK(reply->header("Access-Control-Allow-Origin").empty());
        }
    }
}

TEST_CASE_METHOD(RouterFixture, "browsers of configured platforms alone may read across origins") {
    auto api = router();
    const auto trusted = ask(*api, request_for("OPTIONS", "/v1/things",
                                               {{"origin", "http://market.example.org"},
                                                {"access-control-request-method", "POST"}}));
    CHECK(trusted->status() == 204);
    CHECK(trusted->header("Access-Control-Allow-Origin") == "http://market.example.org");
    CHECK(trusted->header("Access-Control-Allow-Methods") == "GET, HEAD, POST, OPTIONS");
    CHECK(trusted->header("Vary") == "Origin");
    const auto foreign =
        ask(*api,
            request_for("OPTIONS", "/v1/things",
                        {{"origin", "http://evil.example.org"}, {"access-control-request-method", "POST"}}));
    CHECK(foreign->header("Access-Control-Allow-Origin").empty());
    CHECK(foreign->header("Access-Control-Allow-Methods").empty());
    // What is open to all is answered, but the page of a stranger can not read it.
    const auto read = ask(*api, request_for("GET", "/v1/things", {{"origin", "http://evil.example.org"}}));
    CHECK(read->status() == 200);
    CHECK(read->header("Access-Control-Allow-Origin").empty());
    // Refusals can be read by the platform as well.
    CHECK(ask(*api, request_for("GET", "/v1/mine", {{"origin", "http://market.example.org"}}))
              ->header("Access-Control-Allow-Origin") == "http://market.example.org");
}
