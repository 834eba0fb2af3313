#pragma once

#include <optional>

#include "apps/grid/http.hpp"
#include "apps/grid/json.hpp"
#include "chain/block.hpp"
#include "chain/contracts.hpp"
#include "chain/gas_account.hpp"
#include "chain/market.hpp"
#include "chain/transaction.hpp"

namespace grid::cli {

/// The chain over its JSON-RPC, and nothing else of it: the same calls that any wallet makes.
/// Everything throws Failure: `unreachable`, `rpc` (the node's message), `reverted` (the decoded custom
/// error).
class ChainClient {
public:
    explicit ChainClient(const std::string& rpc_url,
                         const chain::ContractAddresses& contracts = chain::embedded_addresses())
        : endpoint_(rpc_url), contracts_(contracts) {}

    /// `parameters`: a JSON array as text. The result lives in the document.
    rapidjson::Document rpc(const std::string& method, const std::string& parameters) const;
    std::uint64_t chain_id() const;
    /// Of the block that would be made now.
    chain::Timestamp pending_time() const;
    const chain::ContractAddresses& contracts() const noexcept { return contracts_; }

    /// eth_call on the pending block.
    chain::Bytes call(const chain::Address& to, chain::ByteView calldata) const;
    chain::Order order(chain::OrderId id) const;
    /// Failure `not_found` for an address that never registered.
    chain::Provider provider(const chain::Address& address) const;
    std::optional<chain::Provider> find_provider(const chain::Address& address) const;
    chain::Amount token_balance(const chain::Address& account) const;
    chain::Amount credit_balance(const chain::Address& account) const;
    /// What the account has of the network's coin, and what gas costs now: nothing on the embedded chain.
    chain::GasAccount gas_account(const chain::Address& account) const;

    struct Mined {
        chain::Hash transaction;
        std::uint64_t block = 0;
        std::vector<chain::Log> logs;
    };
    /// Signs, sends and waits until the transaction is mined. Asks for an estimate first, so that what would
    /// revert is told without being sent.
    Mined transact(const chain::PrivateKey& key, const chain::Address& to,
                   const chain::Bytes& calldata) const;

    /// The same for a transaction that creates a contract, with a nonce of its own.
    Mined create(const chain::PrivateKey& key, std::uint64_t nonce, const chain::Bytes& code) const;
    /// How many transactions of an account there are; with those that wait when `pending`.
    std::uint64_t transactions_of(const chain::Address& account, bool pending) const;
    /// The code at an address; empty where there is none.
    chain::Bytes code(const chain::Address& address) const;
    /// Whether a contract lives there.
    bool has_code(const chain::Address& address) const { return !code(address).empty(); }

private:
    /// Fills in the fee that the chain asks for: nothing on the embedded chain.
    void set_fee(chain::Transaction& transaction) const;
    Mined send(const chain::PrivateKey& key, chain::Transaction transaction) const;
    Mined wait_mined(const chain::Hash& hash, std::uint64_t gas_limit) const;

    Endpoint endpoint_;
    chain::ContractAddresses contracts_;
};

}  // namespace grid::cli
