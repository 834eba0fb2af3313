#include "chain/secp256k1.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <stdexcept>

#include "chain/keccak.hpp"

namespace grid::chain {
namespace {

/// The order n of the group.
constexpr std::array<std::uint8_t, 32> kOrder = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

/// Half of it: s above is refused, or every signature would have a twin.
constexpr std::array<std::uint8_t, 32> kHalfOrder = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

/// The library's context. It is never changed after its creation, which makes it safe to share between
/// threads; it is blinded once against side channels.
const secp256k1_context* context() {
    static const secp256k1_context* const shared = [] {
        secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
        std::array<std::uint8_t, 32> seed;
        if (RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) != 1 ||
            secp256k1_context_randomize(made, seed.data()) != 1)
            throw std::runtime_error("the random generator of the operating system does not answer");
        OPENSSL_cleanse(seed.data(), seed.size());
        return made;
    }();
    return shared;
}

/// The 64 bytes x, y.
std::array<std::uint8_t, 64> coordinates(const secp256k1_pubkey& key) {
    std::array<std::uint8_t, 65> point;
    std::size_t length = point.size();
    secp256k1_ec_pubkey_serialize(context(), point.data(), &length, &key, SECP256K1_EC_UNCOMPRESSED);
    std::array<std::uint8_t, 64> result;
    std::copy(point.begin() + 1, point.end(), result.begin());
    return result;
}

Address address_of(const secp256k1_pubkey& key) {
    const Hash hash = keccak256(coordinates(key));
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

secp256k1_pubkey public_key_of(ByteView secret) {
    secp256k1_pubkey key;
    if (secp256k1_ec_pubkey_create(context(), &key, secret.data()) != 1)
        throw std::logic_error("a private key is outside 1 .. n-1");
    return key;
}

/// A node of the BIP-32 tree: a secret and its chain code, wiped at the end.
struct ExtendedKey {
    std::array<std::uint8_t, 64> bytes{};
    ~ExtendedKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    ByteView secret() const { return ByteView(bytes).first(32); }
    ByteView chain_code() const { return ByteView(bytes).last(32); }
};

void hmac_sha512(ByteView key, ByteView data, std::array<std::uint8_t, 64>& out) {
    unsigned length = 0;
    if (HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
             &length) == nullptr)
        throw std::runtime_error("HMAC-SHA512 failed");
}

/// BIP-32 CKDpriv; false when the child is one of the (practically unreachable) invalid keys.
bool derive_child(const ExtendedKey& parent, std::uint32_t index, ExtendedKey& child) {
    std::array<std::uint8_t, 37> data{};
    if (index >= 0x80000000u) {
        std::copy(parent.secret().begin(), parent.secret().end(), data.begin() + 1);
    } else {
        const secp256k1_pubkey key = public_key_of(parent.secret());
        std::size_t length = 33;
        secp256k1_ec_pubkey_serialize(context(), data.data(), &length, &key, SECP256K1_EC_COMPRESSED);
    }
    for (std::size_t i = 0; i < 4; ++i) data[33 + i] = static_cast<std::uint8_t>(index >> (24 - 8 * i));
    hmac_sha512(parent.chain_code(), data, child.bytes);
    OPENSSL_cleanse(data.data(), data.size());
    return secp256k1_ec_seckey_tweak_add(context(), child.bytes.data(), parent.bytes.data()) == 1;
}

}  // namespace

Bytes Signature::rsv() const {
    Bytes result(65);
    std::copy(r.bytes.begin(), r.bytes.end(), result.begin());
    std::copy(s.bytes.begin(), s.bytes.end(), result.begin() + 32);
    result[64] = static_cast<std::uint8_t>(27 + parity);
    return result;
}

Result<Signature> Signature::parse(ByteView rsv) {
    if (rsv.size() != 65)
        return fail("bad_signature", "expected 65 bytes r, s, v, came " + std::to_string(rsv.size()));
    const unsigned v = rsv[64];
    if (v != 0 && v != 1 && v != 27 && v != 28)
        return fail("bad_signature", "expected v to be 0, 1, 27 or 28, came " + std::to_string(v));
    Signature result;
    std::copy(rsv.begin(), rsv.begin() + 32, result.r.bytes.begin());
    std::copy(rsv.begin() + 32, rsv.begin() + 64, result.s.bytes.begin());
    result.parity = static_cast<std::uint8_t>(v >= 27 ? v - 27 : v);
    return result;
}

Result<PrivateKey> PrivateKey::from_bytes(ByteView secret) {
    if (secret.size() != 32)
        return fail("bad_key", "expected a private key of 32 bytes, came " + std::to_string(secret.size()));
    if (secp256k1_ec_seckey_verify(context(), secret.data()) != 1)
        return fail("bad_key", "expected a private key between 1 and n-1 of secp256k1");
    PrivateKey key;
    std::copy(secret.begin(), secret.end(), key.secret_.begin());
    key.address_ = address_of(public_key_of(key.secret_));
    return key;
}

PrivateKey PrivateKey::generate() {
    std::array<std::uint8_t, 32> secret;
    for (;;) {
        if (RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
            throw std::runtime_error("the random generator of the operating system does not answer");
        const auto key = from_bytes(secret);
        OPENSSL_cleanse(secret.data(), secret.size());
        if (key) return *key;
    }
}

PrivateKey::PrivateKey(const PrivateKey&) = default;
PrivateKey& PrivateKey::operator=(const PrivateKey&) = default;
PrivateKey::~PrivateKey() {
    OPENSSL_cleanse(secret_.data(), secret_.size());
}

Bytes PrivateKey::public_key() const {
    const auto point = coordinates(public_key_of(secret_));
    return {point.begin(), point.end()};
}

Signature PrivateKey::sign(const Hash& digest) const {
    secp256k1_ecdsa_recoverable_signature made;
    if (secp256k1_ecdsa_sign_recoverable(context(), &made, digest.bytes.data(), secret_.data(), nullptr,
                                         nullptr) != 1)
        throw std::logic_error("signing failed");
    std::array<std::uint8_t, 64> compact;
    int recovery = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), compact.data(), &recovery, &made);
    Signature result;
    std::copy(compact.begin(), compact.begin() + 32, result.r.bytes.begin());
    std::copy(compact.begin() + 32, compact.end(), result.s.bytes.begin());
    result.parity = static_cast<std::uint8_t>(recovery & 1);
    return result;
}

Result<void> check(const Signature& signature) {
    if (signature.parity > 1) return fail("bad_signature", "expected parity 0 or 1");
    if (signature.r.is_zero() || signature.r.bytes >= kOrder)
        return fail("bad_signature", "expected r between 1 and n-1");
    if (signature.s.is_zero()) return fail("bad_signature", "s is zero");
    if (signature.s.bytes > kHalfOrder)
        return fail("bad_signature", "s is in the upper half of the group order (EIP-2)");
    return {};
}

Result<Address> recover(const Hash& digest, const Signature& signature) {
    if (auto fault = check(signature); !fault) return tl::unexpected<Error>(fault.error());
    std::array<std::uint8_t, 64> compact;
    std::copy(signature.r.bytes.begin(), signature.r.bytes.end(), compact.begin());
    std::copy(signature.s.bytes.begin(), signature.s.bytes.end(), compact.begin() + 32);
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, compact.data(),
                                                            signature.parity) != 1 ||
        secp256k1_ecdsa_recover(context(), &key, &parsed, digest.bytes.data()) != 1)
        return fail("bad_signature", "no public key fits the signature");
    return address_of(key);
}

Result<PrivateKey> derive_from_mnemonic(std::string_view mnemonic, std::uint32_t index) {
    if (mnemonic.empty()) return fail("bad_key", "expected the words of a mnemonic, came nothing");
    if (mnemonic.size() > 1024) return fail("bad_key", "expected a mnemonic of at most 1024 characters");
    if (index >= 0x80000000u) return fail("bad_key", "expected an account index below 2^31");
    constexpr std::string_view kSalt = "mnemonic";  // BIP-39: "mnemonic" and the passphrase, here none
    ExtendedKey seed;
    if (PKCS5_PBKDF2_HMAC(mnemonic.data(), static_cast<int>(mnemonic.size()), as_bytes(kSalt).data(),
                          static_cast<int>(kSalt.size()), 2048, EVP_sha512(),
                          static_cast<int>(seed.bytes.size()), seed.bytes.data()) != 1)
        throw std::runtime_error("PBKDF2 failed");
    ExtendedKey node;
    hmac_sha512(as_bytes("Bitcoin seed"), seed.bytes, node.bytes);
    if (secp256k1_ec_seckey_verify(context(), node.bytes.data()) != 1)
        return fail("bad_key", "the mnemonic leads to an invalid key; choose another");
    constexpr std::uint32_t kHardened = 0x80000000u;
    for (const std::uint32_t step : {44 | kHardened, 60 | kHardened, 0 | kHardened, 0u, index}) {
        ExtendedKey child;
        if (!derive_child(node, step, child))
            return fail("bad_key", "this index leads to an invalid key; choose another");
        node.bytes = child.bytes;
    }
    return PrivateKey::from_bytes(node.secret());
}

}  // namespace grid::chain
