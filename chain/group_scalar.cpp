#include "chain/group_scalar.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace grid::chain {
namespace {

using Words = std::array<std::uint64_t, 4>;
__extension__ using Wide = unsigned __int128;

constexpr Words kOrder = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
/// 2^256 - n.
constexpr std::array<std::uint64_t, 3> kFold = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};

constexpr GroupScalar kLambda{
    {0xdf02967c1b23bd72, 0x122e22ea20816678, 0xa5261c028812645a, 0x5363ad4cc05c30e0}};
constexpr GroupScalar kMinusB1{{0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0, 0}};
constexpr GroupScalar kMinusB2{
    {0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff}};
/// 2^384 b2 / n and -2^384 b1 / n, rounded.
constexpr Words kG1 = {0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd};
constexpr Words kG2 = {0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828};

bool reaches_order(const Words& a) noexcept {
    for (std::size_t i = 4; i-- > 0;)
        if (a[i] != kOrder[i]) return a[i] > kOrder[i];
    return true;
}

/// a - b; the borrow is left to the caller, who knows.
Words minus(const Words& a, const Words& b) noexcept {
    Words r;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Wide d = Wide{a[i]} - b[i] - borrow;
        r[i] = static_cast<std::uint64_t>(d);
        borrow = static_cast<std::uint64_t>(d >> 64) & 1;
    }
    return r;
}

GroupScalar below_order(const Words& a) noexcept {
    return {reaches_order(a) ? minus(a, kOrder) : a};
}

std::array<std::uint64_t, 8> product(const Words& a, const Words& b) noexcept {
    std::array<std::uint64_t, 8> r{};
    for (std::size_t i = 0; i < 4; ++i) {
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const Wide t = Wide{a[i]} * b[j] + r[i + j] + carry;
            r[i + j] = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
        r[i + 4] = carry;
    }
    return r;
}

/// low + high (2^256 - n): the same number mod n as low + 2^256 high. `high` has N words, the result N + 3.
template <std::size_t N>
std::array<std::uint64_t, std::max<std::size_t>(N + 3, 5)> folded(const std::uint64_t* low,
                                                                  const std::uint64_t* high) noexcept {
    constexpr std::size_t kSize = std::max<std::size_t>(N + 3, 5);
    std::array<std::uint64_t, kSize> r{low[0], low[1], low[2], low[3]};
    for (std::size_t i = 0; i < N; ++i) {
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < kFold.size(); ++j) {
            const Wide t = Wide{high[i]} * kFold[j] + r[i + j] + carry;
            r[i + j] = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
        for (std::size_t j = i + kFold.size(); j < kSize && carry != 0; ++j) {
            r[j] += carry;
            carry = r[j] < carry ? 1 : 0;
        }
    }
    return r;
}

GroupScalar reduced(const std::array<std::uint64_t, 8>& wide) noexcept {
    // 512 bits, then at most 386, 260 and 257.
    const auto first = folded<4>(wide.data(), wide.data() + 4);
    const auto second = folded<3>(first.data(), first.data() + 4);
    const auto third = folded<1>(second.data(), second.data() + 4);
    Words r = {third[0], third[1], third[2], third[3]};
    if (third[4] != 0) r = minus(r, kOrder);  // wraps to what 2^256 + r - n is
    return below_order(r);
}

GroupScalar inverse(const GroupScalar& a) noexcept {
    // a^(n - 2), four bits of the exponent at a time.
    std::array<GroupScalar, 16> power;
    power[0] = {{1, 0, 0, 0}};
    for (std::size_t i = 1; i < power.size(); ++i) power[i] = power[i - 1] * a;
    const Words exponent = minus(kOrder, {2, 0, 0, 0});
    GroupScalar r = power[0];
    for (std::size_t i = 64; i-- > 0;) {
        for (int k = 0; k < 4; ++k) r = r * r;
        const auto digit = exponent[i / 16] >> (4 * (i % 16)) & 15;
        if (digit != 0) r = r * power[digit];
    }
    return r;
}

/// The upper 128 bits of the 512 bits of k g, rounded.
GroupScalar scaled(const GroupScalar& k, const Words& g) noexcept {
    const auto wide = product(k.words, g);
    const Wide upper = (Wide{wide[7]} << 64 | wide[6]) + (wide[5] >> 63);
    return {{static_cast<std::uint64_t>(upper), static_cast<std::uint64_t>(upper >> 64), 0, 0}};
}

/// Whichever of a and n - a is the smaller; whether it is n - a.
bool make_short(GroupScalar& a) noexcept {
    if (a.words[3] < kOrder[3] >> 1) return false;
    a = -a;
    return true;
}

}  // namespace

GroupScalar GroupScalar::from(const Hash& bytes) noexcept {
    Words words{};
    for (std::size_t i = 0; i < 32; ++i) words[3 - i / 8] = words[3 - i / 8] << 8 | bytes.bytes[i];
    return below_order(words);
}

Hash GroupScalar::bytes() const noexcept {
    Hash hash;
    for (std::size_t i = 0; i < 32; ++i)
        hash.bytes[i] = static_cast<std::uint8_t>(words[3 - i / 8] >> (56 - 8 * (i % 8)));
    return hash;
}

GroupScalar operator*(const GroupScalar& a, const GroupScalar& b) noexcept {
    return reduced(product(a.words, b.words));
}

GroupScalar operator+(const GroupScalar& a, const GroupScalar& b) noexcept {
    Words r;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Wide t = Wide{a.words[i]} + b.words[i] + carry;
        r[i] = static_cast<std::uint64_t>(t);
        carry = static_cast<std::uint64_t>(t >> 64);
    }
    if (carry != 0) return {minus(r, kOrder)};
    return below_order(r);
}

GroupScalar operator-(const GroupScalar& a) noexcept {
    if (a.is_zero()) return a;
    return {minus(kOrder, a.words)};
}

void invert_each(std::span<GroupScalar> numbers) {
    if (numbers.empty()) return;
    // Montgomery's trick: the inverse of the product of all, taken apart from the end.
    std::vector<GroupScalar> before(numbers.size());
    GroupScalar all{{1, 0, 0, 0}};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        assert(!numbers[i].is_zero());
        before[i] = all;
        all = all * numbers[i];
    }
    GroupScalar rest = inverse(all);
    for (std::size_t i = numbers.size(); i-- > 0;) {
        const GroupScalar number = numbers[i];
        numbers[i] = rest * before[i];
        rest = rest * number;
    }
}

SplitScalar split(const GroupScalar& k) noexcept {
    SplitScalar r;
    r.second = scaled(k, kG1) * kMinusB1 + scaled(k, kG2) * kMinusB2;
    r.first = k + -(r.second * kLambda);
    r.first_negative = make_short(r.first);
    r.second_negative = make_short(r.second);
    return r;
}

void signed_digits(const GroupScalar& number, unsigned bits, std::span<std::int16_t> digits) noexcept {
    const int base = 1 << bits;
    const std::size_t per_word = 64 / bits;
    int carry = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::size_t word = i / per_word;
        const auto bits_here =
            word < 4 ? number.words[word] >> (bits * (i % per_word)) & static_cast<std::uint64_t>(base - 1)
                     : 0;
        int digit = static_cast<int>(bits_here) + carry;
        carry = digit > base / 2 ? 1 : 0;
        if (carry != 0) digit -= base;
        digits[i] = static_cast<std::int16_t>(digit);
    }
}

}  // namespace grid::chain
