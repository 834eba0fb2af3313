#include "lease/standard_base64.hpp"

#include "lease/base64url.hpp"

namespace grid::lease {

std::optional<std::string> decode_standard_base64(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    std::size_t characters = 0, padding = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r') continue;
        ++characters;
        if (c == '=') {
            ++padding;
            continue;
        }
        if (padding > 0 || c == '-' || c == '_') return std::nullopt;
        plain += c == '+' ? '-' : c == '/' ? '_' : c;
    }
    if (characters % 4 != 0 || padding > 2) return std::nullopt;
    std::string bytes(base64url_decoded_size(plain.size()), '\0');
    const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
    if (!plain.empty() && decode_base64url(plain, out) == 0) return std::nullopt;
    return bytes;
}

}  // namespace grid::lease
