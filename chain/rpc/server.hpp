#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chain/ledger.hpp"
#include "chain/rpc/push.hpp"

namespace grid::chain::rpc {

/// The reply to one body.
struct Response {
    std::string body;         ///< empty: there is nothing to say (notifications)
    bool overloaded = false;  ///< a single request that was refused because the node is full: HTTP says 429
};

class Session;
struct ServerParts;

/// JSON-RPC 2.0 of the embedded chain as the execution API specification has it, without sockets: body in,
/// body out. Thread-safe.
///
/// Errors: -32700 not JSON, -32600 not a request (also: over a limit), -32601 unknown method, -32602 bad
/// parameters, -32001 subscriptions over HTTP, -32005 over a limit (also: the pool is full), -32000 refused
/// (error.data.reason is our stable code), 3 reverted (error.data is the revert data).
class RpcServer {
public:
    static constexpr std::size_t kMaxBody = std::size_t{1} << 20;
    static constexpr std::size_t kMaxBatch = 100;
    static constexpr std::size_t kMaxDepth = 32;
    static constexpr std::size_t kMaxReply = std::size_t{32}
                                             << 20;  ///< of one batch; what follows is refused

    /// `wall` is the time now, for everything pending and for the life of filters. The ledger must outlive
    /// the server's requests; it may die before the server itself.
    RpcServer(Ledger& ledger, std::function<Timestamp()> wall);
    ~RpcServer();
    RpcServer(const RpcServer&) = delete;

    /// `reply` is called once, on this thread or on the ledger's producing thread. Must not block.
    using Reply = std::function<void(Response)>;
    void handle(std::string body, Reply reply);

    /// For a connection that can be spoken to at any time (WebSocket): the same requests, and eth_subscribe.
    std::shared_ptr<Session> connect(Push push);

private:
    std::shared_ptr<ServerParts> parts_;
};

/// One such connection. Its end ends its subscriptions: when the destructor has returned, nothing is pushed
/// any more. The reply to eth_subscribe always comes before the first notification.
class Session {
public:
    ~Session();
    Session(const Session&) = delete;
    /// As RpcServer::handle; not after the server's end.
    void handle(std::string body, RpcServer::Reply reply);

private:
    friend class RpcServer;
    Session(std::shared_ptr<ServerParts> parts, std::shared_ptr<Subscriber> subscriber);
    std::shared_ptr<ServerParts> parts_;
    std::shared_ptr<Subscriber> subscriber_;
};

}  // namespace grid::chain::rpc
