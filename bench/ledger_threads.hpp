#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "chain/ledger.hpp"

namespace grid::bench {

/// The threads that a ledger's owner provides, as gridd does: workers, the producer, and one for what nobody
/// waits for.
class Threads {
public:
    ~Threads() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        tasks_wake_.notify_all();
        behind_wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
        if (background_) background_->join();
    }
    /// `clock`: the wall time of the blocks.
    void start(chain::Ledger& ledger, std::function<chain::Timestamp()> clock) {
        for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
            threads_.emplace_back([this] { run_tasks(); });
        threads_.emplace_back([this, &ledger, clock = std::move(clock)] { run_producer(ledger, clock); });
        background_.emplace([this] { run_background(); });
    }
    /// Before the ledger goes: nobody may be inside produce() then.
    void stop_producer() {
        {
            std::lock_guard lock(mutex_);
            producer_stopping_ = true;
        }
        work_wake_.notify_all();
        threads_.back().join();
        threads_.pop_back();
    }
    void run(std::function<void()> task) {
        {
            std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        tasks_wake_.notify_one();
    }
    void run_behind(std::function<void()> task) {
        {
            std::lock_guard lock(mutex_);
            behind_.push_back(std::move(task));
        }
        behind_wake_.notify_one();
    }
    void wake() {
        {
            std::lock_guard lock(mutex_);
            work_ = true;
        }
        work_wake_.notify_one();
    }

private:
    void run_tasks() {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock lock(mutex_);
                tasks_wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
                if (tasks_.empty()) return;
                task = std::move(tasks_.front());
                tasks_.pop_front();
            }
            task();
        }
    }
    /// As in gridd: what nobody waits for gives way to what somebody does.
    void run_background() {
        constexpr int kNice = 7;
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock lock(mutex_);
                behind_wake_.wait(lock, [this] { return stopping_ || !behind_.empty(); });
                if (behind_.empty()) return;
                task = std::move(behind_.front());
                behind_.pop_front();
            }
            task();
        }
    }
    void run_producer(chain::Ledger& ledger, const std::function<chain::Timestamp()>& clock) {
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                work_wake_.wait(lock, [this] { return producer_stopping_ || work_; });
                if (!work_) return;
                work_ = false;
            }
            while (ledger.produce(clock())) {
            }
        }
    }
    std::mutex mutex_;
    std::condition_variable tasks_wake_;
    std::condition_variable work_wake_;
    std::condition_variable behind_wake_;
    std::deque<std::function<void()>> behind_;
    std::optional<std::thread> background_;
    std::deque<std::function<void()>> tasks_;
    bool work_ = false;
    bool stopping_ = false;
    bool producer_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace grid::bench
