#include "lease/base64url.hpp"

#include <array>

namespace grid::lease {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
    std::array<std::uint8_t, 256> values{};
    for (auto& value : values) value = kNone;
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
        values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    return values;
}();

}  // namespace

std::string base64url(chain::ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        held += 8;
        while (held >= 6) {
            held -= 6;
            text += kAlphabet[bits >> held & 63];
        }
    }
    if (held > 0) text += kAlphabet[bits << (6 - held) & 63];
    return text;
}

std::size_t decode_base64url(std::string_view text, std::span<std::uint8_t> out) noexcept {
    const std::size_t size = base64url_decoded_size(text.size());
    if (text.size() % 4 == 1 || size > out.size()) return 0;
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t written = 0;
    for (const char c : text) {
        const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
        if (value == kNone) return 0;
        bits = bits << 6 | value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[written++] = static_cast<std::uint8_t>(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0) return 0;
    return written;
}

}  // namespace grid::lease
