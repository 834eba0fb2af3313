#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/embedded_chain_engine.hpp"
#include "adapters/leader.hpp"

namespace grid::adapters {

/// How a follower stands.
struct FollowerStatus {
    enum class State : std::uint8_t {
        catching_up,  ///< gets blocks that the leader has
        following,    ///< has what the leader had a moment ago
        unreachable,  ///< asks again, for ever
        waiting,      ///< cannot keep what it gets (the disk is full), tries again
        stopped       ///< what the leader gives differs from what its execution gives; reads go on
    };
    State state = State::catching_up;
    std::string leader;
    std::uint64_t leader_height = 0;  ///< when it last answered
    std::optional<Error> error;       ///< why it is unreachable, waiting or stopped
};
/// "catching_up", ...
std::string_view name_of(FollowerStatus::State state) noexcept;

/// What a follower says of itself; outlives it.
class FollowerBoard {
public:
    FollowerStatus status() const {
        std::lock_guard lock(mutex_);
        return status_;
    }
    void set(const FollowerStatus& status) {
        std::lock_guard lock(mutex_);
        status_ = status;
    }

private:
    mutable std::mutex mutex_;
    FollowerStatus status_;
};

/// Sends transactions on to the leader, a few at a time.
class Forwarder {
public:
    static constexpr std::size_t kMaxWaiting = 1'024;
    explicit Forwarder(Leader leader) : leader_(std::move(leader)), workers_(kThreads) {}
    ~Forwarder() { close(); }
    void forward(chain::Bytes raw, std::function<void(Result<chain::Submission>)> done);
    /// Refuses what waits.
    void close();

private:
    static constexpr unsigned kThreads = 8;
    Leader leader_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<bool> closed_{false};
    Workers workers_;
};

/// Keeps a follower's ledger equal to its leader's: fetches blocks, checks them in parallel, has them
/// executed. One thread; the next blocks are fetched while the last ones are executed.
class ChainFollower {
public:
    ChainFollower(EmbeddedChainEngine& engine, Leader leader, std::shared_ptr<FollowerBoard> board);
    /// Ends the thread; a question to the leader that is under way may take up to `kWait` longer.
    ~ChainFollower();
    ChainFollower(const ChainFollower&) = delete;

private:
    void run();
    Result<Leader::Batch> fetch(std::uint64_t from, const chain::Hash& parent) const;
    Result<void> same_chain(const chain::StreamHead& theirs) const;
    Result<void> take(const Leader::Batch& batch);
    Result<void> find_fork();
    void tell(FollowerStatus::State state, std::optional<Error> error = {});
    bool pause(std::chrono::milliseconds time);
    bool stopping() const;

    EmbeddedChainEngine& engine_;
    chain::Ledger& ledger_;
    Leader leader_;
    std::shared_ptr<FollowerBoard> board_;
    FollowerStatus status_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace grid::adapters
