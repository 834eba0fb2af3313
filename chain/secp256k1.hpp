#pragma once

#include <memory>
#include <string_view>

#include "chain/address.hpp"

namespace grid::chain {

/// An ECDSA signature over secp256k1 that names its public key by recovery.
struct Signature {
    Hash r;
    Hash s;
    std::uint8_t parity = 0;  ///< 0 or 1: the y parity of the ephemeral point

    friend bool operator==(const Signature&, const Signature&) = default;
    /// r, s, v with v = 27 + parity: the 65 bytes that wallets return.
    Bytes rsv() const;
    /// Reads 65 bytes r, s, v with v in {0, 1, 27, 28}; code `bad_signature`.
    static Result<Signature> parse(ByteView rsv);
};

/// A secp256k1 private key. Wiped on destruction, never printed.
class PrivateKey {
public:
    /// 32 bytes in [1, n-1]; code `bad_key`.
    static Result<PrivateKey> from_bytes(ByteView secret);
    /// From the operating system's random generator.
    static PrivateKey generate();
    PrivateKey(const PrivateKey&);
    PrivateKey& operator=(const PrivateKey&);
    ~PrivateKey();

    Address address() const noexcept { return address_; }
    /// The 64 bytes x, y.
    Bytes public_key() const;
    /// Deterministic (RFC 6979), low s (EIP-2).
    Signature sign(const Hash& digest) const;
    /// The secret, for the keystore alone.
    ByteView secret() const noexcept { return secret_; }

private:
    PrivateKey() = default;
    std::array<std::uint8_t, 32> secret_{};
    Address address_;
};

/// Whether 1 <= r < n and 1 <= s <= n / 2 (EIP-2: of s and n - s only the lower one counts); code
/// `bad_signature`.
Result<void> check(const Signature& signature);

/// The address whose key made the signature over `digest`.
/// Code `bad_signature`: not a signature, or s in the upper half (EIP-2).
Result<Address> recover(const Hash& digest, const Signature& signature);

/// The key at BIP-32 path m/44'/60'/0'/0/`index` of a BIP-39 mnemonic without passphrase (development
/// accounts; words are not checked against the word list). Code `bad_key` on an empty mnemonic.
Result<PrivateKey> derive_from_mnemonic(std::string_view mnemonic, std::uint32_t index);

}  // namespace grid::chain
