#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "messages/chain.hpp"
#include "messages/error.hpp"

namespace grid::adapters {

/// What other threads want to have run in an actor's turn. One nudge (`tick`) is under way at most; the actor
/// answers it by running what it takes.
class Inbox {
public:
    /// What was posted before runs at the first nudge.
    void bind(caf::actor_addr owner) {
        {
            std::lock_guard lock(mutex_);
            owner_ = std::move(owner);
        }
        nudge();
    }
    void post(std::function<void()> task) {
        {
            std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
            if (tasks_.size() > 1) return;
        }
        nudge();
    }
    std::vector<std::function<void()>> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(tasks_, {});
    }

private:
    void nudge() {
        caf::actor_addr address;
        {
            std::lock_guard lock(mutex_);
            address = owner_;
        }
        if (const auto owner = caf::actor_cast<caf::actor>(address))
            caf::anon_send(owner, messages::tick_atom::value);
    }
    std::mutex mutex_;
    caf::actor_addr owner_;
    std::vector<std::function<void()>> tasks_;
};

/// A function for other threads that answers a promise in the actor's turn.
template <class T>
std::function<void(Result<T>)> answer_in_turn(std::shared_ptr<Inbox> inbox,
                                              caf::typed_response_promise<T> promise) {
    return [inbox = std::move(inbox), promise](Result<T> result) {
        inbox->post([promise, result = std::move(result)]() mutable {
            if (result)
                promise.deliver(std::move(*result));
            else
                promise.deliver(messages::to_caf(result.error()));
        });
    };
}

}  // namespace grid::adapters
