#include "lease/lease_key.hpp"

#include <catch2/catch.hpp>

#include "chain/keccak.hpp"
#include "lease/route_table.hpp"

using namespace grid;

namespace {
chain::Address address(std::uint8_t last) {
    chain::Address a;
    a.bytes[19] = last;
    return a;
}
chain::Hash hash(std::uint8_t first) {
    chain::Hash h;
    h.bytes[0] = first;
    return h;
}
}  // namespace

TEST_CASE("a lease key is the hash of six padded words") {
    chain::Bytes words(6 * 32);
    words[31] = 7;      // chain id
    words[63] = 1;      // market
    words[95] = 2;      // provider
    words[127] = 3;     // user
    words[159] = 9;     // order
    words[160] = 0xaa;  // block
    CHECK(lease::lease_key(7, address(1), address(2), address(3), {9}, hash(0xaa)) ==
          chain::keccak256(chain::ByteView(words)));
}

TEST_CASE("every part of a lease key counts") {
    const auto key = lease::lease_key(7, address(1), address(2), address(3), {9}, hash(0xaa));
    CHECK(key != lease::lease_key(8, address(1), address(2), address(3), {9}, hash(0xaa)));
    CHECK(key != lease::lease_key(7, address(9), address(2), address(3), {9}, hash(0xaa)));
    CHECK(key != lease::lease_key(7, address(1), address(9), address(3), {9}, hash(0xaa)));
    CHECK(key != lease::lease_key(7, address(1), address(2), address(9), {9}, hash(0xaa)));
    CHECK(key != lease::lease_key(7, address(1), address(2), address(3), {8}, hash(0xaa)));
    CHECK(key != lease::lease_key(7, address(1), address(2), address(3), {9}, hash(0xab)));
}

TEST_CASE("an application's host is one label and agrees with the route table") {
    const auto key = lease::lease_key(7, address(1), address(2), address(3), {9}, hash(0xaa));
    const std::string longest(32, 'a');
    const auto host = lease::app_host(longest, key, "apps.localhost");
    REQUIRE(host);
    CHECK(*host == longest + "--" + lease::lease_label(key) + ".apps.localhost");
    CHECK(host->find('.') <= 63);
    CHECK(host->substr(0, host->find('.')) == lease::application_label(longest, key.hex()));
    CHECK(lease::lease_label(key) == lease::short_lease(key.hex()));

    for (const char* bad : {"", "Web", "1web", "web-", "-web", "we_b", "web.x", "xn", "xn--a", "web\n"}) {
        INFO(bad);
        const auto refused = lease::app_host(bad, key, "apps.localhost");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "bad_app_name");
    }
    CHECK_FALSE(lease::app_host(std::string(33, 'a'), key, "apps.localhost"));
}

TEST_CASE("hosts are read back whatever their letters, port and final dot") {
    const std::string lease = "0123456789abcdef0123";
    const lease::AppHost web{"web", lease};
    for (const auto* host :
         {"web--0123456789abcdef0123.apps.localhost", "WEB--0123456789ABCDEF0123.Apps.LocalHost",
          "web--0123456789abcdef0123.apps.localhost:8090", "web--0123456789abcdef0123.apps.localhost.",
          "web--0123456789abcdef0123.apps.localhost.:1"}) {
        INFO(host);
        const auto parsed = lease::parse_app_host(host, "apps.localhost");
        REQUIRE(parsed);
        CHECK(*parsed == web);
    }
    CHECK(lease::parse_app_host("my--web--0123456789abcdef0123.a", "a")->app == "my--web");

    for (const auto* host :
         {"", "apps.localhost", ".apps.localhost", "web.apps.localhost",
          "--0123456789abcdef0123.apps.localhost", "web-0123456789abcdef0123.apps.localhost",
          "web--0123456789abcdef012.apps.localhost", "web--0123456789abcdef0123.evil.org",
          "web--0123456789abcdef0123.apps.localhost.evil.org", "x.web--0123456789abcdef0123.apps.localhost",
          "web--0123456789abcdefg123.apps.localhost", "web--0123456789abcdef0123xapps.localhost",
          "web--0123456789abcdef0123.apps.localhost:", "web--0123456789abcdef0123.apps.localhost:80a",
          "web--0123456789abcdef0123.apps.localhost:123456", "web--0123456789abcdef0123.apps.localhost.."}) {
        INFO(host);
        const auto parsed = lease::parse_app_host(host, "apps.localhost");
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == "bad_host");
    }
}
