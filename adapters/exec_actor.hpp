#pragma once

#include <functional>
#include <memory>

#include "adapters/exec_session.hpp"
#include "messages/cluster.hpp"

namespace grid::adapters {

/// Gives a session its actors: one that takes input, and a thread that brings the output to the sink. `done`
/// is called, on any thread, when both are over.
messages::exec_actor serve_exec(caf::actor_system& system, std::shared_ptr<ExecSession> session,
                                const messages::exec_sink_actor& sink, std::function<void()> done);

}  // namespace grid::adapters
