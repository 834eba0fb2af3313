#include "actors/inbox.hpp"

#include <mutex>
#include <unordered_map>

namespace grid::actors {

struct Inbox::Waiting {
    caf::actor_addr owner;
    std::mutex mutex;
    std::uint64_t last = 0;
    std::unordered_map<std::uint64_t, Function> functions;
};

Inbox::Inbox(caf::actor_addr owner) : waiting_(std::make_shared<Waiting>()) {
    waiting_->owner = std::move(owner);
}

std::uint64_t Inbox::put(Function function) const {
    std::lock_guard lock(waiting_->mutex);
    const auto ticket = ++waiting_->last;
    waiting_->functions.emplace(ticket, std::move(function));
    return ticket;
}

void Inbox::post(Function function) const {
    if (auto owner = caf::actor_cast<turn_actor>(waiting_->owner))
        caf::anon_send(owner, messages::done_atom_v, put(std::move(function)));
}

void Inbox::after(std::chrono::milliseconds delay, Function function) const {
    if (auto owner = caf::actor_cast<turn_actor>(waiting_->owner))
        caf::delayed_anon_send(owner, delay, messages::done_atom_v, put(std::move(function)));
}

void Inbox::run(std::uint64_t ticket) const {
    Function function;
    {
        std::lock_guard lock(waiting_->mutex);
        auto found = waiting_->functions.find(ticket);
        if (found == waiting_->functions.end()) return;
        function = std::move(found->second);
        waiting_->functions.erase(found);
    }
    function();
}

}  // namespace grid::actors
