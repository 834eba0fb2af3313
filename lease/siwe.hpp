#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chain/address.hpp"
#include "chain/time.hpp"

/// EIP-4361 (Sign-In with Ethereum): the text of a message and its strict reading. What it means for a login
/// is decided in login.hpp.
namespace grid::lease {

/// The fields of an EIP-4361 message of version 1.
struct SiweMessage {
    std::string scheme;  ///< empty when there is none
    std::string domain;
    chain::Address address;
    std::string statement;  ///< empty when there is none
    std::string uri;
    std::uint64_t chain_id = 0;
    std::string nonce;
    chain::Timestamp issued_at;   ///< fractions of a second are cut off
    chain::Timestamp expires_at;  ///< mandatory here
    chain::Timestamp not_before;  ///< 0 when there is none
    std::string request_id;       ///< empty when there is none
    std::vector<std::string> resources;
    friend bool operator==(const SiweMessage&, const SiweMessage&) = default;
};

/// The text for personal_sign.
std::string format_siwe(const SiweMessage& message);

/// Strict: every line of the EIP's grammar in its order, LF line ends, version 1, an address with its EIP-55
/// checksum, and an Expiration Time. At most 4 KiB. Code `bad_login` names the line.
Result<SiweMessage> parse_siwe(std::string_view text);

}  // namespace grid::lease
