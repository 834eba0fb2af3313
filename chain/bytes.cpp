#include "chain/bytes.hpp"

#include <openssl/crypto.h>

namespace grid::chain {
namespace {

/// The value of a hexadecimal digit, or -1.
int digit_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(2 + 2 * bytes.size(), '0');
    text[1] = 'x';
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text[2 + 2 * i] = kDigits[bytes[i] >> 4];
        text[3 + 2 * i] = kDigits[bytes[i] & 15];
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text) {
    if (!text.starts_with("0x")) return fail("bad_hex", "expected hexadecimal text that begins with 0x");
    if (text.size() % 2 != 0)
        return fail("bad_hex",
                    "expected an even number of hexadecimal digits, came " + std::to_string(text.size() - 2));
    Bytes bytes(text.size() / 2 - 1);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit_value(text[2 + 2 * i]);
        const int low = digit_value(text[3 + 2 * i]);
        if (high < 0 || low < 0)
            return fail("bad_hex", "a character near position " + std::to_string(2 + 2 * i) +
                                       " is no hexadecimal digit");
        bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return bytes;
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace grid::chain
