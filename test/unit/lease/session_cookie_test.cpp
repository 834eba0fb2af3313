#include "lease/session_cookie.hpp"

#include <catch2/catch.hpp>

using namespace grid;
using lease::Audience;

namespace {

chain::Hash hash(std::uint8_t n) {
    chain::Hash h;
    h.bytes.fill(n);
    return h;
}

chain::Address user(std::uint8_t n) {
    chain::Address a;
    a.bytes.fill(n);
    return a;
}

lease::Claims session(std::uint8_t who, std::uint8_t which_lease, std::uint64_t until = 2000) {
    lease::Claims c;
    c.user = user(who);
    c.lease_key = hash(which_lease);
    c.expires_at = {until};
    c.scopes = lease::Scopes::all();
    return c;
}

const lease::SessionTokens& tokens() {
    static const lease::SessionTokens made(hash(1), lease::KeyRing::generate({1000}));
    return made;
}

std::string cookie(const lease::Claims& claims) {
    return lease::session_cookie_name(claims.user) + "=" + tokens().issue(claims);
}

std::string code(const Result<lease::Claims>& result) {
    return result ? "ok" : result.error().code;
}

}  // namespace

TEST_CASE("the session cookie is named after its user and kept from scripts and other sites") {
    CHECK(lease::session_cookie_name(user(0xab)) == "cpuser_0xabababababababababababababababababababab");
    CHECK(lease::set_cookie("cpuser_x", "v", {60}, true) ==
          "cpuser_x=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    CHECK(lease::set_cookie("cpuser_x", "v", {60}, false) ==
          "cpuser_x=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    CHECK(lease::clear_cookie("cpuser_x", false) == "cpuser_x=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    CHECK(lease::app_cookie_name(true) == "__Host-grid-app");
    CHECK(lease::app_cookie_name(false) == "grid-app");
}

TEST_CASE("bad cookies of a right name never hide the good one") {
    const std::string name = lease::session_cookie_name(user(5));
    const std::string good = cookie(session(5, 2));
    for (const std::string& junk :
         {name + "=", name + "=garbage", name + "=" + std::string(300, 'A'), name, std::string("cpuser_=x"),
          std::string(";;;"), std::string("theme=dark"), cookie(session(5, 2, 1000)), name + "=\"x"}) {
        INFO(junk);
        CHECK(code(lease::find_session(junk + "; " + good, tokens(), {1500}, {})) == "ok");
        CHECK(code(lease::find_session(good + ";" + junk, tokens(), {1500}, {})) == "ok");
    }
}

TEST_CASE("a session is found by the lease that is asked for") {
    const std::string header = cookie(session(5, 2)) + "; " + cookie(session(6, 3));
    CHECK(lease::find_session(header, tokens(), {1500}, {})->lease_key == hash(2));
    CHECK(lease::find_session(header, tokens(), {1500}, {}, hash(3))->user == user(6));
    CHECK(lease::find_session(header, tokens(), {1500}, {}, hash(9))->user == user(5));
}

TEST_CASE("without a good session the reason is answered") {
    CHECK(code(lease::find_session("", tokens(), {1500}, {})) == "no_token");
    CHECK(code(lease::find_session("a=b; c", tokens(), {1500}, {})) == "no_token");
    CHECK(code(lease::find_session(cookie(session(5, 2)), tokens(), {2000}, {})) == "expired_token");
    const std::string swapped = lease::session_cookie_name(user(6)) + "=" + tokens().issue(session(5, 2));
    CHECK(code(lease::find_session(swapped, tokens(), {1500}, {})) == "foreign_token");
    auto app = session(5, 2);
    app.audience = Audience::app_host;
    CHECK(code(lease::find_session(cookie(app), tokens(), {1500}, {})) == "foreign_token");
}

TEST_CASE("an access cookie opens its own application only") {
    auto access = session(5, 2);
    access.audience = Audience::app_host;
    access.app = "web";
    const auto find = [&](const lease::Claims& c, bool secure, std::uint8_t which, const char* app) {
        const std::string header =
            "grid-app=junk; __Host-grid-app=" + tokens().issue(c) + "; grid-app=" + tokens().issue(c);
        return code(lease::find_app_access(header, secure, tokens(), {1500}, {}, hash(which), app));
    };
    CHECK(find(access, true, 2, "web") == "ok");
    CHECK(find(access, false, 2, "web") == "ok");
    CHECK(find(access, true, 3, "web") == "foreign_token");
    CHECK(find(access, true, 2, "other") == "foreign_token");
    auto api = session(5, 2);
    api.app = "web";
    CHECK(find(api, true, 2, "web") == "foreign_token");
    auto blind = access;
    blind.scopes = lease::Scope::logs;
    CHECK(find(blind, true, 2, "web") == "foreign_token");
    // a plain cookie is not taken where a __Host- one is expected: a page of a neighbour could have set it
    CHECK(code(lease::find_app_access("grid-app=" + tokens().issue(access), true, tokens(), {1500}, {},
                                      hash(2), "web")) == "no_token");
}

TEST_CASE("our cookies never travel on to an application") {
    CHECK(lease::without_own_cookies("a=1; cpuser_0xab=secret; b=2;grid-app=x; __Host-grid-app=y; c") ==
          "a=1; b=2; c");
    CHECK(lease::without_own_cookies("cpuser_0xab=secret").empty());
    CHECK(lease::without_own_cookies("cpuser_0xab = secret").empty());
    CHECK(lease::without_own_cookies("cpuser_0xab").empty());
    CHECK(lease::without_own_cookies("").empty());
    CHECK(lease::without_own_cookies("x=\"a; b\"") == "x=\"a; b\"");
}

TEST_CASE("a bearer token is taken out of its header") {
    CHECK(lease::bearer_token("Bearer abc") == "abc");
    CHECK(lease::bearer_token(" bEARER   abc ") == "abc");
    CHECK(lease::bearer_token("Basic abc").empty());
    CHECK(lease::bearer_token("Bearerabc").empty());
    CHECK(lease::bearer_token("").empty());
}
