#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "chain/hash.hpp"

/// Numbers modulo n, the order of secp256k1's group, for work on public data: nothing here runs in constant
/// time. Secrets belong to libsecp256k1.
namespace grid::chain {

/// A number in [0, n), least significant word first.
struct GroupScalar {
    std::array<std::uint64_t, 4> words{};

    friend bool operator==(const GroupScalar&, const GroupScalar&) = default;
    bool is_zero() const noexcept { return *this == GroupScalar{}; }
    /// 32 bytes, most significant first, taken modulo n.
    static GroupScalar from(const Hash& bytes) noexcept;
    Hash bytes() const noexcept;
};

GroupScalar operator*(const GroupScalar& a, const GroupScalar& b) noexcept;
GroupScalar operator+(const GroupScalar& a, const GroupScalar& b) noexcept;
GroupScalar operator-(const GroupScalar& a) noexcept;

/// Each number becomes its inverse, at the price of one inversion for all. None may be zero.
void invert_each(std::span<GroupScalar> numbers);

/// k = first + second lambda (mod n), where lambda (x, y) = (beta x, y) on the curve: both have at most 128
/// bits besides their sign (Gallant, Lambert and Vanstone, CRYPTO 2001; the constants are libsecp256k1's).
struct SplitScalar {
    GroupScalar first;
    GroupScalar second;
    bool first_negative = false;
    bool second_negative = false;
};
SplitScalar split(const GroupScalar& k) noexcept;

/// Signed digits of `bits` bits (4 or 8) each, least significant first, between -2^(bits-1) + 1 and
/// 2^(bits-1): the sum of digit i times 2^(bits i) is the number. `digits` has one more than the number
/// fills.
void signed_digits(const GroupScalar& number, unsigned bits, std::span<std::int16_t> digits) noexcept;

}  // namespace grid::chain
