#include "chain/integer.hpp"

#include <algorithm>

namespace grid::chain {
namespace {

Hash inverted(Hash word) {
    for (std::uint8_t& byte : word.bytes) byte = static_cast<std::uint8_t>(~byte);
    return word;
}

bool is_negative(const Hash& word) {
    return (word.bytes[0] & 0x80) != 0;
}

}  // namespace

Result<Hash> integer_word(const SignedMagnitude& number, unsigned bits, bool is_signed) {
    const auto& [size, negative] = number;
    const std::string type = (is_signed ? "int" : "uint") + std::to_string(bits);
    if (negative && !is_signed && !size.is_zero())
        return fail("bad_integer", "a negative number is no " + type);
    const bool fits = !is_signed
                          ? size.bit_length() <= bits
                          : size.bit_length() < bits || (negative && size == Amount::power_of_two(bits - 1));
    if (!fits) return fail("bad_integer", "the number does not fit " + type);
    if (!negative || size.is_zero()) return size.word();
    return inverted((size - Amount{1}).word());  // -x = not (x - 1)
}

Result<Hash> parse_integer(std::string_view text, unsigned bits, bool is_signed) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    Result<Amount> size = Amount::parse(text);
    if (text.starts_with("0x") && text.size() > 2) {
        const auto first = std::min(text.find_first_not_of('0', 2), text.size() - 1);
        size = Amount::parse_quantity("0x" + std::string(text.substr(first)));
    }
    if (!size) return fail("bad_integer", size.error().message);
    return integer_word({*size, negative}, bits, is_signed);
}

bool is_sign_extended(const Hash& word, unsigned bits) {
    return Amount::from_word(is_negative(word) ? inverted(word) : word).bit_length() < bits;
}

std::string signed_decimal(const Hash& word) {
    if (!is_negative(word)) return Amount::from_word(word).decimal();
    const Amount less_one = Amount::from_word(inverted(word));  // at most 2^255 - 1
    return '-' + (less_one + Amount{1}).decimal();
}

}  // namespace grid::chain
