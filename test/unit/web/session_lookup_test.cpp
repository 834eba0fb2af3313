#include "web/session_lookup.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "fake_actors.hpp"
#include "lease/session_cookie.hpp"

using namespace grid;
using lease::Audience;
using test::address_of;
using test::hash_of;
using web::find_api_cookie;
using web::find_app_cookie;

namespace {

constexpr chain::Timestamp kNow{1500};

lease::Claims session(std::uint8_t who, std::uint8_t which_lease, std::uint64_t until = 2000) {
    lease::Claims c;
    c.user = address_of(who);
    c.lease_key = hash_of(which_lease);
    c.expires_at = {until};
    c.scopes = lease::Scopes::all();
    return c;
}

const lease::SessionPublisher& sessions() {
    static const lease::SessionPublisher made(
        lease::SessionTokens(hash_of(1), lease::KeyRing::generate({1000})));
    return made;
}

std::string token(const lease::Claims& claims) {
    return sessions().tokens()->issue(claims);
}

std::string cookie(const lease::Claims& claims) {
    return lease::session_cookie_name(claims.user) + "=" + token(claims);
}

std::string code(const Result<lease::Claims>& result) {
    return result ? "ok" : result.error().code;
}

}  // namespace

TEST_CASE("bad cookies of a right name never hide the good one") {
    const std::string name = lease::session_cookie_name(address_of(5));
    const std::string good = cookie(session(5, 2));
    for (const std::string& junk :
         {name + "=", name + "=garbage", name + "=" + std::string(300, 'A'), name, std::string("cpuser_=x"),
          std::string(";;;"), std::string("theme=dark"), cookie(session(5, 2, 1000)), name + "=\"x"}) {
        INFO(junk);
        CHECK(code(find_api_cookie(junk + "; " + good, sessions(), kNow)) == "ok");
        CHECK(code(find_api_cookie(good + ";" + junk, sessions(), kNow)) == "ok");
    }
}

TEST_CASE("a session is found by the lease that is asked for, or another one is answered") {
    const std::string header = cookie(session(5, 2)) + "; " + cookie(session(6, 3));
    CHECK(find_api_cookie(header, sessions(), kNow)->lease_key == hash_of(2));
    CHECK(find_api_cookie(header, sessions(), kNow, hash_of(3))->user == address_of(6));
    CHECK(find_api_cookie(header, sessions(), kNow, hash_of(9)));
}

TEST_CASE("without a good session the reason is answered") {
    CHECK(code(find_api_cookie("", sessions(), kNow)) == "no_token");
    CHECK(code(find_api_cookie("a=b; c", sessions(), kNow)) == "no_token");
    CHECK(code(find_api_cookie(cookie(session(5, 2)), sessions(), {2000})) == "expired_token");
    const std::string swapped = lease::session_cookie_name(address_of(6)) + "=" + token(session(5, 2));
    CHECK(code(find_api_cookie(swapped, sessions(), kNow)) == "bad_token");
    auto app = session(5, 2);
    app.audience = Audience::app_host;
    CHECK(code(find_api_cookie(cookie(app), sessions(), kNow)) == "foreign_token");
}

TEST_CASE("an access cookie opens its own application only") {
    auto access = session(5, 2);
    access.audience = Audience::app_host;
    access.app = "web";
    const auto find = [&](const lease::Claims& c, bool secure, std::uint8_t which, const char* app) {
        const std::string header = "grid-app=junk; __Host-grid-app=" + token(c) + "; grid-app=" + token(c);
        return code(find_app_cookie(header, secure, sessions(), kNow, hash_of(which), app));
    };
    CHECK(find(access, true, 2, "web") == "ok");
    CHECK(find(access, false, 2, "web") == "ok");
    CHECK(find(access, true, 3, "web") == "foreign_token");
    CHECK(find(access, true, 2, "other") == "foreign_token");
    auto api = session(5, 2);
    api.app = "web";
    CHECK(find(api, true, 2, "web") == "foreign_token");
    // A plain cookie is not taken where a __Host- one is expected: a page of a neighbour could have set it.
    CHECK(code(find_app_cookie("grid-app=" + token(access), true, sessions(), kNow, hash_of(2), "web")) ==
          "no_token");
}

TEST_CASE("property: no random text is a session") {
    REQUIRE(rc::check([] {
        const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
        const std::string text(bytes.begin(), bytes.end());
        RC_ASSERT(!find_api_cookie(text, sessions(), kNow));
        RC_ASSERT(!find_api_cookie("cpuser_" + text, sessions(), kNow));
    }));
}
