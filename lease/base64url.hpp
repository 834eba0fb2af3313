#pragma once

#include <string>
#include <string_view>

#include "chain/bytes.hpp"

/// RFC 4648 section 5 (URL and file name safe alphabet) without padding.
namespace grid::lease {

std::string base64url(chain::ByteView bytes);

/// Decodes into `out`; answers how many bytes were written: none when the text is not canonical (a character
/// outside the alphabet, an impossible length, unused bits that are not zero) or does not fit, so that every
/// byte string has one text.
std::size_t decode_base64url(std::string_view text, std::span<std::uint8_t> out) noexcept;

/// How many bytes a text of that length stands for.
constexpr std::size_t base64url_decoded_size(std::size_t characters) {
    return characters * 3 / 4;
}

}  // namespace grid::lease
