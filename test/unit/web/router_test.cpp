#include "web/router.hpp"

#include <catch2/catch.hpp>

#include "recorded_reply.hpp"

using namespace grid;
using namespace grid::web;
using test::ask;
using test::request_for;

namespace {

constexpr const char* kOwnOrigin = "http://127.0.0.1:8090";

chain::Address user_of(std::uint8_t last) {
    chain::Address address;
    address.bytes[19] = last;
    return address;
}

Handler answers(std::string text) {
    return [text](Call&) -> Task<ApiReply> { co_return json_reply("\"" + text + "\""); };
}

ApiRoute route(std::string method, std::string pattern, Access access, Handler handler,
               std::size_t body_limit = 0) {
    auto operation = method + pattern;
    return {std::move(method), std::move(pattern), std::move(operation), access, body_limit, 1,
            std::move(handler)};
}

/// Two routes open to all, one that reads the parameter, writes that need a session.
struct Fixture {
    int writes = 0;
    SteadyTime time{0};

    std::vector<ApiRoute> routes() {
        auto write = [this](Call&) -> Task<ApiReply> {
            ++writes;
            co_return json_reply("{\"write\":" + std::to_string(writes) + "}", 201);
        };
        auto breaks = [](Call&) -> Task<ApiReply> {
            throw std::runtime_error("secret of the inside");
            co_return ApiReply{};
        };
        auto parameter = [](Call& call) -> Task<ApiReply> {
            call.query.done();
            co_return json_reply("\"" + call.param("id") + "\"");
        };
        auto conflict = [this](Call&) -> Task<ApiReply> {
            ++writes;
            refuse(409, "wrong_state", "the order is not running");
            co_return ApiReply{};
        };
        auto fails = [this](Call&) -> Task<ApiReply> {
            ++writes;
            refuse(503, "unavailable", "later");
            co_return ApiReply{};
        };
        return {route("GET", "/", Access::open(), answers("root")),
                route("GET", "/v1/things", Access::open(), answers("things")),
                route("POST", "/v1/things", Access::session(lease::Scope::deploy), write, 64),
                route("GET", "/v1/things/{id}", Access::open(), parameter),
                route("DELETE", "/v1/things/{id}", Access::session(lease::Scope::remove), write),
                route("GET", "/v1/things/newest", Access::open(), answers("newest")),
                route("GET", "/v1/mine", Access::session(lease::Scope::read), answers("mine")),
                route("POST", "/v1/maybe", Access::optional(), answers("maybe"), 64),
                route("POST", "/v1/conflict", Access::session(lease::Scope::deploy), conflict, 64),
                route("POST", "/v1/fails", Access::session(lease::Scope::deploy), fails, 64),
                route("GET", "/v1/breaks", Access::open(), breaks)};
    }

    RouterOptions options() {
        RouterOptions options;
        options.guard.origins = {"http://market.example.org"};
        options.guard.apps_domain = "apps.localhost";
        options.steady_now = [this] { return time; };
        return options;
    }

    /// "Bearer one" is user 1 with every scope, "Bearer two" user 2, "Bearer reader" user 3 who may only
    /// read; the cookie "s=one" is user 1.
    static Result<Visitor> identify(const LocalRequest& request) {
        Visitor visitor;
        visitor.claims.scopes = lease::Scopes::all();
        if (const auto* bearer = request.header("authorization")) {
            if (*bearer == "Bearer one") {
                visitor.claims.user = user_of(1);
            } else if (*bearer == "Bearer two") {
                visitor.claims.user = user_of(2);
            } else if (*bearer == "Bearer reader") {
                visitor.claims.user = user_of(3);
                visitor.claims.scopes = lease::Scope::read;
            } else {
                return fail("bad_token", "this token is not ours");
            }
            return visitor;
        }
        const auto* cookie = request.header("cookie");
        if (!cookie) return fail("no_token", "no session came with the request");
        if (*cookie != "s=one") return fail("bad_token", "this token is not ours");
        visitor.claims.user = user_of(1);
        visitor.by_cookie = true;
        return visitor;
    }

    std::unique_ptr<Router> router(RouterOptions with) {
        auto made = std::make_unique<Router>(routes(), std::move(with), &Fixture::identify);
        made->set_port(8090);
        return made;
    }
    std::unique_ptr<Router> router() { return router(options()); }
};

bool is_problem(const test::RecordedReply& reply, const std::string& code) {
    return reply.header("Content-Type") == "application/problem+json" &&
           reply.body().find("\"code\":\"" + code + "\"") != std::string::npos &&
           reply.body().find("\"status\":" + std::to_string(reply.status())) != std::string::npos;
}

}  // namespace

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

TEST_CASE_METHOD(Fixture, "paths lead to their handlers segment by segment") {
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

TEST_CASE_METHOD(Fixture, "a method that a path does not take is told which ones it takes") {
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

TEST_CASE_METHOD(Fixture, "every answer bears the security headers, answers to sessions are not stored") {
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

TEST_CASE_METHOD(Fixture, "an exception of a handler becomes 500 and tells nothing of the inside") {
    auto api = router();
    const auto reply = ask(*api, request_for("GET", "/v1/breaks"));
    CHECK(reply->status() == 500);
    CHECK(is_problem(*reply, "internal"));
    CHECK(reply->body().find("secret") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "only our own host names with our port are answered") {
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

TEST_CASE_METHOD(Fixture, "behind a TLS front of ours the front's port is ours too") {
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

TEST_CASE_METHOD(Fixture, "tokens and scopes are asked for as the table declares") {
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

TEST_CASE_METHOD(Fixture, "a write that is authorised by a cookie needs an Origin of ours") {
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

TEST_CASE_METHOD(Fixture, "a tenant's page gets nothing from the API, with or without a cookie") {
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

TEST_CASE_METHOD(Fixture, "browsers of configured platforms alone may read across origins") {
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

TEST_CASE_METHOD(Fixture, "bodies of another type or beyond the limit are refused before the handler") {
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

TEST_CASE_METHOD(Fixture, "a broken or unknown query parameter is named") {
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

TEST_CASE_METHOD(Fixture, "a client that asks too often is told when to come back") {
    auto with = options();
    with.per_client = {1, 2, 16};
    auto api = router(with);
    const auto from = [&](const char* address) {
        auto request = request_for("GET", "/v1/things");
        request.client = address;
        return ask(*api, request);
    };
    CHECK(from("198.51.100.1")->status() == 200);
    CHECK(from("198.51.100.1")->status() == 200);
    const auto refused = from("198.51.100.1");
    CHECK(refused->status() == 429);
    CHECK(refused->header("Retry-After") == "1");
    CHECK(is_problem(*refused, "too_many_requests"));
    CHECK(from("198.51.100.2")->status() == 200);
    CHECK(from("127.0.0.1")->status() == 200);
    time += std::chrono::seconds(1);
    CHECK(from("198.51.100.1")->status() == 200);
    CHECK(from("198.51.100.1")->status() == 429);
}

TEST_CASE_METHOD(Fixture, "a wallet that asks too often is limited wherever it comes from") {
    auto with = options();
    with.per_wallet = {1, 1, 16};
    auto api = router(with);
    const auto mine = [&](const char* token) {
        return ask(*api, request_for("GET", "/v1/mine", {{"authorization", token}}))->status();
    };
    CHECK(mine("Bearer one") == 200);
    CHECK(mine("Bearer one") == 429);
    CHECK(mine("Bearer two") == 200);
}

TEST_CASE("buckets of callers are bounded and IPv6 counts by subscriber") {
    RateLimit limit({1, 1, 2});
    CHECK_FALSE(limit.take("a", 1, SteadyTime{0}));
    CHECK(limit.take("a", 1, SteadyTime{0}));
    CHECK_FALSE(limit.take("b", 1, SteadyTime{0}));
    CHECK_FALSE(limit.take("c", 1, SteadyTime{0}));  // forgets a
    CHECK(limit.size() == 2);
    CHECK_FALSE(limit.take("a", 1, SteadyTime{0}));
    CHECK(limit.take("c", 100, SteadyTime{0}) == std::chrono::seconds(100));
    RateLimit none({0, 0, 2});
    CHECK_FALSE(none.take("a", 1e9, SteadyTime{0}));

    CHECK(client_key("2001:db8:1:2:3:4:5:6") == client_key("2001:db8:1:2:ffff::1"));
    CHECK(client_key("2001:db8:1:2::1") != client_key("2001:db8:1:3::1"));
    CHECK(client_key("192.0.2.1") == "192.0.2.1");
}

TEST_CASE_METHOD(Fixture, "a repeated write with the same Idempotency-Key is done once") {
    auto api = router();
    const auto post = [&](std::string path, std::string token, std::string key, std::string body) {
        return ask(*api,
                   request_for("POST", std::move(path),
                               {{"authorization", "Bearer " + token}, {"idempotency-key", std::move(key)}},
                               std::move(body)));
    };
    const auto first = post("/v1/things", "one", "k1", "{}");
    const auto again = post("/v1/things", "one", "k1", "{}");
    CHECK(writes == 1);
    CHECK(again->status() == 201);
    CHECK(again->body() == first->body());
    CHECK(again->header("Idempotency-Replayed") == "true");
    CHECK(is_problem(*post("/v1/things", "one", "k1", "{ }"), "idempotency_key_reused"));
    CHECK(writes == 1);
    // Another session's key, another key: another write.
    CHECK(post("/v1/things", "two", "k1", "{}")->header("Idempotency-Replayed").empty());
    CHECK(post("/v1/things", "one", "k2", "{}")->status() == 201);
    CHECK(writes == 3);
    CHECK(post("/v1/things", "one", "", "{}")->status() == 400);
    CHECK(post("/v1/things", "one", std::string(129, 'k'), "{}")->status() == 400);
    // A refusal stands; a failure of ours may be tried again.
    writes = 0;
    CHECK(post("/v1/conflict", "one", "k3", "{}")->status() == 409);
    CHECK(post("/v1/conflict", "one", "k3", "{}")->status() == 409);
    CHECK(writes == 1);
    CHECK(post("/v1/fails", "one", "k4", "{}")->status() == 503);
    CHECK(post("/v1/fails", "one", "k4", "{}")->status() == 503);
    CHECK(writes == 3);
}

TEST_CASE("the cache of answers is bounded in number, size and age, and knows what is under way") {
    IdempotencyCache cache({2, 10, std::chrono::seconds(10)});
    const chain::Hash hash{};
    const auto begins = [&](const char* key, SteadyTime now) {
        return std::holds_alternative<IdempotencyCache::Begin>(cache.begin(key, hash, now));
    };
    CHECK(begins("a", SteadyTime{0}));
    CHECK(std::holds_alternative<IdempotencyCache::Running>(cache.begin("a", hash, SteadyTime{0})));
    const ApiReply small{200, {}, "small"};
    cache.finish("a", &small);
    CHECK_FALSE(begins("a", SteadyTime{9'999}));
    CHECK(begins("a", SteadyTime{10'000}));
    cache.finish("a", &small);
    CHECK(begins("b", SteadyTime{10'000}));
    const ApiReply large{200, {}, "larger than ten"};
    cache.finish("b", &large);
    CHECK(begins("b", SteadyTime{10'000}));
    CHECK(begins("c", SteadyTime{10'000}));  // forgets a
    CHECK(begins("a", SteadyTime{10'000}));
    cache.finish("nobody", &small);
}

TEST_CASE("every code of an error has its status in one table") {
    struct Row {
        const char* code;
        unsigned status;
    };
    const Row rows[] = {
        {"not_found", 404},       {"not_yours", 403},      {"wrong_state", 409},
        {"ended", 410},           {"bad_manifest", 422},   {"policy", 422},
        {"too_large", 422},       {"bad_signature", 401},  {"used_nonce", 401},
        {"expired_token", 401},   {"bad_cursor", 400},     {"bad_anything", 400},
        {"timeout", 504},         {"unavailable", 503},    {"overloaded", 503},
        {"too_many_quotes", 429}, {"reverted", 409},       {"cluster_unavailable", 503},
        {"internal", 500},        {"never heard of", 500}, {"not_acceptable", 422},
        {"foreign_login", 401},   {"bad_signatures", 400}, {"not_registered", 503},
    };
    for (const auto& row : rows) {
        CAPTURE(row.code);
        CHECK(status_of(row.code) == row.status);
    }
    CHECK(to_reply(problem_of({"no_token", "log in"})).headers.front().first == "WWW-Authenticate");
}
