#pragma once

#include "store/result.hpp"
#include "web/http_server.hpp"
#include "web/problem.hpp"

namespace grid::web {

/// The key of a request that wants a WebSocket (RFC 6455, section 4.2.1), or why it gets none: status,
/// detail, and with 426 the version that is spoken here.
tl::expected<std::string, Problem> web_socket_key(const LocalRequest& request);

}  // namespace grid::web
