#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "chain/address.hpp"
#include "chain/time.hpp"
#include "lease/key_ring.hpp"

namespace grid::lease {

/// What a token allows. A route declares the one that it needs.
enum class Scope : std::uint32_t {
    read = 1u << 0,    ///< see the lease, its applications and their state
    deploy = 1u << 1,  ///< deploy and update
    logs = 1u << 2,
    exec = 1u << 3,
    restart = 1u << 4,
    scale = 1u << 5,
    remove = 1u << 6,   ///< delete applications
    share = 1u << 7,    ///< temporary URLs, public or private
    proxy = 1u << 8,    ///< visit the applications
    account = 1u << 9,  ///< accept orders, mint narrower tokens, log out: the user's own session only
};

/// A set of scopes.
struct Scopes {
    std::uint32_t bits = 0;
    constexpr Scopes() = default;
    constexpr explicit Scopes(std::uint32_t b) : bits(b) {}
    constexpr Scopes(Scope s) : bits(static_cast<std::uint32_t>(s)) {}  // NOLINT(google-explicit-constructor)
    static constexpr Scopes all() { return Scopes{(1u << 10) - 1}; }
    constexpr bool has(Scope s) const { return (bits & static_cast<std::uint32_t>(s)) != 0; }
    friend constexpr Scopes operator|(Scopes a, Scopes b) { return Scopes{a.bits | b.bits}; }
    friend bool operator==(const Scopes&, const Scopes&) = default;
};

/// Where a token is good. One for an application's host is worthless at the API, and the other way round.
enum class Audience : std::uint8_t {
    api = 0,       ///< the gateway's own origin: cookie cpuser_<address> or Authorization: Bearer
    app_host = 1,  ///< one application's own host: cookie __Host-grid-app
    handoff = 2,   ///< carries a session from the API to an application's host, once, for a minute
};

/// What a token says.
struct Claims {
    chain::Address user;
    chain::Hash lease_key;        ///< zero: of no lease yet
    std::uint64_t epoch = 0;      ///< of the user, when it was issued
    chain::Timestamp expires_at;  ///< good while now < expires_at
    Scopes scopes;
    Audience audience = Audience::api;
    std::string app;                    ///< app_host and handoff: which application; at most 32 characters
    chain::Timestamp access_ends_at;    ///< handoff: until when the access that it opens lasts; else 0
    std::array<std::uint8_t, 16> id{};  ///< random, made by issue(); names a handoff that has been used
    friend bool operator==(const Claims&, const Claims&) = default;
};

/// Who has been logged out: the least epoch of every user that is still alive. Filled, then published behind
/// a pointer to const, and never changed.
class RevocationEpochs {
public:
    void set(const chain::Address& user, std::uint64_t epoch) { epochs_[user] = epoch; }
    /// 0 for users who never logged out.
    std::uint64_t of(const chain::Address& user) const noexcept {
        const auto it = epochs_.find(user);
        return it == epochs_.end() ? 0 : it->second;
    }

private:
    std::unordered_map<chain::Address, std::uint64_t> epochs_;
};

/// Issues and checks the tokens of one gateway: HMAC-SHA256 over {version, audience, key id, gateway, user,
/// lease key, epoch, expiry, scopes, access end, id, app}, as base64url. Immutable: after a rotation the
/// owner publishes a new one. check() is safe to call from any thread, waits for nothing, and takes under a
/// microsecond.
class SessionTokens {
public:
    /// `gateway`: GatewayIdentity::id().
    SessionTokens(const chain::Hash& gateway, KeyRing keys);

    /// `claims.id` is ignored and made anew.
    std::string issue(const Claims& claims) const;

    /// Codes: `bad_token` (malformed, forged, or under a retired key), `foreign_token` (another gateway's),
    /// `expired_token`, `revoked_token` (an epoch before the user's). The audience is the caller's to
    /// compare.
    Result<Claims> check(std::string_view token, chain::Timestamp now, const RevocationEpochs& epochs) const;

    const KeyRing& keys() const noexcept { return keys_; }

private:
    std::array<std::uint8_t, 16> gateway_{};
    KeyRing keys_;
};

}  // namespace grid::lease
