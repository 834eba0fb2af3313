#include "chain/keccak.hpp"

#include <cryptopp/keccak.h>
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "chain/keccak_lanes.hpp"
#include "chain/personal_message.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

TEST_CASE("Keccak-256: the digests of ethersproject/hashes.json") {
    const auto cases = load_vectors("hashes");
    for (const auto& c : cases.GetArray()) {
        INFO(c["data"].GetString());
        CHECK(keccak256(unhex(text_of(c["data"]))).hex() == text_of(c["keccak256"]));
    }
}

TEST_CASE("Keccak-256 agrees with Crypto++ at every length over four blocks") {
    Bytes data;
    for (std::size_t length = 0; length <= 4 * 136 + 1; ++length) {
        Hash expected;
        CryptoPP::Keccak_256 reference;
        reference.Update(data.data(), data.size());
        reference.Final(expected.bytes.data());
        INFO(length);
        REQUIRE(keccak256(data) == expected);
        data.push_back(static_cast<std::uint8_t>(31 * length + 7));
    }
}

TEST_CASE("hashing parts is hashing their concatenation, wherever they are cut") {
    Bytes data(300);
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
    const ByteView all = data;
    const Hash expected = keccak256(data);
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
        const std::size_t second = cut + (data.size() - cut) / 2;
        REQUIRE(keccak256({all.first(cut), all.subspan(cut, second - cut), all.subspan(second)}) == expected);
    }
}

TEST_CASE("EIP-191: the message of personal_sign is hashed with its prefix and length in bytes") {
    // The vectors of the ethers documentation for hashMessage.
    CHECK(personal_message_hash("Hello World").hex() ==
          "0xa1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2");
    CHECK(personal_message_hash("") == keccak256("\x19"
                                                 "Ethereum Signed Message:\n0"));
    CHECK(personal_message_hash("\xc3\xa9") == keccak256("\x19"
                                                         "Ethereum Signed Message:\n2\xc3\xa9"));
}

TEST_CASE("many messages at once have the digests that each has alone", "[keccak]") {
    CHECK(rc::check([] {
        const auto messages = *rc::gen::container<std::vector<Bytes>>(
            rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, 600), [](std::size_t size) {
                return rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
            }));
        const std::vector<ByteView> views(messages.begin(), messages.end());
        std::vector<Hash> digests(views.size());
        keccak256_each(views, digests);
        for (std::size_t i = 0; i < views.size(); ++i) RC_ASSERT(digests[i] == keccak256(views[i]));
    }));
}

TEST_CASE("every length around the rate is padded right in every lane", "[keccak]") {
    std::vector<Bytes> messages;
    for (std::size_t size = 0; size < 420; ++size)
        messages.emplace_back(size, static_cast<std::uint8_t>(size));
    const std::vector<ByteView> views(messages.begin(), messages.end());
    std::vector<Hash> digests(views.size());
    keccak256_each(views, digests);
    for (std::size_t i = 0; i < views.size(); ++i) CHECK(digests[i] == keccak256(views[i]));
}
