#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chain/amount.hpp"
#include "chain/secp256k1.hpp"
#include "chain/time.hpp"

/// Login by wallet signature in two forms: EIP-4361 (Sign-In with Ethereum, signed by personal_sign) on the
/// gateway's own page, EIP-712 `Login` from anywhere else.
namespace grid::lease {

/// Who a gateway is, from its configuration, never from a request's Host.
struct GatewayIdentity {
    std::string domain;  ///< authority of its own page, like "gateway.example.org" or "127.0.0.1:8090"
    std::string uri;     ///< its origin, like "https://gateway.example.org"
    chain::Address provider;
    std::uint64_t chain_id = 0;
    chain::Address market;

    /// keccak256 over all of the above: the gateway's name in session tokens.
    chain::Hash id() const;
};

/// What the two forms have in common: what the user signs to.
struct LoginTerms {
    chain::Address user;
    std::string nonce;  ///< 8..64 letters and digits (EIP-4361)
    chain::Timestamp issued_at;
    chain::Timestamp expires_at;
    friend bool operator==(const LoginTerms&, const LoginTerms&) = default;
};

/// How far in the future the issue time of a login may lie.
inline constexpr chain::Seconds kLoginSkew{60};

// ---- EIP-712 ----

/// What eth_signTypedData_v4 signs for
/// Login(string gateway,address provider,address user,string nonce,uint64 issuedAt,uint64 expiry)
/// in the domain {name "GRID Gateway", version "1", chain id, verifyingContract = market}.
chain::Hash login_digest(const GatewayIdentity& gateway, const LoginTerms& terms);

/// The JSON document {types, primaryType, domain, message} of the same, for wallets.
std::string login_typed_data(const GatewayIdentity& gateway, const LoginTerms& terms);

// ---- EIP-4361 ----

/// The text for personal_sign. The provider stands in it as the resource "urn:grid:provider:<chain
/// id>:<address>".
std::string siwe_message(const GatewayIdentity& gateway, const LoginTerms& terms);

// ---- checking ----

/// Checks an EIP-712 login for this gateway. The nonce is not burned here: that is the NonceBook's part,
/// after this. Codes: `bad_login` (a malformed nonce), `clock_skew` (issued more than kLoginSkew ahead of
/// now), `expired_login`, `bad_signature` (also when it is made for another gateway, provider or chain: those
/// are in the digest).
Result<chain::Address> verify_login(const GatewayIdentity& gateway, const LoginTerms& terms,
                                    chain::ByteView signature, chain::Timestamp now);

/// Checks a signed EIP-4361 message for this gateway and answers what was signed to. The nonce is for the
/// caller to burn. Codes: `bad_login`, `foreign_login` (other domain, URI, chain id or provider),
/// `clock_skew`, `expired_login`, `bad_signature`.
Result<LoginTerms> verify_siwe(const GatewayIdentity& gateway, std::string_view message,
                               chain::ByteView signature, chain::Timestamp now);

}  // namespace grid::lease
