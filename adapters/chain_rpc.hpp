#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>

#include "adapters/embedded_chain_engine.hpp"
#include "chain/rpc/server.hpp"

namespace grid::adapters {

/// JSON-RPC of an embedded chain straight from its engine, for the transports: no actor is on the way, and
/// none of its turns. Every call is safe from any thread and never blocks: what may take long runs on the
/// engine's workers.
class ChainRpc : public std::enable_shared_from_this<ChainRpc> {
public:
    using Reply = chain::rpc::RpcServer::Reply;

    explicit ChainRpc(EmbeddedChainEngine& engine);

    /// False: the chain has ended, and `reply` is never called.
    bool handle(std::string body, Reply reply);
    /// The engine goes: returns when nobody is within handle() any more. Its own end runs what the workers
    /// have.
    void close();

private:
    std::shared_mutex mutex_;
    EmbeddedChainEngine* engine_;
    chain::rpc::RpcServer server_;
};

}  // namespace grid::adapters
