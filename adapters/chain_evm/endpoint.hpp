#pragma once

#include <chrono>
#include <functional>

#include "adapters/chain_evm/json_rpc.hpp"
#include "runtime/server_url.hpp"

namespace grid::adapters::evm {

class WebSocket;

/// What an endpoint answered: a reply to each call, or why there are none.
struct EndpointAnswer {
    /// Codes: `too_large`; all others: it failed.
    Result<std::vector<RpcReply>> replies;
    std::optional<std::chrono::seconds> retry_after;  ///< as the endpoint asks for when it refuses
};

/// One JSON-RPC endpoint: over HTTP a connection for each request, over WebSocket one for all. Blocks the
/// calling thread, hardly longer than its patience. Any number of threads may use it; copies are one
/// endpoint.
class Endpoint {
public:
    /// `http(s)://HOST[:PORT][/PATH][?QUERY]`, or the same with ws(s); code `bad_url`.
    static Result<Endpoint> at(const std::string& url);

    EndpointAnswer ask(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                       std::size_t max_reply) const;

    /// Over WebSocket: calls `news` from another thread whenever the endpoint tells of a new block, and when
    /// its connection ends. None: never again, once this has returned.
    void listen(std::function<void()> news) const;
    /// Over WebSocket: there is no connection, so nothing is told of new blocks until ask() has made one.
    bool deaf() const;

    /// Scheme, host and port. Path and query often hold a key, so they are never told.
    std::string name() const { return url_.name(); }

private:
    EndpointAnswer post(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                        std::size_t max_reply) const;
    runtime::ServerUrl url_;
    std::shared_ptr<WebSocket> socket_;  ///< none over HTTP
};

}  // namespace grid::adapters::evm
