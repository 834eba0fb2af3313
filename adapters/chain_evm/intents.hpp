#pragma once

#include "chain/transaction.hpp"
#include "store/environment.hpp"

namespace grid::adapters::evm {

/// A transaction that the node has decided to send: one nonce, and every form of it that was signed (a later
/// one pays more). At most one of them can ever be mined.
struct Intent {
    std::uint64_t nonce = 0;
    std::vector<chain::SignedTransaction> attempts;  ///< not empty; the newest last
    bool answered = false;  ///< who asked for it knows its outcome: the same call again is another request

    const chain::Transaction& transaction() const { return attempts.back().transaction; }
};

/// The intents of one account on one chain, in a table of the node's store. What save() has returned for
/// survives every end of the process, so it is called before a transaction leaves.
class IntentStore {
public:
    /// Codes: those of store::Environment; `data_damaged`.
    static Result<IntentStore> open(store::Environment& environment, std::uint64_t chain_id,
                                    const chain::Address& from);

    Result<std::vector<Intent>> load() const;
    Result<void> save(const Intent& intent);
    Result<void> erase(std::uint64_t nonce);

private:
    IntentStore(store::Environment& environment, store::Table table, chain::Bytes prefix)
        : environment_(&environment), table_(table), prefix_(std::move(prefix)) {}
    chain::Bytes key(std::uint64_t nonce) const;

    store::Environment* environment_;
    store::Table table_;
    chain::Bytes prefix_;  ///< chain and account
};

}  // namespace grid::adapters::evm
