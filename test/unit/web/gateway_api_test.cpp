#include "web/gateway_api.hpp"

#include <catch2/catch.hpp>

#include "engine_loopback.hpp"
#include "gateway_world.hpp"
#include "lease/handoff.hpp"
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

namespace {

const std::string kTerms = R"("resources":{"cpu_milli":500,"memory_mib":256},"duration_s":3600)";
const std::string kSignature = "0x" + std::string(130, '1');

}  // namespace

TEST_CASE_METHOD(GatewayWorld, "an estimate is free of side effects and may be asked by GET or greet 0") {
    auto gateway = api();
    const std::string query = "?cpu_milli=500&memory_mib=256&duration_s=3600";
    for (const auto& target : {"/v1/quotes" + query, "/v1/greet" + query, "/v1/greet" + query + "&type=0"}) {
        CAPTURE(target);
        const auto reply = ask(*gateway, request_for("GET", target));
        CHECK(reply->status() == 200);
        CHECK(contains(*reply, "\"acceptable\":true,\"reason\":null"));
        CHECK(contains(*reply, "\"deposit\":\"77\""));
    }
    CHECK(terms.back().resources == chain::Resources{500, 256, 0, 0});
    CHECK(terms.back().duration.count == 3600);
    CHECK(terms.back().user.is_zero());
    const auto posted = ask(*gateway, request_for("POST", "/v1/greet", {}, "{\"type\":0," + kTerms + "}"));
    CHECK(posted->status() == 200);
    CHECK_FALSE(contains(*posted, "\"quote\""));
    CHECK(quotes == 0);
    ask(*gateway, request_for("GET", "/v1/quotes" + query +
                                         "&price_cpu_milli=5&price_memory_mib=6&price_storage_mib=7"));
    REQUIRE(terms.back().prices);
    CHECK(terms.back().prices->storage_mib == chain::Amount(7));
    acceptable = false;
    CHECK(contains(*ask(*gateway, request_for("GET", "/v1/quotes" + query)),
                   "\"acceptable\":false,\"reason\":\"not so many GPUs here\""));
}

TEST_CASE_METHOD(GatewayWorld, "with a session greet 0 and POST quotes answer a quote signed for its user") {
    auto gateway = api();
    const auto greeted =
        ask(*gateway, request_for("POST", "/v1/greet", bearer(token(1)), "{\"type\":0," + kTerms + "}"));
    CHECK(greeted->status() == 200);
    CHECK(contains(*greeted, "\"quote\":{"));
    CHECK(terms.back().user == address_of(1));
    const auto quoted =
        ask(*gateway, request_for("POST", "/v1/quotes", bearer(token(1)), "{" + kTerms + "}"));
    CHECK(quoted->status() == 200);
    CHECK(contains(*quoted, "\"user\":\"" + address_of(1).checksummed() + "\""));
    CHECK(quotes == 2);
    // Nobody gets a quote for somebody else.
    const auto other = "{\"user\":\"" + address_of(2).hex() + "\"," + kTerms + "}";
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/quotes", bearer(token(1)), other)), 400,
                     "bad_field"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/quotes", {}, "{" + kTerms + "}")), 401,
                     "no_token"));
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/quotes", bearer(token(1, 0, lease::Scope::read)),
                                                "{" + kTerms + "}")),
                     403, "forbidden"));
    acceptable = false;
    CHECK(is_problem(*ask(*gateway, request_for("POST", "/v1/quotes", bearer(token(1)), "{" + kTerms + "}")),
                     422, "not_acceptable"));
    CHECK(contains(
        *ask(*gateway, request_for("POST", "/v1/greet", bearer(token(1)), "{\"type\":0," + kTerms + "}")),
        "\"acceptable\":false"));
    CHECK(quotes == 2);
}

TEST_CASE_METHOD(GatewayWorld,
                 "a greet or login that is not right in every field is refused and reaches nobody") {
    auto gateway = api();
    const auto address = "\"address\":\"" + address_of(1).checksummed() + "\"";
    struct Row {
        std::string path;
        std::string body;
        const char* code;
        const char* field;
    };
    const Row rows[] = {
        {"/v1/greet", "", "bad_json", nullptr},
        {"/v1/greet", "{", "bad_json", nullptr},
        {"/v1/greet", "[]", "bad_json", nullptr},
        {"/v1/greet", std::string(100000, '['), "bad_json", nullptr},
        {"/v1/greet", "{}", "missing_field", "type"},
        {"/v1/greet", R"({"type":4})", "bad_field", "type"},
        {"/v1/greet", R"({"type":-1})", "bad_field", "type"},
        {"/v1/greet", R"({"type":1.0})", "bad_field", "type"},
        {"/v1/greet", R"({"type":true})", "bad_field", "type"},
        {"/v1/greet", R"({"type":0})", "missing_field", "resources"},
        {"/v1/greet", R"({"type":0,"resources":{"cpu_milli":1}})", "missing_field", "resources.memory_mib"},
        {"/v1/greet", R"({"type":0,"resources":{"cpu_milli":-1,"memory_mib":1}})", "bad_field",
         "resources.cpu_milli"},
        {"/v1/greet", R"({"type":0,"resources":{"cpu_milli":1,"memory_mib":1},"duration_s":0})", "bad_field",
         "duration_s"},
        {"/v1/greet", R"({"type":0,"resources":{"cpu_milli":1,"memory_mib":1},"duration_s":400000000})",
         "bad_field", "duration_s"},
        {"/v1/greet", "{\"type\":0,\"extra\":1," + kTerms + "}", "unknown_field", "extra"},
        {"/v1/greet",
         "{\"type\":0,\"prices\":{\"cpu_milli\":\"-1\",\"memory_mib\":\"1\",\"storage_mib\":\"1\"}," +
             kTerms + "}",
         "bad_field", "prices.cpu_milli"},
        {"/v1/greet", R"({"type":2})", "missing_field", "address"},
        {"/v1/greet", "{\"type\":2," + address + "}", "missing_field", "signature"},
        {"/v1/session", "{" + address + ",\"signature\":\"0x12\"}", "bad_field", "signature"},
        {"/v1/session", "{" + address + ",\"signature\":\"zz\"}", "bad_field", "signature"},
        {"/v1/session", "{" + address + ",\"signature\":\"" + kSignature + "\"}", "missing_field", "nonce"},
        {"/v1/session",
         "{" + address + ",\"signature\":\"" + kSignature + "\",\"nonce\":\"n\",\"issued_at\":1}",
         "bad_field", "issued_at"},
        {"/v1/session", "{\"address\":\"0x1\",\"signature\":\"" + kSignature + "\"}", "bad_field", "address"},
        {"/v1/session",
         "{" + address + ",\"signature\":\"" + kSignature + "\",\"message\":\"m\",\"nonce\":\"n\"}",
         "unknown_field", "nonce"},
        {"/v1/session",
         "{" + address + ",\"private_key\":\"x\",\"signature\":\"" + kSignature + "\",\"message\":\"m\"}",
         "unknown_field", "private_key"},
        {"/v1/session/challenge", "{}", "missing_field", "address"},
        {"/v1/session/challenge", R"({"address":7})", "bad_field", "address"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.path, row.body.substr(0, 200));
        const auto reply =
            ask(*gateway, request_for("POST", row.path, {{"content-type", "application/json"}}, row.body));
        CHECK(is_problem(*reply, 400, row.code));
        if (row.field) CHECK(contains(*reply, "\"field\":\"" + std::string(row.field) + "\""));
    }
    CHECK(is_problem(
        *ask(*gateway, request_for("POST", "/v1/greet", {{"content-type", "text/plain"}}, "{\"type\":0}")),
        415, "wrong_content_type"));
    CHECK(proofs.empty());
    CHECK(terms.empty());
    // GET never does what changes something.
    for (const auto* query : {"?type=1&order=11", "?type=2", "?type=3", "?type=4", "?type=cheat"}) {
        CHECK(
            is_problem(*ask(*gateway, request_for("GET", std::string("/v1/greet") + query, bearer(token(1)))),
                       400, "bad_query"));
    }
    for (const auto* path : {"/v1/orders/11/accept", "/v1/session/challenge", "/v1/apps/web/open"}) {
        CHECK(is_problem(*ask(*gateway, request_for("GET", path, bearer(token(1)))), 405,
                         "method_not_allowed"));
    }
    CHECK(accepted.empty());
}

TEST_CASE_METHOD(GatewayWorld, "a login answers the token and sets it as the cookie of its user") {
    auto gateway = api();
    const auto challenge = ask(*gateway, request_for("POST", "/v1/session/challenge", {},
                                                     "{\"address\":\"" + address_of(1).hex() + "\"}"));
    CHECK(challenge->status() == 200);
    CHECK(contains(*challenge, "\"login_typed_data\":\"{\\\"domain\\\":{}}\""));
    const auto address =
        "\"address\":\"" + address_of(1).checksummed() + "\",\"signature\":\"" + kSignature + "\"";
    const std::string bodies[] = {
        "{" + address + ",\"message\":\"signed text\"}",
        "{" + address +
            R"(,"nonce":"nonce123","issued_at":"2027-01-15T08:00:00Z","expires_at":"2027-01-15T08:05:00Z"})",
        "{\"type\":2," + address + ",\"message\":\"signed text\"}",
    };
    for (const auto& body : bodies) {
        const auto reply = ask(
            *gateway, request_for("POST", body.find("type") == 2 ? "/v1/greet" : "/v1/session", {}, body));
        REQUIRE(reply->status() == 200);
        CHECK(reply->header("Cache-Control") == "no-store");
        const auto cookie = reply->header("Set-Cookie");
        CHECK(cookie.find(lease::session_cookie_name(address_of(1)) + "=") == 0);
        CHECK(cookie.find("HttpOnly") != std::string::npos);
        CHECK(cookie.find("SameSite=Lax") != std::string::npos);
        CHECK(cookie.find("Max-Age=600") != std::string::npos);
        CHECK(cookie.find("Secure") == std::string::npos);
        const auto issued = JsonObject::parse(reply->body()).text("token");
        CHECK(cookie.find(issued) != std::string::npos);
    }
    REQUIRE(proofs.size() == 3);
    CHECK(proofs[0].form == LoginProof::Form::siwe);
    CHECK(proofs[0].message == "signed text");
    CHECK(proofs[1].form == LoginProof::Form::login);
    CHECK(proofs[1].issued_at.seconds == 1'800'000'000);
    CHECK(proofs[1].signature == chain::Bytes(65, 0x11));
    // Behind TLS the cookie is for TLS alone.
    auto https = request_for("POST", "/v1/session", {}, bodies[0]);
    https.https = true;
    CHECK(ask(*gateway, https)->header("Set-Cookie").find("Secure") != std::string::npos);

    const auto replayed =
        ask(*gateway, request_for("POST", "/v1/session", {},
                                  "{" + address + R"(,"nonce":"used","issued_at":"2027-01-15T08:00:00Z",
                                                    "expires_at":"2027-01-15T08:05:00Z"})"));
    CHECK(is_problem(*replayed, 401, "used_nonce"));
    CHECK(replayed->header("Set-Cookie").empty());
    CHECK(is_problem(
        *ask(*gateway, request_for("POST", "/v1/session", {}, "{" + address + ",\"message\":\"foreign\"}")),
        401, "foreign_login"));
}

TEST_CASE_METHOD(GatewayWorld, "a session is checked without trusting anything that it brings") {
    auto gateway = api();
    const auto me = [&](Headers headers) {
        return ask(*gateway, request_for("GET", "/v1/session", headers));
    };
    const auto good = token(1);
    CHECK(contains(*me(bearer(good)), "\"user\":\"" + address_of(1).checksummed() + "\",\"lease_key\":null"));
    CHECK(me(cookie(1, good))->status() == 200);
    CHECK(me(cookie(1, good, nullptr))->status() == 200);  // navigation has no Origin
    CHECK(contains(*me(bearer(token(1, 1, lease::Scope::read))), "\"scopes\":[\"read\"]"));

    auto forged = good;
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
    CHECK(is_problem(*me(bearer(forged)), 401, "bad_token"));
    CHECK(is_problem(*me(bearer("cheat")), 401, "bad_token"));
    CHECK(is_problem(*me(cookie(1, forged)), 401, "bad_token"));
    CHECK(is_problem(*me(cookie(2, good)), 401, "bad_token"));  // under another user's name
    CHECK(is_problem(*me({{"cookie", "session=" + good}}), 401, "no_token"));
    chain::Hash another_gateway;
    another_gateway.bytes[0] = 1;
    const lease::SessionTokens elsewhere(another_gateway, sessions->tokens()->keys());
    lease::Claims claims;
    claims.user = address_of(1);
    claims.expires_at = {kNow + 600};
    claims.scopes = lease::Scopes::all();
    CHECK(is_problem(*me(bearer(elsewhere.issue(claims))), 401, "foreign_token"));
    const lease::SessionTokens other_key(test::hash_of(200), lease::KeyRing::generate({kNow}));
    CHECK(is_problem(*me(bearer(other_key.issue(claims))), 401, "bad_token"));
    CHECK(is_problem(*me(bearer(token(1, 1, lease::Scope::proxy, 600, lease::Audience::app_host))), 401,
                     "foreign_token"));
    CHECK(is_problem(*me(bearer(token(1, 1, lease::Scope::proxy, 600, lease::Audience::handoff))), 401,
                     "foreign_token"));
    // One bad cookie of a right name does not hide the good one.
    const auto both = lease::session_cookie_name(address_of(2)) + "=" + forged + "; " +
                      lease::session_cookie_name(address_of(1)) + "=" + good;
    CHECK(me({{"cookie", both}})->status() == 200);

    time.seconds += 600;
    CHECK(is_problem(*me(bearer(good)), 401, "expired_token"));
    time.seconds -= 600;
    lease::RevocationEpochs epochs;
    epochs.set(address_of(1), 1);
    sessions->publish(epochs);
    CHECK(is_problem(*me(bearer(good)), 401, "revoked_token"));
    CHECK(me(bearer(token(2)))->status() == 200);
}

TEST_CASE_METHOD(GatewayWorld, "a logout ends the user's sessions and takes the cookie back") {
    auto gateway = api();
    const auto reply = ask(*gateway, request_for("DELETE", "/v1/session", cookie(1, token(1))));
    CHECK(reply->status() == 204);
    CHECK(reply->header("Set-Cookie").find(lease::session_cookie_name(address_of(1)) + "=;") == 0);
    CHECK(reply->header("Set-Cookie").find("Max-Age=0") != std::string::npos);
    CHECK(logouts == 1);
    CHECK(ask(*gateway, request_for("DELETE", "/v1/session", cookie(1, token(1), nullptr)))->status() == 403);
    CHECK(ask(*gateway, request_for("DELETE", "/v1/session", bearer(token(1, 1, lease::Scope::deploy))))
              ->status() == 403);
    CHECK(logouts == 1);
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

    CHECK(deploy(R"({"url":"https://example.org/a.yaml","sha256":"ab"})", bearer(token(1, 1)))->status() ==
          200);
    CHECK(deployed.back().source == DeployRequest::Source::url);
    CHECK(deployed.back().app == "app");
    CHECK(deployed.back().sha256 == "ab");
    CHECK_FALSE(deployed.back().is_public);
    CHECK(ask(*gateway,
              request_for("POST", "/v1/greet", bearer(token(1, 1)), R"({"type":3,"template":"hello"})"))
              ->status() == 200);
    CHECK(deployed.back().source == DeployRequest::Source::template_id);
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
    CHECK(is_problem(*get("/v1/apps/web?lease_key=" + lease(3).hex(), token(1)), 404, "not_found"));
    CHECK(is_problem(*get("/v1/apps/shop", token(1, 1)), 404, "not_found"));
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

TEST_CASE_METHOD(GatewayWorld, "a log is sent as text until its end") {
    auto gateway = api();
    const auto reply =
        ask(*gateway, request_for("GET", "/v1/apps/web/logs?tail=5&workload=db", bearer(token(1, 1))));
    CHECK(reply->status() == 200);
    CHECK(reply->header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(reply->header("X-Content-Type-Options") == "nosniff");
    CHECK(reply->header("Cache-Control") == "no-store");
    CHECK(reply->body() == "one\ntwo\n");
    REQUIRE(log_requests.size() == 1);
    CHECK(log_requests[0].lease_key == lease(1));
    CHECK(log_requests[0].app == "web");
    CHECK(log_requests[0].tail == 5);
    CHECK(log_requests[0].workload == "db");
    CHECK_FALSE(log_requests[0].follow);
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/web/logs?tail=-1", bearer(token(1, 1)))),
                     400, "bad_query"));
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/shop/logs", bearer(token(1, 1)))), 404,
                     "not_found"));
    CHECK(is_problem(
        *ask(*gateway, request_for("GET", "/v1/apps/web/logs", bearer(token(1, 1, lease::Scope::read)))), 403,
        "forbidden"));
    CHECK(log_requests.size() == 1);
}

TEST_CASE_METHOD(GatewayWorld, "a followed log stops when its reader has gone") {
    auto gateway = api();
    auto reply = std::make_shared<test::RecordedReply>();
    gateway->handle(request_for("GET", "/v1/apps/web/logs?follow=true", bearer(token(1, 1))), reply);
    reply->wait([](const test::RecordedReply& r) { return r.body() == "first line\n"; });
    log_sink_actor to;
    {
        const std::lock_guard lock(mutex);
        to = sink;
    }
    caf::scoped_actor self(world.system);
    // Each piece is acknowledged when it has been written.
    bool acknowledged = false;
    self->request(to, std::chrono::seconds(30), LogChunk{"web", "second\n", false})
        .receive([&](ack_atom) { acknowledged = true; }, [](const caf::error&) {});
    CHECK(acknowledged);
    CHECK(reply->body() == "first line\nsecond\n");
    reply->close();
    self->wait_for(to);
    CHECK(reply->body() == "first line\nsecond\n");
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
