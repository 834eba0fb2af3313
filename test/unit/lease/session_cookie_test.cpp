#include "lease/session_cookie.hpp"

#include <catch2/catch.hpp>

using namespace grid;

namespace {

chain::Address user(std::uint8_t n) {
    chain::Address a;
    a.bytes.fill(n);
    return a;
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

TEST_CASE("a Cookie header is read pair by pair, whatever stands between") {
    using Cookies = std::vector<lease::Cookie>;
    CHECK(lease::parse_cookies("a=1; b = 2;c=\"3\"; d=") ==
          Cookies{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", ""}});
    CHECK(lease::parse_cookies(";;; name ;=x; a=b=c") == Cookies{{"", "x"}, {"a", "b=c"}});
    CHECK(lease::parse_cookies("").empty());
}

TEST_CASE("a bearer token is taken out of its header") {
    CHECK(lease::bearer_token("Bearer abc") == "abc");
    CHECK(lease::bearer_token(" bEARER   abc ") == "abc");
    CHECK(lease::bearer_token("Basic abc").empty());
    CHECK(lease::bearer_token("Bearerabc").empty());
    CHECK(lease::bearer_token("").empty());
}
