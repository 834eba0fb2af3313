#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chain/clock_guard.hpp"
#include "chain/ledger.hpp"

namespace grid::adapters {

/// Readings of two clocks at the same moment, in nanoseconds.
struct Clocks {
    std::int64_t wall = 0;
    std::int64_t boottime = 0;
};
/// CLOCK_REALTIME and CLOCK_BOOTTIME.
Clocks system_clocks();

/// A few threads that run tasks in the order of their arrival.
class Workers {
public:
    /// `nice`: what is added to the niceness of the process; work that others should not have to wait for.
    explicit Workers(unsigned threads, int nice = 0);
    ~Workers() { close(); }
    Workers(const Workers&) = delete;
    /// After close() it runs the task at once, on the caller's thread.
    void run(std::function<void()> task);
    /// Runs what waits, then ends the threads.
    void close();

private:
    void work(int nice);
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> tasks_;
    bool closed_ = false;
    std::vector<std::thread> threads_;
};

/// What the embedded ledger lacks by design: threads and a clock. One thread makes blocks whenever there is
/// work; the workers decode, recover and answer JSON-RPC. While the wall clock jumps without a reason no
/// blocks are made and chain time goes on as if it had not jumped.
class EmbeddedChainEngine {
public:
    struct Options {
        std::string directory;
        chain::Genesis genesis;
        unsigned threads = 0;                             ///< of the workers; 0: one for each core
        std::function<Clocks()> clocks = &system_clocks;  ///< called from any thread
        std::size_t flush_bytes = std::size_t{8} << 20;   ///< as chain::LedgerOptions has it
        std::function<void(const Error&)> alarm = {};     ///< block production stopped; may be empty
        std::function<void()> all_clear = {};             ///< and goes on again; may be empty
        /// As chain::LedgerOptions has them: a follower makes no blocks, and nobody watches its clock.
        bool follower = false;
        decltype(chain::LedgerOptions::forward) forward = {};
        std::function<void(const chain::BlockPointer&)> on_block =
            {};  ///< on the producing thread; may be empty
    };
    /// Codes: those of chain::Ledger::open.
    static Result<std::unique_ptr<EmbeddedChainEngine>> open(Options options);
    /// Finishes what the workers have begun, refuses the rest, flushes.
    ~EmbeddedChainEngine();
    EmbeddedChainEngine(const EmbeddedChainEngine&) = delete;

    chain::Ledger& ledger() noexcept { return *ledger_; }
    /// Wall time, or what it should be while the clock is wrong.
    chain::Timestamp now();
    /// Runs a task on a worker.
    void run(std::function<void()> task) { workers_.run(std::move(task)); }

private:
    /// A fifth of a core against one that decodes: enough to keep up, too little to disturb.
    static constexpr int kBackgroundNice = 7;
    explicit EmbeddedChainEngine(Options options);
    void wake();
    void produce();
    void watch_clock();

    Options options_;
    std::mutex clock_mutex_;
    chain::ClockGuard guard_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool work_ = false;
    bool stopping_ = false;
    bool alarmed_ = false;  ///< of the producing thread

    Workers workers_;
    Workers background_{1, kBackgroundNice};
    std::unique_ptr<chain::Ledger> ledger_;
    std::thread producer_;
};

}  // namespace grid::adapters
