#pragma once

#include <shared_mutex>

#include "adapters/chain_evm/rpc_pool.hpp"
#include "adapters/embedded_chain_engine.hpp"

namespace grid::adapters::evm {

/// Ethereum's JSON-RPC for whoever comes to this node, passed on to the network's endpoints: what a wallet,
/// the CLI and the UI need to trade here, and nothing else. The endpoints are the operator's (and often paid
/// by the request), so calls, logs and transactions are only passed on when they concern the contracts, and
/// not more than so many a second.
class StrangerRpc : public std::enable_shared_from_this<StrangerRpc> {
public:
    static constexpr std::size_t kMaxBody = std::size_t{128} << 10;
    static constexpr std::size_t kMaxBatch = 50;
    static constexpr std::size_t kMaxWaiting = 64;  ///< requests
    using Reply = std::function<void(std::string)>;
    struct Options {
        double calls_per_second = 50;
        double burst = 300;
        RpcPool::Clock now = &std::chrono::steady_clock::now;
    };

    StrangerRpc(RpcPool& pool, const chain::ContractAddresses& contracts, Options options);
    ~StrangerRpc() { close(); }

    /// False: the chain has ended, and `reply` is never called. Does not block; from any thread.
    bool handle(std::string body, Reply reply);
    /// The pool goes: returns when nobody uses it any more.
    void close();

private:
    struct Call;
    std::string answer(const std::string& body);
    std::optional<RpcError> check(const rapidjson::Value& call) const;
    std::optional<RpcError> check_params(const std::string& method, const rapidjson::Value& params) const;
    bool concerns(const rapidjson::Value& address) const;
    bool take(std::size_t calls);

    RpcPool& pool_;
    const chain::ContractAddresses contracts_;
    const Options options_;
    std::mutex mutex_;  ///< of the allowance
    double allowance_;
    std::chrono::steady_clock::time_point counted_at_;
    std::atomic<std::size_t> waiting_{0};
    std::shared_mutex open_mutex_;
    bool open_ = true;
    Workers workers_{4};
};

}  // namespace grid::adapters::evm
