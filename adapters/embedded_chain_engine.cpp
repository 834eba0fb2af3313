#include "adapters/embedded_chain_engine.hpp"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace grid::adapters {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t read_clock(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

}  // namespace

Clocks system_clocks() {
    return {read_clock(CLOCK_REALTIME), read_clock(CLOCK_BOOTTIME)};
}

Workers::Workers(unsigned threads, int nice) {
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, nice] { work(nice); });
}

void Workers::run(std::function<void()> task) {
    {
        std::lock_guard lock(mutex_);
        if (!closed_) {
            tasks_.push_back(std::move(task));
            wake_.notify_one();
            return;
        }
    }
    task();
}

void Workers::close() {
    {
        std::lock_guard lock(mutex_);
        if (closed_) return;
        closed_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Workers::work(int nice) {
    // On Linux each thread has a niceness of its own. More of it is always allowed.
    if (nice != 0)
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), ::getpriority(PRIO_PROCESS, 0) + nice);
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
    }
}

EmbeddedChainEngine::EmbeddedChainEngine(Options options)
    : options_(std::move(options)), workers_(options_.threads) {}

Result<std::unique_ptr<EmbeddedChainEngine>> EmbeddedChainEngine::open(Options options) {
    std::unique_ptr<EmbeddedChainEngine> engine(new EmbeddedChainEngine(std::move(options)));
    auto ledger = chain::Ledger::open(
        {.directory = engine->options_.directory,
         .genesis = engine->options_.genesis,
         .executor = [raw = engine.get()](auto task) { raw->run(std::move(task)); },
         .background = [raw = engine.get()](auto task) { raw->background_.run(std::move(task)); },
         .wake = [raw = engine.get()] { raw->wake(); },
         .flush_bytes = engine->options_.flush_bytes,
         .follower = engine->options_.follower,
         .forward = engine->options_.forward});
    if (!ledger) return tl::unexpected<Error>(ledger.error());
    engine->ledger_ = std::move(*ledger);
    if (engine->options_.on_block) engine->ledger_->on_block(engine->options_.on_block);
    // The first pair of readings: forward time is accepted at start.
    engine->ledger_->adopt_time(engine->now());
    if (!engine->options_.follower) engine->producer_ = std::thread([raw = engine.get()] { raw->produce(); });
    return engine;
}

EmbeddedChainEngine::~EmbeddedChainEngine() {
    workers_.close();
    background_.close();
    if (producer_.joinable()) {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        producer_.join();
    }
    ledger_.reset();
}

chain::Timestamp EmbeddedChainEngine::now() {
    const Clocks clocks = options_.clocks();
    std::lock_guard lock(clock_mutex_);
    const std::int64_t wall =
        guard_.check(clocks.wall, clocks.boottime) ? clocks.wall : guard_.expected_wall(clocks.boottime);
    return {static_cast<std::uint64_t>(std::max<std::int64_t>(wall, 0) / kSecond)};
}

void EmbeddedChainEngine::wake() {
    {
        std::lock_guard lock(mutex_);
        work_ = true;
    }
    wake_.notify_one();
}

void EmbeddedChainEngine::watch_clock() {
    const Clocks clocks = options_.clocks();
    Result<void> fine;
    {
        std::lock_guard lock(clock_mutex_);
        fine = guard_.check(clocks.wall, clocks.boottime);
    }
    if (fine.has_value() != alarmed_) return;
    alarmed_ = !fine;
    if (alarmed_) {
        ledger_->halt(fine.error());
        if (options_.alarm) options_.alarm(fine.error());
    } else {
        ledger_->resume();
        if (options_.all_clear) options_.all_clear();
    }
}

void EmbeddedChainEngine::produce() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            // The clock is looked at every second also when there is nothing to do, so that slewing stays
            // explained.
            wake_.wait_for(lock, std::chrono::seconds(1), [this] { return work_ || stopping_; });
            if (stopping_ && !work_) return;
            work_ = false;
        }
        do watch_clock();
        while (ledger_->produce(now()));
    }
}

}  // namespace grid::adapters
