#pragma once

#include <caf/all.hpp>

#include "messages/error.hpp"

namespace grid::test {

/// An actor system with our messages.
struct ActorWorld {
    struct Config : caf::actor_system_config {
        Config() {
            messages::add_message_types(*this);
            set("scheduler.max-threads", 2u);
        }
    };
    Config config;
    caf::actor_system system{config};

    /// An actor of any interface that does what the behaviour says; ended by the world.
    template <class Handle>
    Handle spawn(caf::behavior behavior) {
        auto actor =
            system.spawn([](caf::event_based_actor*, const caf::behavior& b) { return b; }, behavior);
        spawned.push_back(actor);
        return caf::actor_cast<Handle>(actor);
    }

    ~ActorWorld() {
        for (const auto& actor : spawned) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    std::vector<caf::actor> spawned;
};

inline chain::Address address_of(std::uint8_t last) {
    chain::Address address;
    address.bytes[0] = 0xAB;
    address.bytes[19] = last;
    return address;
}

inline chain::Hash hash_of(std::uint8_t last) {
    chain::Hash hash;
    hash.bytes[0] = 0xCD;
    hash.bytes[31] = last;
    return hash;
}

}  // namespace grid::test
