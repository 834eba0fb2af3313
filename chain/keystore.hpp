#pragma once

#include <string>
#include <string_view>

#include "chain/secp256k1.hpp"

/// Private keys in files: web3 secret storage, version 3, as geth, ethers and MetaMask write it.
namespace grid::chain::keystore {

/// The cost of guessing a password (RFC 7914). Memory: 128 * n * r bytes.
struct ScryptParameters {
    std::uint64_t n = 262'144;  ///< a power of two from 2 to 2^20
    std::uint32_t r = 8;        ///< 1 .. 32
    std::uint32_t p = 1;        ///< 1 .. 16
};

/// The JSON document of a key under a password: scrypt, aes-128-ctr, a Keccak-256 MAC, a random salt, IV and
/// id. Throws std::invalid_argument on parameters outside their ranges, or above 1 GiB of memory.
std::string encrypt(const PrivateKey& key, std::string_view password, ScryptParameters parameters = {});

/// The key of such a document, by scrypt or pbkdf2 (hmac-sha256). A hostile document can demand neither more
/// than 1 GiB of memory nor more than about a minute of work. Codes: `bad_keystore` (names the field:
/// malformed, an unknown algorithm, a parameter out of range, another address than it says), `wrong_password`
/// (the MAC differs).
Result<PrivateKey> decrypt(std::string_view json, std::string_view password);

}  // namespace grid::chain::keystore
