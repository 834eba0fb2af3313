#include "lease/quantity.hpp"

#include <algorithm>
#include <array>

#include "chain/amount.hpp"

namespace grid::lease {
namespace {

using chain::Amount;

constexpr std::size_t kMaxText = 64;
constexpr std::size_t kMaxDigits = 40;

bool digit(char c) {
    return c >= '0' && c <= '9';
}

tl::unexpected<Error> bad(std::string_view text, std::string_view what) {
    return fail("bad_quantity", "\"" + std::string(text.substr(0, kMaxText)) + "\" " + std::string(what));
}

/// 10^exponent, exponent <= 76.
Amount power_of_ten(int exponent) {
    Amount result{1};
    for (int i = 0; i < exponent; ++i) result *= Amount{10};
    return result;
}

/// mantissa * 10^exponent * 2^binary, exactly.
struct Quantity {
    Amount mantissa;
    int exponent = 0;
    unsigned binary = 0;
};

struct Suffix {
    std::string_view name;
    int exponent;
    unsigned binary;
};
constexpr std::array<Suffix, 16> kSuffixes = {{
    {"", 0, 0},
    {"n", -9, 0},
    {"u", -6, 0},
    {"m", -3, 0},
    {"k", 3, 0},
    {"M", 6, 0},
    {"G", 9, 0},
    {"T", 12, 0},
    {"P", 15, 0},
    {"E", 18, 0},
    {"Ki", 0, 10},
    {"Mi", 0, 20},
    {"Gi", 0, 30},
    {"Ti", 0, 40},
    {"Pi", 0, 50},
    {"Ei", 0, 60},
}};

/// Reads the exponent of "e3", "E-2", "e+6"; false when it is not one.
bool read_exponent(std::string_view text, int& exponent) {
    if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return false;
    text.remove_prefix(1);
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    if (text.empty() || text.size() > 4 || !std::all_of(text.begin(), text.end(), digit)) return false;
    int value = 0;
    for (const char c : text) value = value * 10 + (c - '0');
    exponent += negative ? -value : value;
    return true;
}

Result<Quantity> read(std::string_view text) {
    constexpr std::string_view kExpected =
        "is not a quantity: expected a number like 2, 0.5, 500m, 128Mi or 1e9";
    if (text.empty() || text.size() > kMaxText) return bad(text, kExpected);
    std::string_view rest = text;
    if (rest.front() == '-') return bad(text, "is negative");
    if (rest.front() == '+') rest.remove_prefix(1);
    Quantity quantity;
    std::size_t digits = 0, significant = 0;
    bool fraction = false;
    for (; !rest.empty() && (digit(rest.front()) || (rest.front() == '.' && !fraction));
         rest.remove_prefix(1)) {
        if (rest.front() == '.') {
            fraction = true;
            continue;
        }
        ++digits;
        if (significant > 0 || rest.front() != '0') ++significant;
        if (significant > kMaxDigits) return bad(text, "has too many digits");
        quantity.mantissa =
            quantity.mantissa * Amount{10} + Amount{static_cast<std::uint64_t>(rest.front() - '0')};
        if (fraction) --quantity.exponent;
    }
    if (digits == 0) return bad(text, kExpected);
    const auto suffix =
        std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const Suffix& s) { return s.name == rest; });
    if (suffix != kSuffixes.end()) {
        quantity.exponent += suffix->exponent;
        quantity.binary = suffix->binary;
    } else if (!read_exponent(rest, quantity.exponent)) {
        return bad(text, kExpected);
    }
    return quantity;
}

/// ceil(quantity * multiplier / 2^shift) when it is below 2^64. `exact` refuses what does not come out even.
Result<std::uint64_t> scaled(std::string_view text, std::uint64_t multiplier, unsigned shift,
                             bool exact = false) {
    const auto quantity = read(text);
    if (!quantity) return tl::unexpected(quantity.error());
    const auto& [mantissa, exponent, binary] = *quantity;
    if (mantissa.is_zero()) return 0;
    // The mantissa has at most 133 bits, the multiplier 10, a suffix 60: 36 more decimal digits would be 2^64
    // in any case, and below 10^-76 everything is less than one.
    if (exponent > 40) return bad(text, "is too large");
    Amount numerator = mantissa * Amount{multiplier};
    if (exponent > 0) {
        if (numerator.bit_length() > 100) return bad(text, "is too large");
        numerator *= power_of_ten(exponent);
    }
    if (numerator.bit_length() + binary > 255) return bad(text, "is too large");
    numerator *= Amount::power_of_two(binary);
    const Amount denominator = power_of_ten(std::min(76, std::max(0, -exponent)));
    if (denominator.bit_length() + shift > 255)
        return exact ? Result<std::uint64_t>(bad(text, "is not a whole number")) : Result<std::uint64_t>(1);
    const Amount divisor = denominator * Amount::power_of_two(shift);
    if (exact && !(numerator % divisor).is_zero()) return bad(text, "is not a whole number");
    const Amount result = chain::divide_up(numerator, divisor);
    if (!result.fits_u64()) return bad(text, "is too large");
    return result.limbs()[0];
}

}  // namespace

Result<std::uint64_t> parse_millicores(std::string_view text) {
    return scaled(text, 1000, 0);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    return scaled(text, 1, 0);
}

Result<std::uint64_t> parse_mebibytes(std::string_view text) {
    return scaled(text, 1, 20);
}

Result<std::uint64_t> parse_count(std::string_view text) {
    return scaled(text, 1, 0, true);
}

std::string format_millicores(std::uint64_t millicores) {
    if (millicores % 1000 == 0) return std::to_string(millicores / 1000);
    return std::to_string(millicores) + "m";
}

std::string format_mebibytes(std::uint64_t mebibytes) {
    static constexpr std::array<std::string_view, 5> kUnits = {"Mi", "Gi", "Ti", "Pi", "Ei"};
    std::size_t unit = 0;
    while (unit + 1 < kUnits.size() && mebibytes != 0 && mebibytes % 1024 == 0) {
        mebibytes /= 1024;
        ++unit;
    }
    return std::to_string(mebibytes) + std::string(kUnits[unit]);
}

}  // namespace grid::lease
