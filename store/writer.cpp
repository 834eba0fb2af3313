#include "store/writer.hpp"

#include <future>

#include "store/undo.hpp"

namespace grid::store {

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
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            group.swap(queue_);
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
        // A batch that cannot be applied must not take its neighbours with it: each one for itself.
        if (together || group.size() == 1) {
            waiting.done(together);
            continue;
        }
        waiting.done(environment_.write(
            [&](WriteTransaction& transaction) { return apply(transaction, environment_, waiting.batch); }));
    }
}

}  // namespace grid::store
