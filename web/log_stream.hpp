#pragma once

#include <memory>

#include "messages/lease.hpp"
#include "web/http_server.hpp"

namespace grid::web {

/// Sends an application's log to a client as plain text, piece by piece: an actor that the source writes to.
/// It ends with the last piece, when the client has gone, when it lags too far behind, or when the source
/// ends. `headers` are those of the answer. Does not block.
void stream_logs(caf::actor_system& system, const messages::leases_actor& source,
                 messages::LogRequest request, Headers headers, std::shared_ptr<LocalReply> reply);

}  // namespace grid::web
