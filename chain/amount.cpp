#include "chain/amount.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <stdexcept>

namespace grid::chain {
namespace {

__extension__ using u128 = unsigned __int128;
using Limbs = std::array<std::uint64_t, 4>;

constexpr std::uint64_t kTenTo19 = 10'000'000'000'000'000'000u;

[[noreturn]] void overflow(const char* operation) {
    throw std::overflow_error(std::string("amount leaves 0 .. 2^256 - 1 in ") + operation);
}

std::size_t used_limbs(const Limbs& v) noexcept {
    std::size_t n = 4;
    while (n > 0 && v[n - 1] == 0) --n;
    return n;
}

/// Divides in place, returns the remainder.
std::uint64_t divide_by_limb(Limbs& v, std::uint64_t divisor) noexcept {
    std::uint64_t remainder = 0;
    for (std::size_t i = used_limbs(v); i-- > 0;) {
        if (remainder == 0 && v[i] < divisor) {
            remainder = std::exchange(v[i], 0);
            continue;
        }
        const u128 part = u128{remainder} << 64 | v[i];
        v[i] = static_cast<std::uint64_t>(part / divisor);
        remainder = static_cast<std::uint64_t>(part % divisor);
    }
    return remainder;
}

struct Division {
    Limbs quotient{};
    Limbs remainder{};
};

/// Knuth, The Art of Computer Programming 4.3.1, algorithm D, for a divisor of two limbs or more.
Division divide_long(const Limbs& a, const Limbs& b) noexcept {
    const std::size_t n = used_limbs(b);
    const std::size_t m = used_limbs(a);
    const int shift = std::countl_zero(b[n - 1]);
    const auto carried = [shift](std::uint64_t low) { return low >> 1 >> (63 - shift); };

    Limbs v{};                         // the divisor, its top bit set
    std::array<std::uint64_t, 5> u{};  // the dividend, shifted alike
    for (std::size_t i = 0; i < n; ++i) v[i] = b[i] << shift | (i > 0 ? carried(b[i - 1]) : 0);
    for (std::size_t i = 0; i < m; ++i) u[i] = a[i] << shift | (i > 0 ? carried(a[i - 1]) : 0);
    u[m] = carried(a[m - 1]);

    Division result;
    for (std::size_t j = m - n + 1; j-- > 0;) {
        const u128 top = u128{u[j + n]} << 64 | u[j + n - 1];
        u128 digit = top / v[n - 1];
        u128 rest = top % v[n - 1];
        while (digit >> 64 != 0 || digit * v[n - 2] > (rest << 64 | u[j + n - 2])) {
            --digit;
            rest += v[n - 1];
            if (rest >> 64 != 0) break;
        }
        std::uint64_t borrow = 0;
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const u128 product = digit * v[i] + carry;
            carry = static_cast<std::uint64_t>(product >> 64);
            const u128 difference = u128{u[i + j]} - static_cast<std::uint64_t>(product) - borrow;
            u[i + j] = static_cast<std::uint64_t>(difference);
            borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
        }
        const u128 difference = u128{u[j + n]} - carry - borrow;
        u[j + n] = static_cast<std::uint64_t>(difference);
        if (difference >> 64 != 0) {  // the digit was one too large: add the divisor back
            --digit;
            u128 sum = 0;
            for (std::size_t i = 0; i < n; ++i) {
                sum = (sum >> 64) + u[i + j] + v[i];
                u[i + j] = static_cast<std::uint64_t>(sum);
            }
            u[j + n] += static_cast<std::uint64_t>(sum >> 64);
        }
        result.quotient[j] = static_cast<std::uint64_t>(digit);
    }
    for (std::size_t i = 0; i < n; ++i)
        result.remainder[i] = u[i] >> shift | (shift == 0 ? 0 : u[i + 1] << (64 - shift));
    return result;
}

Division divide(const Amount& a, const Amount& b) {
    if (b.is_zero()) throw std::domain_error("amount divided by zero");
    if (a < b) return {{}, a.limbs()};
    if (b.fits_u64()) {
        Division result{a.limbs(), {}};
        result.remainder[0] = divide_by_limb(result.quotient, b.limbs()[0]);
        return result;
    }
    return divide_long(a.limbs(), b.limbs());
}

bool all_digits(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The value of decimal digits (leading zeros allowed); throws std::overflow_error.
Amount digits_value(std::string_view digits) {
    Amount value;
    while (!digits.empty()) {
        const std::size_t length = std::min<std::size_t>(19, digits.size());
        std::uint64_t part = 0;
        std::from_chars(digits.data(), digits.data() + length, part);
        std::uint64_t scale = 1;
        for (std::size_t i = 0; i < length; ++i) scale *= 10;
        value = value * Amount{scale} + Amount{part};
        digits.remove_prefix(length);
    }
    return value;
}

}  // namespace

Amount Amount::power_of_two(unsigned bits) {
    if (bits >= 256) overflow("a power of two");
    Amount result;
    result.limbs_[bits / 64] = std::uint64_t{1} << (bits % 64);
    return result;
}

Result<Amount> Amount::parse(std::string_view decimal) {
    if (decimal.empty() || decimal.size() > 78 || !all_digits(decimal))
        return fail("bad_amount", "expected 1 to 78 decimal digits");
    if (decimal.size() > 1 && decimal[0] == '0') return fail("bad_amount", "expected no leading zeros");
    try {
        return digits_value(decimal);
    } catch (const std::overflow_error&) {
        return fail("bad_amount", "expected less than 2^256");
    }
}

Result<Amount> Amount::parse_units(std::string_view text, unsigned decimals) {
    const auto point = text.find('.');
    auto whole = parse(text.substr(0, point));
    if (!whole) return whole;
    std::string_view fraction;
    if (point != std::string_view::npos) {
        fraction = text.substr(point + 1);
        if (fraction.empty() || !all_digits(fraction))
            return fail("bad_amount", "expected decimal digits after the point");
        if (fraction.size() > decimals)
            return fail("bad_amount",
                        "expected at most " + std::to_string(decimals) + " digits after the point");
    }
    try {
        Amount scale{1};
        for (unsigned i = 0; i < decimals; ++i) {
            scale *= Amount{10};
        }
        Amount part = digits_value(fraction);
        for (std::size_t i = fraction.size(); i < decimals; ++i) part *= Amount{10};
        return *whole * scale + part;
    } catch (const std::overflow_error&) {
        return fail("bad_amount", "expected less than 2^256 base units");
    }
}

Result<Amount> Amount::parse_quantity(std::string_view text) {
    if (!text.starts_with("0x") || text.size() < 3 || text.size() > 66)
        return fail("bad_quantity", "expected 0x and 1 to 64 hexadecimal digits");
    if (text.size() > 3 && text[2] == '0')
        return fail("bad_quantity", "expected no leading zeros; zero is 0x0");
    std::string even = "0x";
    if (text.size() % 2 != 0) even += '0';
    const auto bytes = from_hex(even.append(text.substr(2)));
    if (!bytes) return fail("bad_quantity", bytes.error().message);
    return from_big_endian(*bytes);
}

Amount Amount::from_word(const Hash& big_endian) noexcept {
    Amount result;
    for (std::size_t i = 0; i < 4; ++i) {
        std::uint64_t limb;
        std::memcpy(&limb, big_endian.bytes.data() + 24 - 8 * i, sizeof limb);
        result.limbs_[i] = __builtin_bswap64(limb);
    }
    return result;
}

Amount Amount::from_big_endian(ByteView bytes) {
    if (bytes.size() > 32) overflow("big-endian bytes");
    Hash word;
    std::copy(bytes.begin(), bytes.end(), word.bytes.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return from_word(word);
}

Hash Amount::word() const noexcept {
    static_assert(std::endian::native == std::endian::little);
    Hash result;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t limb = __builtin_bswap64(limbs_[i]);
        std::memcpy(result.bytes.data() + 24 - 8 * i, &limb, sizeof limb);
    }
    return result;
}

Bytes Amount::minimal_big_endian() const {
    const Hash all = word();
    return {all.bytes.end() - (bit_length() + 7) / 8, all.bytes.end()};
}

std::string Amount::decimal() const {
    if (is_zero()) return "0";
    std::string reversed;
    for (Limbs rest = limbs_; used_limbs(rest) > 0;) {
        std::uint64_t part = divide_by_limb(rest, kTenTo19);
        const bool last = used_limbs(rest) == 0;
        for (int i = 0; i < 19 && (part != 0 || !last); ++i, part /= 10)
            reversed += static_cast<char>('0' + part % 10);
    }
    return {reversed.rbegin(), reversed.rend()};
}

std::string Amount::quantity() const {
    if (is_zero()) return "0x0";
    std::string text = to_hex(minimal_big_endian());
    if (text[2] == '0') text.erase(2, 1);
    return text;
}

std::string Amount::units(unsigned decimals) const {
    std::string digits = decimal();
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    std::string fraction = digits.substr(digits.size() - decimals);
    digits.resize(digits.size() - decimals);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? digits : digits + '.' + fraction;
}

std::uint64_t Amount::to_u64() const {
    if (!fits_u64()) overflow("a conversion to 64 bits");
    return limbs_[0];
}

unsigned Amount::bit_length() const noexcept {
    const std::size_t n = used_limbs(limbs_);
    return n == 0 ? 0
                  : static_cast<unsigned>(64 * n) - static_cast<unsigned>(std::countl_zero(limbs_[n - 1]));
}

Amount operator+(const Amount& a, const Amount& b) {
    Amount result;
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const u128 sum = u128{a.limbs_[i]} + b.limbs_[i] + carry;
        result.limbs_[i] = static_cast<std::uint64_t>(sum);
        carry = static_cast<std::uint64_t>(sum >> 64);
    }
    if (carry != 0) overflow("an addition");
    return result;
}

Amount operator-(const Amount& a, const Amount& b) {
    Amount result;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const u128 difference = u128{a.limbs_[i]} - b.limbs_[i] - borrow;
        result.limbs_[i] = static_cast<std::uint64_t>(difference);
        borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
    }
    if (borrow != 0) overflow("a subtraction");
    return result;
}

Amount operator*(const Amount& a, const Amount& b) {
    const std::size_t n = used_limbs(a.limbs_);
    const std::size_t m = used_limbs(b.limbs_);
    Amount result;
    for (std::size_t i = 0; i < n; ++i) {
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < m; ++j) {
            const u128 product =
                u128{a.limbs_[i]} * b.limbs_[j] + carry + (i + j < 4 ? result.limbs_[i + j] : 0);
            if (i + j < 4) {
                result.limbs_[i + j] = static_cast<std::uint64_t>(product);
            } else if (product != 0) {
                overflow("a multiplication");
            }
            carry = static_cast<std::uint64_t>(product >> 64);
        }
        if (carry != 0) {
            if (i + m >= 4) overflow("a multiplication");
            result.limbs_[i + m] = carry;
        }
    }
    return result;
}

Amount operator/(const Amount& a, const Amount& b) {
    Amount result;
    result.limbs_ = divide(a, b).quotient;
    return result;
}

Amount operator%(const Amount& a, const Amount& b) {
    Amount result;
    result.limbs_ = divide(a, b).remainder;
    return result;
}

std::strong_ordering operator<=>(const Amount& a, const Amount& b) noexcept {
    for (std::size_t i = 4; i-- > 0;)
        if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
    return std::strong_ordering::equal;
}

Amount divide_up(const Amount& a, const Amount& b) {
    const Amount quotient = a / b;
    return quotient * b == a ? quotient : quotient + Amount{1};
}

}  // namespace grid::chain
