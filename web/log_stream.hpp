#pragma once

#include <functional>
#include <memory>

#include "messages/lease.hpp"
#include "web/http_server.hpp"

namespace grid::web {

/// Sends an application's log to a client as plain text, piece by piece: an actor that the source writes to.
/// It ends with the last piece, when the client has gone, when it lags too far behind, or when the source
/// ends. Does not block.
struct LogStream {
    messages::leases_actor source;
    Headers headers;                ///< of the answer
    std::function<bool()> allowed;  ///< asked now and then; false: the session is over, and so is this
    std::chrono::milliseconds check_allowed{5'000};

    void send(caf::actor_system& system, messages::LogRequest request,
              const std::shared_ptr<LocalReply>& reply) const;
};

}  // namespace grid::web
