#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/chain_feed.hpp"
#include "adapters/chain_follower.hpp"
#include "adapters/chain_rpc.hpp"
#include "messages/chain.hpp"

namespace grid::adapters {

struct EmbeddedChainOptions {
    std::string directory;  ///< of the ledger alone
    chain::Genesis genesis;
    std::optional<chain::PrivateKey> key;  ///< the node's own, for `transact`
    unsigned threads = 0;                  ///< workers; 0: one for each core
    std::function<Clocks()> clocks = &system_clocks;
    std::size_t flush_bytes = std::size_t{8} << 20;  ///< as chain::LedgerOptions has it
    std::optional<Leader> leader = {};               ///< follow this node instead of making blocks
};

/// Both faces of one actor.
struct EmbeddedChainActors {
    messages::chain_actor chain;
    messages::rpc_actor rpc;
    /// The same JSON-RPC without the way through the actor.
    std::shared_ptr<ChainRpc> direct_rpc;
    /// What followers of this node read.
    std::shared_ptr<ChainFeed> feed;
    /// How this node follows; null when it does not.
    std::shared_ptr<const FollowerBoard> follower;
};

/// Opens the ledger and starts the actor around it. The actor owns the ledger and its threads; the data
/// directory is free again when it has ended. Codes: those of chain::Ledger::open (`data_directory_in_use`,
/// `genesis_mismatch`, `data_damaged`, ...).
Result<EmbeddedChainActors> spawn_embedded_chain(caf::actor_system& system, EmbeddedChainOptions options);

}  // namespace grid::adapters
