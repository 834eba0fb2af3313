#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chain/ledger.hpp"

namespace grid::adapters {

/// Gives the blocks of a ledger to followers that ask for those after the ones that they have. Who has all
/// waits for the next one, up to its patience: an idle chain costs a follower one question in so long.
class ChainFeed {
public:
    static constexpr std::size_t kMaxWaiting = 64;
    static constexpr std::size_t kMaxBytes = std::size_t{8} << 20;  ///< of one answer, and one block more
    static constexpr std::chrono::seconds kMaxWait{30};

    struct Question {
        std::uint64_t from = 0;
        std::optional<chain::Hash> parent;  ///< of the block before
        std::chrono::milliseconds wait{0};
    };
    /// A stream of blocks (chain/block_stream.hpp), or codes `other_branch`, `ahead`, `busy`, `unavailable`.
    using Reply = std::function<void(Result<chain::Bytes>)>;

    explicit ChainFeed(chain::Ledger& ledger);
    ~ChainFeed() { close(); }
    ChainFeed(const ChainFeed&) = delete;

    /// `reply` is called once, from the feed's thread or this one. From any thread, never blocks.
    void ask(const Question& question, Reply reply);
    /// The ledger goes: answers who waits, and returns when nobody uses it any more.
    void close();

private:
    struct Waiting {
        Question question;
        Reply reply;
        std::chrono::steady_clock::time_point until;
    };
    void run();
    bool ready(const Waiting& waiting, std::chrono::steady_clock::time_point now) const;

    chain::Ledger& ledger_;
    /// What the ledger tells lives as long as it does, which may be longer than this.
    struct News {
        std::mutex mutex;
        std::condition_variable changed;
        bool closed = false;
    };
    std::shared_ptr<News> news_ = std::make_shared<News>();
    std::vector<Waiting> waiting_;  ///< under the mutex of the news
    std::thread thread_;
};

}  // namespace grid::adapters
