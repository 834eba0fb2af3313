#pragma once

#include <mutex>

#include "adapters/chain_evm/branch.hpp"
#include "chain/gas_account.hpp"

namespace grid::adapters::evm {

/// What the account of the node's own transactions has, for who asks from other threads; outlives the chain's
/// actor.
class GasBoard {
public:
    struct Status {
        chain::GasAccount account;
        bool low = false;  ///< enough for less than was configured
        friend bool operator==(const Status&, const Status&) = default;
    };
    /// None until the network has told it.
    std::optional<Status> status() const {
        const std::lock_guard lock(mutex_);
        return status_;
    }
    void set(Status status) {
        const std::lock_guard lock(mutex_);
        status_ = std::move(status);
    }

private:
    mutable std::mutex mutex_;
    std::optional<Status> status_;
};

/// Looks now and then at what is left for gas, tells the board, and the log when it becomes too little: an
/// account that has run dry activates and settles nothing. Belongs to one thread.
class GasWatch {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    struct Options {
        std::uint64_t warn_below = 20;  ///< transactions; 0: never
        std::chrono::milliseconds every{15'000};
        Clock now = &std::chrono::steady_clock::now;
    };
    GasWatch(Network& network, const Branch& branch, const chain::Address& account,
             std::shared_ptr<GasBoard> board, Options options)
        : network_(network),
          branch_(branch),
          account_(account),
          board_(std::move(board)),
          options_(std::move(options)) {}

    /// Asks the network when it is time to; a network that does not answer changes nothing.
    void look();

private:
    void judge(const chain::GasAccount& account);

    Network& network_;
    const Branch& branch_;
    const chain::Address account_;
    const std::shared_ptr<GasBoard> board_;
    const Options options_;
    std::optional<std::chrono::steady_clock::time_point> looked_;
};

}  // namespace grid::adapters::evm
