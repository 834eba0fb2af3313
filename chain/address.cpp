#include "chain/address.hpp"

#include <algorithm>

#include "chain/keccak.hpp"

namespace grid::chain {

std::string Address::checksummed() const {
    std::string text = hex();
    const Hash hash = keccak256(std::string_view(text).substr(2));
    for (std::size_t i = 0; i < 40; ++i) {
        const unsigned nibble = i % 2 == 0 ? hash.bytes[i / 2] >> 4 : hash.bytes[i / 2] & 15;
        char& c = text[2 + i];
        if (nibble >= 8 && c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

Result<Address> Address::parse(std::string_view text) {
    if (text.size() != 42)
        return fail("bad_address", "expected 0x and 40 hexadecimal digits, came " +
                                       std::to_string(text.size()) + " characters");
    const auto bytes = from_hex(text);
    if (!bytes) return fail("bad_address", bytes.error().message);
    Address address;
    std::copy(bytes->begin(), bytes->end(), address.bytes.begin());

    const auto digits = text.substr(2);
    const bool has_lower =
        std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'a' && c <= 'f'; });
    const bool has_upper =
        std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    if (has_lower && has_upper && address.checksummed() != text)
        return fail("bad_address", "the EIP-55 checksum is wrong: a digit was mistyped");
    return address;
}

Result<Address> Address::from_word(const Hash& word) {
    if (std::any_of(word.bytes.begin(), word.bytes.begin() + 12, [](std::uint8_t b) { return b != 0; }))
        return fail("bad_address", "expected 12 zero bytes before the address, came " + word.hex());
    Address address;
    std::copy(word.bytes.begin() + 12, word.bytes.end(), address.bytes.begin());
    return address;
}

Hash Address::word() const noexcept {
    Hash word;
    std::copy(bytes.begin(), bytes.end(), word.bytes.begin() + 12);
    return word;
}

}  // namespace grid::chain
