#include "chain/bytes.hpp"

#include <catch2/catch.hpp>

#include "chain/hash.hpp"

using namespace grid::chain;

TEST_CASE("hexadecimal text is read and written") {
    CHECK(to_hex({}) == "0x");
    CHECK(to_hex(Bytes{0x00, 0x1f, 0xff}) == "0x001fff");
    CHECK(from_hex("0x").value().empty());
    CHECK(from_hex("0x00aBFf").value() == Bytes{0x00, 0xab, 0xff});
}

TEST_CASE("hexadecimal text that is malformed is refused") {
    for (const char* text :
         {"", "0", "x", "00", "0X00", "0x0", "0x000", "0xg0", "0x0g", " 0x00", "0x00 ", "0x-1"}) {
        INFO(text);
        REQUIRE_FALSE(from_hex(text));
        CHECK(from_hex(text).error().code == "bad_hex");
    }
}

TEST_CASE("a hash has 64 digits, no more and no less") {
    const std::string digits(64, 'A');
    CHECK(Hash::parse("0x" + digits).value().hex() == "0x" + std::string(64, 'a'));
    CHECK(Hash::parse("0x" + digits + "00").error().code == "bad_hash");
    CHECK(Hash::parse("0x" + digits.substr(2)).error().code == "bad_hash");
    CHECK(Hash::parse("00" + digits).error().code == "bad_hash");
    CHECK(Hash::parse("0x" + digits.substr(1) + "z").error().code == "bad_hash");
    CHECK(Hash::parse("").error().code == "bad_hash");
}

TEST_CASE("constant-time comparison tells equal from different") {
    CHECK(equal_constant_time({}, {}));
    CHECK(equal_constant_time(Bytes{1, 2}, Bytes{1, 2}));
    CHECK_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 3}));
    CHECK_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1}));
    CHECK_FALSE(equal_constant_time({}, Bytes{0}));
}
