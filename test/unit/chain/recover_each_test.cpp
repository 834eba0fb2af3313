#include "chain/recover_each.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "chain/amount.hpp"
#include "chain/group_scalar.hpp"
#include "chain/keccak.hpp"

using namespace grid::chain;

namespace {

/// The x of the generator: r of a signature with the ephemeral key 1.
const Hash kGeneratorX =
    Hash::parse("0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").value();

/// What recover() makes of each, one by one, is the truth.
void check_same(const std::vector<SignedDigest>& signatures) {
    std::vector<grid::Result<Address>> signers(signatures.size(), grid::fail("none", "not answered"));
    recover_each(signatures, signers);
    for (std::size_t i = 0; i < signatures.size(); ++i) {
        const auto expected = recover(signatures[i].digest, signatures[i].signature);
        INFO(i << " of " << signatures.size() << ": digest " << signatures[i].digest.hex() << ", r "
               << signatures[i].signature.r.hex() << ", s " << signatures[i].signature.s.hex() << ", parity "
               << int{signatures[i].signature.parity});
        REQUIRE(signers[i].has_value() == expected.has_value());
        if (expected)
            REQUIRE(*signers[i] == *expected);
        else
            REQUIRE(signers[i].error().message == expected.error().message);
    }
}

Hash random_hash(std::mt19937_64& random) {
    Hash hash;
    for (auto& byte : hash.bytes) byte = static_cast<std::uint8_t>(random());
    return hash;
}

Hash small(std::uint64_t number) {
    return Amount{number}.word();
}

/// What somebody would send who looks for numbers that the formulas cannot take.
Hash odd_number(std::mt19937_64& random) {
    static const std::vector<Hash> numbers = [] {
        std::vector<Hash> all{kGeneratorX};
        for (std::uint64_t i = 0; i < 20; ++i) all.push_back(small(i));
        for (const char* text :
             {"0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72",  // lambda
              "0xac9c52b33fa3cf1f5ad9e3fd77ed9ba4a880b9fc8ec739c2e0cfc810b51283ce",  // its square
              "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",  // n / 2
              "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1",
              "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",  // n - 1
              "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",  // n
              "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
              "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e",  // p - 1
              "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",  // p
              "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"})
            all.push_back(Hash::parse(text).value());
        return all;
    }();
    return numbers[random() % numbers.size()];
}

Signature signature_of(const GroupScalar& r, const GroupScalar& s, std::uint8_t parity) {
    return {r.bytes(), s.bytes(), parity};
}

}  // namespace

TEST_CASE("recovery of many: each signer is found, whatever their number") {
    std::mt19937_64 random(1);
    for (std::size_t count = 0; count <= 41; ++count) {
        std::vector<SignedDigest> signatures;
        std::vector<Address> signers;
        for (std::size_t i = 0; i < count; ++i) {
            const PrivateKey key = PrivateKey::generate();
            const Hash digest = random_hash(random);
            signatures.push_back({digest, key.sign(digest)});
            signers.push_back(key.address());
        }
        std::vector<grid::Result<Address>> found(count, grid::fail("none", "not answered"));
        recover_each(signatures, found);
        for (std::size_t i = 0; i < count; ++i) CHECK(found[i].value() == signers[i]);
    }
}

TEST_CASE("recovery of many: random and strange numbers give what recover() gives") {
    // Half of all x have no point. GRID_RECOVERIES=N tries more.
    const char* wanted = std::getenv("GRID_RECOVERIES");
    const std::size_t total = wanted ? std::strtoull(wanted, nullptr, 10) : 20'000;
    const std::uint64_t seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (std::size_t done = 0; done < total;) {
        std::vector<SignedDigest> signatures(1 + random() % 40);
        for (SignedDigest& one : signatures) {
            const auto number = [&] { return random() % 4 == 0 ? odd_number(random) : random_hash(random); };
            one = {number(),
                   {number(), number(), static_cast<std::uint8_t>(random() % 16 == 0 ? 2 : random() % 2)}};
            if (random() % 2) one.signature.s.bytes[0] &= 0x7f;  // else half of them fall to EIP-2
        }
        check_same(signatures);
        done += signatures.size();
    }
}

TEST_CASE("recovery of many: points that meet on the way are added all the same") {
    // With the ephemeral key 1 the sender's point is (s - z) / r G, by factors that the sender of the
    // signature chooses: s/r R + -z/r G with R = G or -G. Small factors make both sums meet at every step.
    const GroupScalar r = GroupScalar::from(kGeneratorX);
    std::vector<GroupScalar> factors;
    for (std::uint64_t i = 0; i < 24; ++i) factors.push_back({{i, 0, 0, 0}});
    for (const std::uint64_t i : {128u, 129u, 256u, 257u, 4096u, 65536u}) factors.push_back({{i, 0, 0, 0}});
    factors.push_back({{0, 1, 0, 0}});
    factors.push_back({{0, 0, 1, 0}});
    std::vector<SignedDigest> signatures;
    for (const GroupScalar& first : factors)
        for (const GroupScalar& second : factors)
            for (const bool negative : {false, true})
                for (const std::uint8_t parity : {0, 1}) {
                    GroupScalar s = first * r;
                    GroupScalar z = -(second * r);
                    // Of s and -s one is in the lower half.
                    if (!check(signature_of(r, s, parity))) s = -s;
                    if (negative) z = -z;
                    signatures.push_back({z.bytes(), signature_of(r, s, parity)});
                }
    std::size_t without = 0;
    for (const auto& one : signatures)
        if (!recover(one.digest, one.signature)) ++without;
    CHECK(without > 40);  // sums that are no point are among them
    check_same(signatures);
}

TEST_CASE("recovery of many: one bad signature does not touch its neighbours") {
    std::mt19937_64 random(3);
    std::vector<SignedDigest> signatures;
    for (std::size_t i = 0; i < 8; ++i) {
        const Hash digest = random_hash(random);
        signatures.push_back({digest, PrivateKey::generate().sign(digest)});
    }
    for (std::size_t bad = 0; bad < 8; ++bad) {
        auto changed = signatures;
        changed[bad].signature.r = small(5);  // no point has this x
        check_same(changed);
        changed[bad].signature.s = {};
        check_same(changed);
    }
}
