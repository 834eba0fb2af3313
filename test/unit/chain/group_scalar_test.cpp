#include "chain/group_scalar.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "chain/amount.hpp"

using namespace grid::chain;

namespace {

const Amount kOrder =
    Amount::parse_quantity("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
const GroupScalar kLambda = GroupScalar::from(
    Hash::parse("0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72").value());
constexpr GroupScalar kOne{{1, 0, 0, 0}};

GroupScalar scalar(const Amount& amount) {
    return GroupScalar::from(amount.word());
}

/// Numbers where carries and borrows happen, and random ones.
std::vector<GroupScalar> samples() {
    std::vector<GroupScalar> result;
    for (const char* text :
         {"0x1", "0x2", "0xffffffffffffffff", "0x10000000000000000", "0xffffffffffffffffffffffffffffffff",
          "0x100000000000000000000000000000000", "0x14551231950b75fc4402da1732fc9bebf",
          "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
          "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1",
          "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
          "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f",
          "0xfffffffffffffffffffffffffffffffe00000000000000000000000000000000",
          "0x8888888888888888888888888888888888888888888888888888888888888888",
          "0x8080808080808080808080808080808080808080808080808080808080808080"})
        result.push_back(scalar(Amount::parse_quantity(text).value()));
    std::mt19937_64 random(7);
    for (int i = 0; i < 500; ++i) {
        Hash bytes;
        for (auto& byte : bytes.bytes) byte = static_cast<std::uint8_t>(random());
        result.push_back(GroupScalar::from(bytes));
    }
    return result;
}

}  // namespace

TEST_CASE("group scalars: bytes are taken modulo n") {
    CHECK(scalar(kOrder).is_zero());
    CHECK(scalar(kOrder + Amount{5}) == GroupScalar{{5, 0, 0, 0}});
    Hash all;
    all.bytes.fill(0xff);
    CHECK(GroupScalar::from(all).bytes() ==
          Hash::parse("0x000000000000000000000000000000014551231950b75fc4402da1732fc9bebe").value());
    for (const GroupScalar& a : samples()) CHECK(GroupScalar::from(a.bytes()) == a);
}

TEST_CASE("group scalars: sums, products and opposites obey the laws of a field") {
    const auto all = samples();
    for (std::size_t i = 0; i + 2 < all.size(); ++i) {
        const GroupScalar &a = all[i], &b = all[i + 1], &c = all[i + 2];
        CHECK((a + b) * c == a * c + b * c);
        CHECK((a * b) * c == a * (b * c));
        CHECK((a + -a).is_zero());
        CHECK(a * kOne == a);
        CHECK(-a * b == -(a * b));
    }
    CHECK(GroupScalar{{3, 0, 0, 0}} * GroupScalar{{5, 0, 0, 0}} == GroupScalar{{15, 0, 0, 0}});
}

TEST_CASE("group scalars: many are inverted at once") {
    auto all = samples();
    const auto before = all;
    invert_each(all);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] * before[i] == kOne);
    invert_each({});
}

TEST_CASE("group scalars: the endomorphism splits a scalar into two halves of 128 bits") {
    for (const GroupScalar& k : samples()) {
        const SplitScalar halves = split(k);
        const GroupScalar first = halves.first_negative ? -halves.first : halves.first;
        const GroupScalar second = halves.second_negative ? -halves.second : halves.second;
        CHECK(first + second * kLambda == k);
        CHECK((halves.first.words[2] | halves.first.words[3]) == 0);
        CHECK((halves.second.words[2] | halves.second.words[3]) == 0);
    }
}

TEST_CASE("group scalars: signed digits make up the number") {
    for (const unsigned bits : {4u, 8u})
        for (const GroupScalar& k : samples()) {
            std::vector<std::int16_t> digits(256 / bits + 1);
            signed_digits(k, bits, digits);
            GroupScalar sum{};
            const GroupScalar base{{std::uint64_t{1} << bits, 0, 0, 0}};
            for (std::size_t i = digits.size(); i-- > 0;) {
                const int half = 1 << (bits - 1);
                CHECK((-half < digits[i] && digits[i] <= half));
                const auto size = static_cast<std::uint64_t>(std::abs(digits[i]));
                const GroupScalar digit{{size, 0, 0, 0}};
                sum = sum * base + (digits[i] < 0 ? -digit : digit);
            }
            CHECK(sum == k);
        }
}
