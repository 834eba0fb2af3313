#include "fuzz/target.hpp"

namespace grid::fuzz {

bool thorough(chain::ByteView input) noexcept {
    if (!exploring) return true;
    std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
    for (const std::uint8_t byte : input) hash = (hash ^ byte) * 1099511628211ull;
    return (hash >> 32) % 64 == 0;
}

}  // namespace grid::fuzz
