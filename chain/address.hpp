#pragma once

#include "chain/hash.hpp"

namespace grid::chain {

/// An account or contract: the last 20 bytes of the Keccak-256 of a public key.
struct Address {
    std::array<std::uint8_t, 20> bytes{};

    friend auto operator<=>(const Address&, const Address&) = default;
    ByteView view() const noexcept { return bytes; }
    bool is_zero() const noexcept { return *this == Address{}; }
    /// With the mixed-case checksum of EIP-55.
    std::string checksummed() const;
    /// "0x" and 40 lower-case digits, as JSON-RPC and labels want it.
    std::string hex() const { return to_hex(bytes); }
    /// Reads "0x" and 40 digits; all lower, all upper, or a right EIP-55 checksum; code `bad_address`.
    static Result<Address> parse(std::string_view text);
    /// The low 20 bytes of a word (an ABI or topic word); code `bad_address` when the upper 12 are not zero.
    static Result<Address> from_word(const Hash& word);
    /// Left-padded to 32 bytes.
    Hash word() const noexcept;
};

}  // namespace grid::chain

template <>
struct std::hash<grid::chain::Address> {
    std::size_t operator()(const grid::chain::Address& a) const noexcept {
        std::size_t v;
        std::memcpy(&v, a.bytes.data() + 4, sizeof v);
        return v;
    }
};
