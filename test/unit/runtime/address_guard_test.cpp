#include "runtime/address_guard.hpp"

#include <catch2/catch.hpp>

using namespace grid::runtime;

namespace {
struct Row {
    const char* address;
    bool allowed;
};
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
}  // namespace

TEST_CASE("the guard lets public addresses pass and refuses all special ones", "[address_guard]") {
    const Row rows[] = {
        {"1.1.1.1", true},
        {"9.255.255.255", true},
        {"10.0.0.0", false},
        {"10.255.255.255", false},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.64.0.0", false},
        {"100.127.255.255", false},
        {"100.128.0.0", true},
        {"126.255.255.255", true},
        {"127.0.0.1", false},
        {"127.255.255.254", false},
        {"128.0.0.1", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"169.253.255.255", true},
        {"169.254.169.254", false},
        {"169.254.0.1", false},
        {"172.15.255.255", true},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"172.32.0.1", true},
        {"192.0.0.8", false},
        {"192.0.2.1", false},
        {"192.167.1.1", true},
        {"192.168.0.1", false},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.20.0.1", true},
        {"198.51.100.7", false},
        {"203.0.113.9", false},
        {"223.255.255.255", true},
        {"224.0.0.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::ffff:10.0.0.1", false},
        {"::ffff:1.1.1.1", false},
        {"::7f00:1", false},
        {"64:ff9b::a00:1", false},
        {"64:ff9b:1::1", false},
        {"100::1", false},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"2002:0a00:0001::", false},
        {"2606:4700:4700::1111", true},
        {"2a00:1450::1", true},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
        {"4000::1", false},
        {"3fff:0fff::1", false},
        {"2001:0200::1", true},
    };
    const AddressGuard guard;
    for (const auto& row : rows) {
        INFO(row.address);
        const auto verdict = guard.check(ip(row.address));
        CHECK(verdict.has_value() == row.allowed);
        if (!verdict) CHECK(verdict.error().code == "forbidden_address");
    }
}

TEST_CASE("an allowed network opens exactly itself", "[address_guard]") {
    const AddressGuard guard(
        {IpNetwork::parse("127.0.0.1/32").value(), IpNetwork::parse("fd00::/9").value()});
    CHECK(guard.check(ip("127.0.0.1")));
    CHECK_FALSE(guard.check(ip("127.0.0.2")));
    CHECK_FALSE(guard.check(ip("::ffff:127.0.0.1")));
    CHECK(guard.check(ip("fd7f::1")));
    CHECK_FALSE(guard.check(ip("fd80::1")));
}

TEST_CASE("one bad address among good ones refuses the name", "[address_guard]") {
    const AddressGuard guard;
    CHECK(guard.check(std::vector{ip("1.1.1.1"), ip("8.8.8.8")}));
    CHECK_FALSE(guard.check(std::vector{ip("1.1.1.1"), ip("10.0.0.1")}));
    CHECK_FALSE(guard.check(std::vector<IpAddress>{}));
}

TEST_CASE("hidden spellings of addresses are refused, names and plain addresses are told apart",
          "[address_guard]") {
    for (const char* host :
         {"2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1",
          "1.2.3.4.5", "256.1.1.1", "127.0.0.1.", "a.b.0x1", "fe80::1%eth0", "[::1%25lo]", "1::2::3"}) {
        INFO(host);
        const auto read = literal_address(host);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == "forbidden_address");
    }
    for (const char* host : {"example.com", "1.example", "0x7f.example.com", "localhost", "a-1.b2"}) {
        INFO(host);
        CHECK(literal_address(host).value() == std::nullopt);
    }
    CHECK(literal_address("127.0.0.1").value() == ip("127.0.0.1"));
    CHECK(literal_address("[::1]").value() == ip("::1"));
}

TEST_CASE("networks are read strictly", "[address_guard]") {
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0/8", "::1/64", "fd00::/129"}) {
        INFO(text);
        CHECK_FALSE(IpNetwork::parse(text));
    }
    CHECK(IpNetwork::parse("0.0.0.0/0").value().contains(ip("8.8.8.8")));
    CHECK_FALSE(IpNetwork::parse("0.0.0.0/0").value().contains(ip("::1")));
    CHECK(IpNetwork::parse("10.1.2.3").value().prefix == 32);
}
