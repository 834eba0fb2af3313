#include "chain/secp256k1.hpp"

#include <catch2/catch.hpp>

#include "chain/amount.hpp"
#include "chain/keccak.hpp"
#include "chain/personal_message.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

constexpr const char* kOrder = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kJunk = "test test test test test test test test test test test junk";

Amount order() {
    return Amount::parse_quantity(kOrder).value();
}

PrivateKey key_of(const Amount& secret) {
    return PrivateKey::from_bytes(secret.word().view()).value();
}

std::string code_of(const Hash& digest, const Signature& signature) {
    const auto address = recover(digest, signature);
    return address ? "accepted" : address.error().code;
}

}  // namespace

TEST_CASE("BIP-32, BIP-39: development accounts are those that every wallet derives") {
    CHECK(derive_from_mnemonic(kJunk, 0).value().address().checksummed() ==
          "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    CHECK(derive_from_mnemonic(kJunk, 1).value().address().checksummed() ==
          "0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    CHECK(to_hex(derive_from_mnemonic(kJunk, 0).value().secret()) ==
          "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    // ethersproject, hdnode.json, case "axic"
    CHECK(
        derive_from_mnemonic("radar blur cabbage chef fix engine embark joy scheme fiction master release", 0)
            .value()
            .address()
            .hex() == "0xac39b311dceb2a4b2f5d8461c1cdaf756f4f7ae9");
    CHECK(derive_from_mnemonic("", 0).error().code == "bad_key");
    CHECK(derive_from_mnemonic(kJunk, 0x80000000u).error().code == "bad_key");
    CHECK(derive_from_mnemonic(std::string(100'000, 'a'), 0).error().code == "bad_key");
}

TEST_CASE("private keys outside 1 .. n-1 or of another length are refused") {
    CHECK(PrivateKey::from_bytes(Bytes(32)).error().code == "bad_key");
    CHECK(PrivateKey::from_bytes(order().word().view()).error().code == "bad_key");
    CHECK(PrivateKey::from_bytes((order() + Amount{1}).word().view()).error().code == "bad_key");
    CHECK(PrivateKey::from_bytes((order() - Amount{1}).word().view()));
    CHECK(PrivateKey::from_bytes(Bytes(31, 1)).error().code == "bad_key");
    CHECK(PrivateKey::from_bytes(Bytes(33, 1)).error().code == "bad_key");
    CHECK(PrivateKey::from_bytes({}).error().code == "bad_key");
    CHECK(key_of(1).address().checksummed() == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
}

TEST_CASE("the public key hashes to the address") {
    const PrivateKey key = key_of(12345);
    const Bytes point = key.public_key();
    REQUIRE(point.size() == 64);
    const Hash hash = keccak256(point);
    CHECK(to_hex(hash.view().last(20)) == key.address().hex());
}

TEST_CASE("signatures are deterministic, have a low s and recover to the signer") {
    const PrivateKey key = PrivateKey::generate();
    CHECK(key.address() != PrivateKey::generate().address());
    for (unsigned i = 0; i < 200; ++i) {
        const Hash digest = keccak256(std::to_string(i));
        const Signature signature = key.sign(digest);
        REQUIRE(signature == key.sign(digest));
        REQUIRE(check(signature));
        REQUIRE(recover(digest, signature).value() == key.address());
        REQUIRE(Signature::parse(signature.rsv()).value() == signature);
        Signature other = signature;
        other.parity ^= 1;
        const auto somebody = recover(digest, other);
        REQUIRE((!somebody || *somebody != key.address()));
    }
}

TEST_CASE("EIP-191: a wallet's personal_sign is made and recovered") {
    // ethers 5.8.0, tests/src.ts/test-wallet.ts, "tests sign message"
    const PrivateKey key =
        PrivateKey::from_bytes(unhex("0x0123456789012345678901234567890123456789012345678901234567890123"))
            .value();
    const Hash digest = personal_message_hash("hello world");
    CHECK(digest.hex() == "0xd9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68");
    const Bytes rsv = unhex(
        "0xddd0a7290af9526056b4e35a077b9a11b513aa0028ec6c9880948544508f3c63265e99e47ad31bb2cab9646c504576b3ab"
        "c6939a"
        "1710afc08cbf3034d73214b81c");
    CHECK(key.sign(digest).rsv() == rsv);
    CHECK(recover(digest, Signature::parse(rsv).value()).value().checksummed() ==
          "0x14791697260E4c9A71f18484C9f997B308e59325");
    CHECK(recover(personal_message_hash("hello World"), key.sign(digest)).value() != key.address());
}

TEST_CASE("the twin of a signature with the upper s is refused, though its key is right") {
    const PrivateKey key = key_of(77);
    const Hash digest = keccak256("twin");
    Signature twin = key.sign(digest);
    twin.s = (order() - Amount::from_word(twin.s)).word();
    twin.parity ^= 1;
    CHECK(code_of(digest, twin) == "bad_signature");
    CHECK(check(twin).error().code == "bad_signature");
}

TEST_CASE("a signature with the other parity is never its signer's") {
    // Verification alone would accept both: it does not see the parity.
    const PrivateKey key = key_of(Amount{4743});
    for (std::uint64_t i = 0; i < 200; ++i) {
        const Hash digest = keccak256(Amount{i}.word().view());
        Signature signature = key.sign(digest);
        REQUIRE(recover(digest, signature).value() == key.address());
        signature.parity ^= 1;
        const auto other = recover(digest, signature);
        REQUIRE((!other || *other != key.address()));
    }
}

TEST_CASE("signatures with impossible numbers are refused") {
    const PrivateKey key = key_of(77);
    const Hash digest = keccak256("numbers");
    const Signature good = key.sign(digest);
    const Hash zero{};
    const Hash half = ((order() - Amount{1}) / Amount{2}).word();
    const Hash over_half = ((order() + Amount{1}) / Amount{2}).word();
    const Hash all_ones = Hash::parse("0x" + std::string(64, 'f')).value();
    const auto with = [&](const Hash& r, const Hash& s, std::uint8_t parity) {
        return Signature{r, s, parity};
    };

    CHECK(code_of(digest, good) == "accepted");
    CHECK(check(with(good.r, half, 0)));
    CHECK(code_of(digest, with(zero, good.s, 0)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, zero, 0)) == "bad_signature");
    CHECK(code_of(digest, with(zero, zero, 0)) == "bad_signature");
    CHECK(code_of(digest, with(order().word(), good.s, 0)) == "bad_signature");
    CHECK(code_of(digest, with(all_ones, good.s, 0)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, over_half, 0)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, order().word(), 0)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, all_ones, 0)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, good.s, 2)) == "bad_signature");
    CHECK(code_of(digest, with(good.r, good.s, 255)) == "bad_signature");
    // r = 5 is the x coordinate of no point of the curve.
    CHECK(code_of(digest, with(Amount{5}.word(), good.s, 0)) == "bad_signature");
}

TEST_CASE("of 65 bytes r, s, v only four values of v are read") {
    const PrivateKey key = key_of(3);
    const Signature signature = key.sign(keccak256("v"));
    for (unsigned v = 0; v < 256; ++v) {
        Bytes rsv = signature.rsv();
        rsv[64] = static_cast<std::uint8_t>(v);
        const auto parsed = Signature::parse(rsv);
        INFO(v);
        if (v == 0 || v == 1 || v == 27 || v == 28) {
            REQUIRE(parsed);
            CHECK(parsed->parity == (v >= 27 ? v - 27 : v));
        } else {
            REQUIRE_FALSE(parsed);
            CHECK(parsed.error().code == "bad_signature");
        }
    }
    CHECK(Signature::parse(Bytes(64)).error().code == "bad_signature");
    CHECK(Signature::parse(Bytes(66)).error().code == "bad_signature");
    CHECK(Signature::parse({}).error().code == "bad_signature");
}
