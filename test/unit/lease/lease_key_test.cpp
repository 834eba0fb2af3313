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

TEST_CASE("an application's host is one label of its name and its lease") {
    const auto key = lease::lease_key(7, address(1), address(2), address(3), {9}, hash(0xaa));
    const std::string longest(32, 'a');
    const auto label = lease::application_label(longest, key.hex());
    CHECK(label == longest + "--" + lease::lease_label(key));
    CHECK(label == lease::application_label(longest, key.hex().substr(2)));
    CHECK(label.size() <= 63);
}

TEST_CASE("names of applications are those that hosts can have") {
    for (const char* good : {"web", "a", "my--web", "web-2", "xno"}) CHECK(lease::valid_app_name(good));
    for (const char* bad : {"", "Web", "1web", "web-", "-web", "we_b", "web.x", "xn", "xn--a", "web\n"}) {
        INFO(bad);
        CHECK_FALSE(lease::valid_app_name(bad));
    }
    CHECK(lease::valid_app_name(std::string(32, 'a')));
    CHECK_FALSE(lease::valid_app_name(std::string(33, 'a')));
}
