#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>

#include "chain/bytes.hpp"

namespace grid::chain {

/// 32 bytes that name something: a Keccak-256 digest, a block, a transaction, an EVM word.
struct Hash {
    std::array<std::uint8_t, 32> bytes{};

    friend auto operator<=>(const Hash&, const Hash&) = default;
    ByteView view() const noexcept { return bytes; }
    bool is_zero() const noexcept { return *this == Hash{}; }
    /// "0x" and 64 lower-case digits.
    std::string hex() const { return to_hex(bytes); }
    /// Reads exactly that form (digits of either case); code `bad_hash`.
    static Result<Hash> parse(std::string_view text);
};

}  // namespace grid::chain

template <>
struct std::hash<grid::chain::Hash> {
    std::size_t operator()(const grid::chain::Hash& h) const noexcept {
        std::size_t v;
        std::memcpy(&v, h.bytes.data(), sizeof v);
        return v;
    }
};
