#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chain/time.hpp"
#include "store/result.hpp"

#include "chain/bytes.hpp"

namespace grid::lease {

/// A nonce that was given out and not used yet: what the owner stores so that logins survive a restart.
struct NonceRow {
    std::string nonce;
    std::string client;  ///< who asked for it, as they say: a wallet
    chain::Timestamp issued_at;
    chain::Timestamp expires_at;
    friend bool operator==(const NonceRow&, const NonceRow&) = default;

    chain::Bytes encode() const;
    /// Code `bad_row`.
    static Result<NonceRow> decode(chain::ByteView bytes);
};

/// The nonces of a gateway's logins: each is good once and for minutes. A nonce is alive while its row is
/// here: the owner writes the row before it hands the nonce out, and deletes it before it answers a login.
/// Anybody may ask in anybody's name, so nobody is refused: beyond the limits the oldest goes. To push out
/// that of somebody who is about to sign, a stranger needs thousands of requests in seconds, which the rate
/// limits do not allow.
class NonceBook {
public:
    struct Limits {
        chain::Seconds life{300};
        std::size_t per_client = 4096;
        std::size_t total = 100'000;
    };
    struct Issued {
        NonceRow row;
        std::vector<std::string> gone;  ///< whose rows the owner deletes
    };

    NonceBook() = default;
    explicit NonceBook(Limits limits) : limits_(limits) {}

    /// A fresh random nonce (24 letters and digits, 142 bits).
    Issued issue(std::string_view client, chain::Timestamp now);

    /// Uses a nonce up. Code `used_nonce`: unknown, used before, or its minutes are over.
    Result<NonceRow> spend(std::string_view nonce, chain::Timestamp now);

    /// Forgets what has expired; answers the nonces whose rows the owner may delete.
    std::vector<std::string> sweep(chain::Timestamp now);

    /// Puts a stored row back at start; expired ones are swept like others.
    void restore(NonceRow row);

    std::size_t size() const noexcept { return rows_.size(); }

private:
    using ByExpiry = std::multimap<chain::Timestamp, std::string>;  ///< of equal ones the older first

    void erase(const std::string& nonce);

    Limits limits_;
    std::unordered_map<std::string, NonceRow> rows_;
    std::unordered_map<std::string, ByExpiry> by_client_;
    ByExpiry by_expiry_;
};

}  // namespace grid::lease
