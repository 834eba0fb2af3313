#pragma once

#include <map>
#include <unordered_map>

#include "chain/time.hpp"
#include "chain/transaction.hpp"

namespace grid::chain {

/// Transactions that wait in memory for one with an earlier nonce. Whatever can be executed at once never
/// comes here. Pure and not thread-safe: time and account nonces are arguments.
class WaitingPool {
public:
    struct Limits {
        std::size_t transactions = 4096;
        std::size_t bytes = std::size_t{16} << 20;
        std::size_t per_sender = 64;
        Seconds lifetime{600};  ///< older ones make room when the pool is full
    };
    WaitingPool() = default;
    explicit WaitingPool(Limits limits) : limits_(limits) {}

    /// Keeps a transaction whose nonce is ahead. One with the nonce of a waiting one replaces it when both
    /// fees are at least a tenth higher. Codes: `already_known`, `replacement_underpriced`, `pool_full`.
    Result<void> add(SignedTransaction transaction, const Address& sender, Timestamp now);

    /// Takes the sender's transaction with this nonce; drops those with earlier ones, which never can run any
    /// more.
    std::optional<SignedTransaction> take(const Address& sender, std::uint64_t nonce);

    struct Waiting {
        const SignedTransaction* transaction;  ///< valid until the next change
        Address sender;
    };
    std::optional<Waiting> find(const Hash& hash) const;

    /// The nonce after the run of waiting ones that begins at `nonce`.
    std::uint64_t next_nonce(const Address& sender, std::uint64_t nonce) const;

    std::size_t size() const noexcept { return by_hash_.size(); }

private:
    struct Entry {
        SignedTransaction transaction;
        Timestamp since;
    };
    struct Place {
        Address sender;
        std::uint64_t nonce;
    };
    using Sender = std::map<std::uint64_t, Entry>;
    void erase(const Address& sender, Sender::iterator entry);
    void expire(Timestamp now);
    bool has_room(const SignedTransaction& transaction) const;

    Limits limits_;
    std::unordered_map<Address, Sender> senders_;
    std::unordered_map<Hash, Place> by_hash_;
    std::size_t bytes_ = 0;
};

}  // namespace grid::chain
