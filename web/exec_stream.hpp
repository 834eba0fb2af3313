#pragma once

#include <functional>

#include "messages/lease.hpp"
#include "web/web_socket.hpp"

namespace grid::web {

/// A command in a container over a WebSocket of binary messages. The client's first message is the request in
/// JSON: {"command": ["sh"], "pod"?, "container"?, "tty"?, "columns"?, "rows"?}. Afterwards the first byte of
/// every message says what follows it: from the client 0 input, 4 {"columns", "rows"}, 5 the end of the
/// input; to the client 1 output, 2 error output, 3 the end: {"exit_code"} or {"code", "detail"}, after which
/// the WebSocket is closed.
struct ExecStream {
    messages::leases_actor leases;
    chain::Hash lease_key;
    std::string app;
    std::function<bool()> allowed;  ///< asked now and then; false: the session is over, and so is this
    std::chrono::milliseconds check_allowed{5'000};

    /// For WebSocketUpgrade::open. `system` must outlive the WebSocket.
    WebSocketUpgrade::Messages open(caf::actor_system& system,
                                    const std::shared_ptr<WebSocket>& client) const;
    static WebSocketOptions options();
};

}  // namespace grid::web
