// Estimates, quotes, logins and sessions.
#include <catch2/catch.hpp>

#include "gateway_world.hpp"
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
