#include "lease/session_token.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "lease/base64url.hpp"
#include "lease/byte_row.hpp"

namespace grid::lease {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxApp = 32;
/// version, audience, key id, gateway, user, lease key, epoch, expiry, scopes, access end, id, length of app
constexpr std::size_t kFixed = 1 + 1 + 4 + 16 + 20 + 32 + 8 + 8 + 4 + 8 + 16 + 1;
constexpr std::size_t kMac = 32;
constexpr std::size_t kMaxToken = kFixed + kMaxApp + kMac;
using Mac = std::array<std::uint8_t, kMac>;

/// One thread's HMAC contexts, each already keyed: to begin anew with the same key costs a copy of the state,
/// to key one costs two more hashes and an allocation. The data plane checks a token per request.
class ThreadMacs {
public:
    ThreadMacs() : algorithm_(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr)) {
        if (algorithm_ == nullptr) throw std::runtime_error("OpenSSL offers no HMAC");
    }
    ThreadMacs(const ThreadMacs&) = delete;
    ThreadMacs& operator=(const ThreadMacs&) = delete;
    ~ThreadMacs() {
        for (Slot& slot : slots_) {
            EVP_MAC_CTX_free(slot.context);
            OPENSSL_cleanse(slot.secret.data(), slot.secret.size());
        }
        EVP_MAC_free(algorithm_);
    }

    Mac compute(const std::array<std::uint8_t, 32>& secret, chain::ByteView body) {
        Mac mac;
        std::size_t length = 0;
        EVP_MAC_CTX* const context = begin(secret);
        if (EVP_MAC_update(context, body.data(), body.size()) != 1 ||
            EVP_MAC_final(context, mac.data(), &length, mac.size()) != 1 || length != mac.size())
            throw std::runtime_error("OpenSSL cannot compute an HMAC");
        return mac;
    }

private:
    struct Slot {
        std::array<std::uint8_t, 32> secret{};
        EVP_MAC_CTX* context = nullptr;
    };

    EVP_MAC_CTX* begin(const std::array<std::uint8_t, 32>& secret) {
        for (Slot& slot : slots_)
            if (slot.context != nullptr && slot.secret == secret) {
                if (EVP_MAC_init(slot.context, nullptr, 0, nullptr) != 1)
                    throw std::runtime_error("OpenSSL cannot restart an HMAC");
                return slot.context;
            }
        Slot& slot = slots_[next_++ % slots_.size()];
        if (slot.context == nullptr) slot.context = EVP_MAC_CTX_new(algorithm_);
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                         OSSL_PARAM_construct_end()};
        if (slot.context == nullptr ||
            EVP_MAC_init(slot.context, secret.data(), secret.size(), parameters) != 1)
            throw std::runtime_error("OpenSSL cannot begin an HMAC");
        slot.secret = secret;
        return slot.context;
    }

    EVP_MAC* algorithm_;
    std::array<Slot, 4> slots_;
    std::size_t next_ = 0;
};

Mac hmac(const std::array<std::uint8_t, 32>& secret, chain::ByteView body) {
    thread_local ThreadMacs macs;
    return macs.compute(secret, body);
}

tl::unexpected<Error> bad_token() {
    return fail("bad_token",
                "the session token is malformed, forged, or under a key that has retired; sign in again");
}

}  // namespace

SessionTokens::SessionTokens(const chain::Hash& gateway, KeyRing keys) : keys_(std::move(keys)) {
    std::copy_n(gateway.bytes.begin(), gateway_.size(), gateway_.begin());
}

std::string SessionTokens::issue(const Claims& claims) const {
    if (claims.app.size() > kMaxApp)
        throw std::invalid_argument("an application's name has at most 32 characters");
    std::array<std::uint8_t, 16> id;
    if (RAND_bytes(id.data(), static_cast<int>(id.size())) != 1)
        throw std::runtime_error("the random generator of the operating system does not answer");
    const KeyRing::Key& key = keys_.newest();
    std::array<std::uint8_t, kMaxToken> token;
    ByteWriter writer(token);
    writer.number(kVersion)
        .number(static_cast<std::uint8_t>(claims.audience))
        .number(key.id)
        .bytes(gateway_)
        .bytes(claims.user.bytes)
        .bytes(claims.lease_key.bytes)
        .number(claims.epoch)
        .number(claims.expires_at.seconds)
        .number(claims.scopes.bits)
        .number(claims.access_ends_at.seconds)
        .bytes(id)
        .number(static_cast<std::uint8_t>(claims.app.size()))
        .bytes(chain::as_bytes(claims.app));
    const Mac mac = hmac(key.secret, chain::ByteView(token).first(writer.written()));
    writer.bytes(mac);
    return base64url(chain::ByteView(token).first(writer.written()));
}

Result<Claims> SessionTokens::check(std::string_view token, chain::Timestamp now,
                                    const RevocationEpochs& epochs) const {
    std::array<std::uint8_t, kMaxToken> buffer;
    const std::size_t size = decode_base64url(token, buffer);
    if (size < kFixed + kMac) return bad_token();
    const chain::ByteView body = chain::ByteView(buffer).first(size - kMac);
    const chain::ByteView mac = chain::ByteView(buffer).subspan(body.size(), kMac);

    ByteReader reader(body);
    Claims claims;
    std::array<std::uint8_t, 16> gateway;
    const auto version = reader.number<std::uint8_t>();
    const auto audience = reader.number<std::uint8_t>();
    const auto key_id = reader.number<std::uint32_t>();
    reader.into(gateway);
    reader.into(claims.user.bytes);
    reader.into(claims.lease_key.bytes);
    claims.epoch = reader.number<std::uint64_t>();
    claims.expires_at.seconds = reader.number<std::uint64_t>();
    claims.scopes.bits = reader.number<std::uint32_t>();
    claims.access_ends_at.seconds = reader.number<std::uint64_t>();
    reader.into(claims.id);
    const auto app_size = reader.number<std::uint8_t>();
    const std::string_view app = reader.text(app_size);
    if (!reader.done() || version != kVersion || app_size > kMaxApp ||
        audience > static_cast<std::uint8_t>(Audience::handoff))
        return bad_token();
    // Before the signature: another gateway's token stands under a key that is not here. Refused in either
    // case.
    if (gateway != gateway_)
        return fail("foreign_token", "the session token is another gateway's; sign in at this one");
    const KeyRing::Key* const key = keys_.find(key_id, now);
    if (key == nullptr || !chain::equal_constant_time(hmac(key->secret, body), mac)) return bad_token();
    if (now >= claims.expires_at) return fail("expired_token", "the session has expired; sign in again");
    if (claims.epoch < epochs.of(claims.user))
        return fail("revoked_token", "the session was ended by a logout; sign in again");
    claims.audience = static_cast<Audience>(audience);
    claims.app = app;
    return claims;
}

}  // namespace grid::lease
