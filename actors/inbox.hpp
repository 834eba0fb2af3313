#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "messages/type_ids.hpp"

namespace grid::actors {

/// The message that every actor here takes besides its public ones: "run what waits under this ticket".
using turn_actor = caf::typed_actor<caf::reacts_to<messages::done_atom, std::uint64_t>>;

/// Brings functions into an actor's turn: from the store's writer thread, and after a delay.
/// They are kept beside the actor and named by tickets, because closures are no messages. When the actor is
/// gone they are dropped.
class Inbox {
public:
    using Function = std::function<void()>;

    explicit Inbox(caf::actor_addr owner);
    /// Thread-safe.
    void post(Function function) const;
    /// Runs the function in the owner's turn after the delay, by the actor system's clock.
    void after(std::chrono::milliseconds delay, Function function) const;
    /// What the owner's handler of (done, ticket) calls.
    void run(std::uint64_t ticket) const;
    /// A copyable form of post().
    std::function<void(Function)> poster() const {
        return [inbox = *this](Function f) { inbox.post(std::move(f)); };
    }

private:
    struct Waiting;
    std::uint64_t put(Function function) const;
    std::shared_ptr<Waiting> waiting_;
};

}  // namespace grid::actors
