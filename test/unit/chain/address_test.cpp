#include "chain/address.hpp"

#include <catch2/catch.hpp>

#include "chain/secp256k1.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

TEST_CASE("EIP-55: the checksums of ethersproject/accounts.json are made and accepted") {
    const auto cases = load_vectors("accounts");
    for (const auto& c : cases.GetArray()) {
        const std::string checksummed = text_of(c["checksumAddress"]);
        INFO(checksummed);
        const auto address = Address::parse(text_of(c["address"]));
        REQUIRE(address);
        CHECK(address->checksummed() == checksummed);
        CHECK(Address::parse(checksummed).value() == *address);
        CHECK(address->hex() == text_of(c["address"]));
        if (c.HasMember("privateKey")) {
            const auto key = PrivateKey::from_bytes(unhex(text_of(c["privateKey"])));
            REQUIRE(key);
            CHECK(key->address() == *address);
        }
    }
}

TEST_CASE("an address with one letter in the wrong case is refused, all upper or all lower case is not") {
    const std::string right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    CHECK(Address::parse(right));
    CHECK(Address::parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"));
    CHECK(Address::parse("0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266"));
    for (std::size_t i = 2; i < right.size(); ++i) {
        std::string wrong = right;
        if (wrong[i] >= 'a')
            wrong[i] = static_cast<char>(wrong[i] - 'a' + 'A');
        else if (wrong[i] >= 'A')
            wrong[i] = static_cast<char>(wrong[i] - 'A' + 'a');
        else
            continue;
        INFO(wrong);
        REQUIRE_FALSE(Address::parse(wrong));
        CHECK(Address::parse(wrong).error().code == "bad_address");
    }
}

TEST_CASE("text that is no address is refused") {
    const std::string digits(40, '1');
    for (const std::string& text :
         {std::string(), "0x" + digits + "1", "0x" + digits.substr(1), "1x" + digits, "0X" + digits,
          "0x" + digits.substr(1) + "g", digits, "  " + digits}) {
        INFO(text);
        REQUIRE_FALSE(Address::parse(text));
        CHECK(Address::parse(text).error().code == "bad_address");
    }
}

TEST_CASE("an address and its word convert into each other, dirty upper bytes are refused") {
    const auto address = Address::parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").value();
    CHECK(address.word().hex() == "0x000000000000000000000000f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    CHECK(Address::from_word(address.word()).value() == address);
    for (std::size_t i = 0; i < 12; ++i) {
        Hash dirty = address.word();
        dirty.bytes[i] = 1;
        REQUIRE_FALSE(Address::from_word(dirty));
        CHECK(Address::from_word(dirty).error().code == "bad_address");
    }
}
