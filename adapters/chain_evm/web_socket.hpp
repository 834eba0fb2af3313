#pragma once

#include "adapters/chain_evm/endpoint.hpp"

namespace grid::adapters::evm {

/// JSON-RPC over one WebSocket (RFC 6455), on a thread of its own. All requests share the connection; a reply
/// finds its request by the id. There is a connection from the first ask() on, until something is wrong with
/// it: then all that wait get that, and the next ask() makes another. What is wrong: it ends, a request is
/// not answered in time, a message is no JSON, is too large or of an id that nobody waits for, no sign of
/// life for half a minute in spite of pings.
class WebSocket {
public:
    explicit WebSocket(runtime::ServerUrl url);
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;

    /// As Endpoint's.
    EndpointAnswer ask(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                       std::size_t max_reply);
    /// As Endpoint's. Whoever listens before the connection is made is subscribed to `newHeads` on each.
    void listen(std::function<void()> news);
    bool connected() const;

private:
    class Line;
    const std::unique_ptr<Line> line_;
};

}  // namespace grid::adapters::evm
