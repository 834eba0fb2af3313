#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "web/rate_limit.hpp"
#include "web/request_guard.hpp"

namespace grid::web {

/// A chain's JSON-RPC as its transports see it, without actors between: the chain may run in this process.
/// Callable from any thread, never blocks.
struct RpcPort {
    /// Called once, from any thread, with the body of the answer; empty: nothing to say (notifications).
    using Reply = std::function<void(std::string)>;
    /// One body of JSON-RPC. False: the chain is not there, and `reply` is never called.
    using Ask = std::function<bool(std::string body, Reply reply)>;
    /// Takes a notification for one client. False: the client lags or has gone, the session ends.
    using Push = std::function<bool(std::shared_ptr<const std::string> notification)>;

    Ask ask;
    /// A session of one client, with subscriptions; it ends with the function. Empty, or an empty answer:
    /// there are no sessions, and WebSockets use `ask`.
    std::function<Ask(Push)> connect;
};

struct RpcOptions {
    RpcPort port;
    GuardOptions guard;
    /// Further origins whose pages may call, of wallets and applications; "*": every page. Nothing at /rpc is
    /// authorised by a cookie.
    std::vector<std::string> origins;
    std::size_t max_body = std::size_t{1} << 20;
    std::size_t max_web_sockets = 1024;  ///< in all; more are refused with 503
    WebSocketOptions web_socket;
    RateLimit::Options per_client{1000, 2000, 65536};
    /// Requests from this machine are the operator's and its tools': not counted.
    bool count_loopback = false;
    /// Time since some fixed point that never steps; empty: the machine's steady clock.
    std::function<SteadyTime()> steady_now;
};

/// JSON-RPC over HTTP POST and WebSocket at one path. Refusals are JSON-RPC errors with an HTTP status that
/// fits. The way of a request is short on purpose: wallets and benchmarks ask by the ten thousand a second.
class RpcHandler : public LocalHandler {
public:
    explicit RpcHandler(RpcOptions options);
    ~RpcHandler() override;

    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override;
    /// The port of the listener, for the check of Host.
    void set_port(std::uint16_t port);

private:
    struct Core;
    std::shared_ptr<Core> core_;  ///< shared with requests and WebSockets that are open
};

}  // namespace grid::web
