#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "chain/calls.hpp"
#include "chain/genesis.hpp"
#include "chain/transaction.hpp"
#include "crash/node.hpp"

namespace grid::test {

/// What the node has promised: mined transactions with the hash of their block, as a receipt said it.
using Promises = std::map<chain::Hash, chain::Hash>;

/// A few people who use a market at the same time, each thread a provider and two users: transfers, credits,
/// permits, orders by offer and by quote, activations, suspensions, extensions, replacements, settlements,
/// withdrawals, cancellations, revoked quotes, pledges.
class Load {
public:
    static constexpr std::uint32_t kMarkets = 3;
    /// Orders are made for a few seconds or an hour; of any other length they were extended.
    static constexpr std::uint64_t kShort = 4;
    static constexpr std::uint64_t kLong = 3'600;
    static bool may_be_ordered(chain::Seconds duration) {
        return duration.count <= kShort || duration.count == kLong;
    }

    /// Goes on until the node is gone or stop() is called.
    Load(const NodeClient& client, std::uint64_t seed);
    ~Load() { stop(); }
    Load(const Load&) = delete;

    /// Until so many transactions have been promised, or the load has ended.
    void wait_for(std::size_t promises);
    void stop();
    /// After stop().
    const Promises& promises() const { return promises_; }
    /// What went wrong although the node answered; empty: nothing.
    const std::string& problem() const { return problem_; }

private:
    class Market;
    void add(const chain::Hash& transaction, const chain::Hash& block);
    void fail(const std::string& why);

    std::mutex mutex_;
    std::condition_variable changed_;
    Promises promises_;
    std::string problem_;
    std::size_t running_ = 0;
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_;
};

}  // namespace grid::test
