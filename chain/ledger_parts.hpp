#pragma once

#include "chain/ledger.hpp"
#include "chain/senders.hpp"

/// What the ledger_*.cpp share of the ledger's inside.
namespace grid::chain {

/// A transaction between submit() and its block.
struct Ledger::Arrival {
    Bytes raw;
    Submitted done;
    std::size_t size = 0;
    bool ready =
        false;  ///< guarded by arrivals_mutex_; the rest belongs to the task before, to produce() after
    Result<SentTransaction> sent = fail("bad_transaction", "not decoded");
};

/// Tasks on the executor that still use the ledger.
class Ledger::Tasks {
public:
    void start() {
        std::lock_guard lock(mutex_);
        ++running_;
    }
    void finish() {
        // Notified under the lock: the waiter destroys this object as soon as it can take it.
        std::lock_guard lock(mutex_);
        if (--running_ == 0) idle_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return running_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t running_ = 0;
};

/// Code `shutting_down`.
inline Error shutting_down() {
    return {"shutting_down", "the ledger is shutting down; send the transaction again later"};
}

}  // namespace grid::chain
