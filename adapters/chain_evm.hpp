#pragma once

#include "adapters/chain_evm/address_book.hpp"
#include "adapters/chain_evm/gas_watch.hpp"
#include "adapters/chain_evm/sender.hpp"
#include "adapters/chain_evm/stranger_rpc.hpp"
#include "adapters/chain_follower.hpp"
#include "messages/chain.hpp"

namespace grid::adapters {

struct EvmChainOptions {
    std::vector<std::string> rpc;  ///< http(s) URLs, the preferred one first
    evm::AddressBook book;
    std::uint64_t confirmations = 0;                  ///< blocks on top of a block before it counts
    std::chrono::milliseconds poll_interval{1'000};   ///< 0: only by EvmChainActors::poll
    std::optional<evm::Sender::Options> sender = {};  ///< with the node's own key, for `transact`
    std::uint64_t low_gas = 20;                       ///< evm::GasWatch::Options::warn_below
    store::Environment* environment = nullptr;        ///< of the node's store, which outlives the actor
    evm::RpcPool::Options pool = {};                  ///< its chain_id is the address book's
};

struct EvmChainActors {
    messages::chain_actor chain;
    /// What strangers may ask of the network through this node.
    std::shared_ptr<evm::StrangerRpc> rpc;
    /// How this node follows the network.
    std::shared_ptr<const FollowerBoard> follower;
    /// What the key's account has for gas; null without a key.
    std::shared_ptr<const evm::GasBoard> gas;
    /// Polls the network now.
    std::function<void()> poll;
};

/// An EVM network as the actor that the embedded chain is, too. Its blocks count when they are as deep as
/// configured; all that the actor says is said of those: head, calls, receipts, and the answers to submit and
/// transact. Never waits for the network here: who asks gets `unavailable` while it is silent. Codes:
/// `bad_url`, those of the store.
Result<EvmChainActors> spawn_chain_evm(caf::actor_system& system, EvmChainOptions options);

}  // namespace grid::adapters
