#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "web/http_server.hpp"

namespace grid::web::proxy {

/// What moves the bytes. The core (head, framing, rewrite) has no I/O, so engines can be exchanged behind
/// this. The meaning of every call is that of HttpServer.
class Engine {
public:
    virtual ~Engine() = default;
    virtual Result<std::uint16_t> listen(const std::string& address, std::uint16_t port) = 0;
    virtual void start(unsigned threads) = 0;
    virtual void stop() = 0;
    virtual ServerStats stats() const = 0;
};

/// Asio coroutines, one io_context and one thread each, connections dealt out in turn.
std::unique_ptr<Engine> make_asio_engine(ServerOptions options, LocalHandler& handler,
                                         const ProxyWiring* wiring);

}  // namespace grid::web::proxy
