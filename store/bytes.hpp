#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace grid::store {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A number as a key: eight big-endian bytes, so that the order of keys is the order of numbers.
inline std::array<std::uint8_t, 8> number_key(std::uint64_t number) noexcept {
    std::array<std::uint8_t, 8> key;
    for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    return key;
}

/// The number of such a key; 0 when it has not eight bytes.
inline std::uint64_t number_of(ByteView key) noexcept {
    std::uint64_t number = 0;
    if (key.size() != 8) return 0;
    for (const std::uint8_t byte : key) number = number << 8 | byte;
    return number;
}

}  // namespace grid::store
