#pragma once

#include <compare>
#include <cstdint>

#include "chain/hash.hpp"

namespace grid::chain {

/// An unsigned 256-bit integer whose arithmetic never wraps: money in base units (18 decimals), prices, any
/// uint256.
/// `+`, `-`, `*` throw std::overflow_error when the result leaves [0, 2^256); `/` and `%` throw
/// std::domain_error on 0. Inside chain/ the executor turns these into a revert with Panic(0x11) or
/// Panic(0x12), as Solidity 0.8 does.
class Amount {
public:
    constexpr Amount() noexcept = default;
    constexpr Amount(std::uint64_t v) noexcept : limbs_{v, 0, 0, 0} {}  // NOLINT(google-explicit-constructor)

    /// 2^bits, bits < 256.
    static Amount power_of_two(unsigned bits);
    /// Decimal digits only, no sign, no leading zeros but "0" itself; code `bad_amount`.
    static Result<Amount> parse(std::string_view decimal);
    /// "1.5" at 18 decimals is 1500000000000000000; at most `decimals` digits after the point; code
    /// `bad_amount`.
    static Result<Amount> parse_units(std::string_view text, unsigned decimals = 18);
    /// JSON-RPC quantity: "0x" and hexadecimal digits, no leading zeros, "0x0" for zero; code `bad_quantity`.
    static Result<Amount> parse_quantity(std::string_view text);
    static Amount from_word(const Hash& big_endian) noexcept;
    /// At most 32 big-endian bytes (longer input throws std::overflow_error).
    static Amount from_big_endian(ByteView bytes);

    Hash word() const noexcept;
    /// Without leading zero bytes; empty for zero (RLP's integer form).
    Bytes minimal_big_endian() const;
    std::string decimal() const;
    std::string quantity() const;
    /// Like "12.5": the amount in whole units of 10^decimals, without trailing zeros.
    std::string units(unsigned decimals = 18) const;

    bool is_zero() const noexcept { return (limbs_[0] | limbs_[1] | limbs_[2] | limbs_[3]) == 0; }
    bool fits_u64() const noexcept { return (limbs_[1] | limbs_[2] | limbs_[3]) == 0; }
    /// Throws std::overflow_error when it does not fit.
    std::uint64_t to_u64() const;
    /// Number of significant bits; 0 for zero.
    unsigned bit_length() const noexcept;

    friend Amount operator+(const Amount&, const Amount&);
    friend Amount operator-(const Amount&, const Amount&);
    friend Amount operator*(const Amount&, const Amount&);
    friend Amount operator/(const Amount&, const Amount&);
    friend Amount operator%(const Amount&, const Amount&);
    Amount& operator+=(const Amount& o) { return *this = *this + o; }
    Amount& operator-=(const Amount& o) { return *this = *this - o; }
    Amount& operator*=(const Amount& o) { return *this = *this * o; }
    friend bool operator==(const Amount&, const Amount&) noexcept = default;
    friend std::strong_ordering operator<=>(const Amount& a, const Amount& b) noexcept;

    const std::array<std::uint64_t, 4>& limbs() const noexcept { return limbs_; }

private:
    std::array<std::uint64_t, 4> limbs_{};  ///< least significant first
};

/// a / b rounded up; throws std::domain_error on b = 0.
Amount divide_up(const Amount& a, const Amount& b);

}  // namespace grid::chain
