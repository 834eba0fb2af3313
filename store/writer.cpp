#include "store/writer.hpp"

#include <chrono>
#include <future>
#include <iterator>

#include "store/undo.hpp"

namespace grid::store {
namespace {

/// How long what is patient waits before it tries a full disk again.
constexpr std::chrono::milliseconds kFullDiskRetry{500};

}  // namespace

Writer::Writer(Environment& environment) : environment_(environment), thread_([this] { run(); }) {}

Writer::~Writer() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Writer::submit(Batch batch, Done done) {
    {
        std::lock_guard lock(mutex_);
        queue_.push_back({std::move(batch), std::move(done)});
    }
    wake_.notify_one();
}

Result<void> Writer::commit(Batch batch) {
    std::promise<Result<void>> answer;
    submit(std::move(batch), [&](Result<void> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
}

void Writer::run() {
    for (;;) {
        std::vector<Waiting> group;
        {
            std::unique_lock lock(mutex_);
            const auto work = [this] { return stopping_ || !queue_.empty(); };
            if (held_.empty())
                wake_.wait(lock, work);
            else
                wake_.wait_for(lock, kFullDiskRetry, work);
            if (stopping_ && queue_.empty() && held_.empty()) return;
            group = std::exchange(held_, {});
            std::move(queue_.begin(), queue_.end(), std::back_inserter(group));
            queue_.clear();
            stopped_ = stopping_;
        }
        commit_all(group);
    }
}

void Writer::commit_all(std::vector<Waiting>& group) {
    const auto together = environment_.write([&](WriteTransaction& transaction) -> Result<void> {
        for (const Waiting& waiting : group)
            if (auto applied = apply(transaction, environment_, waiting.batch); !applied) return applied;
        return {};
    });
    for (Waiting& waiting : group) {
        // A batch that cannot be applied must not take its neighbours with it: each one for itself. What is
        // patient never overtakes what waits already.
        auto done = together;
        const bool behind = waiting.batch.patient && !held_.empty();
        if (!together && group.size() > 1 && !behind)
            done = environment_.write([&](WriteTransaction& transaction) {
                return apply(transaction, environment_, waiting.batch);
            });
        const bool full = !done && done.error().code == "disk_full";
        if (waiting.batch.patient && (full || (!together && behind)) && !stopped_)
            held_.push_back(std::move(waiting));
        else
            waiting.done(done);
    }
}

}  // namespace grid::store
