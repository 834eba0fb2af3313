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
    std::string client;  ///< whom it counts against: an address, an IP
    chain::Timestamp issued_at;
    chain::Timestamp expires_at;
    friend bool operator==(const NonceRow&, const NonceRow&) = default;

    chain::Bytes encode() const;
    /// Code `bad_row`.
    static Result<NonceRow> decode(chain::ByteView bytes);
};

/// The nonces of a gateway's logins: each is good once and for minutes. A nonce is alive while its row is
/// here: the owner writes the row before it hands the nonce out, and deletes it before it answers a login.
class NonceBook {
public:
    struct Limits {
        chain::Seconds life{300};
        std::size_t per_client = 32;
        std::size_t total = 100'000;
    };

    NonceBook() = default;
    explicit NonceBook(Limits limits) : limits_(limits) {}

    /// A fresh random nonce (24 letters and digits, 142 bits). Code `too_many_nonces` when the client, or
    /// everybody together, holds as many unused ones as allowed.
    Result<NonceRow> issue(std::string_view client, chain::Timestamp now);

    /// Uses a nonce up. Code `used_nonce`: unknown, used before, or its minutes are over.
    Result<NonceRow> spend(std::string_view nonce, chain::Timestamp now);

    /// Forgets what has expired; answers the nonces whose rows the owner may delete.
    std::vector<std::string> sweep(chain::Timestamp now);

    /// Puts a stored row back at start; expired ones are swept like others.
    void restore(NonceRow row);

    std::size_t size() const noexcept { return rows_.size(); }

private:
    void erase(const std::string& nonce);

    Limits limits_;
    std::unordered_map<std::string, NonceRow> rows_;
    std::unordered_map<std::string, std::size_t> by_client_;
    std::multimap<chain::Timestamp, std::string> by_expiry_;
};

}  // namespace grid::lease
