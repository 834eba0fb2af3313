#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

namespace grid::chain {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// "0x" and two lower-case digits a byte.
std::string to_hex(ByteView bytes);

/// Reads "0x" and an even number of hexadecimal digits; code `bad_hex` otherwise.
Result<Bytes> from_hex(std::string_view text);

/// The bytes of a text, uncopied.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Compares in time that depends on the lengths alone.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace grid::chain
