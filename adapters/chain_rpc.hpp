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
    using Reply = std::function<void(std::string)>;
    using Ask = std::function<bool(std::string body, Reply reply)>;

    explicit ChainRpc(EmbeddedChainEngine& engine);

    /// False: the chain has ended, and `reply` is never called.
    bool handle(std::string body, Reply reply);
    /// The same for one connection, with subscriptions; they end when the last copy of the function does.
    Ask connect(chain::rpc::Push push);
    /// The engine goes: returns when nobody is within handle() any more. Its own end runs what the workers
    /// have.
    void close();

private:
    template <class Handle>
    bool run(std::string body, Reply reply, Handle handle);

    std::shared_mutex mutex_;
    EmbeddedChainEngine* engine_;
    chain::rpc::RpcServer server_;
};

}  // namespace grid::adapters
