#pragma once

#include <functional>
#include <string>

#include "chain/ledger.hpp"

namespace grid::chain::rpc {

/// JSON-RPC 2.0 of the embedded chain as the execution API specification has it, without sockets: body in,
/// body out. Thread-safe; keeps nothing between requests.
///
/// Errors: -32700 not JSON, -32600 not a request (also: over a limit), -32601 unknown method, -32602 bad
/// parameters, -32005 over a limit of the method, -32000 refused (error.data.reason is our stable code), 3
/// reverted (error.data is the revert data).
class RpcServer {
public:
    static constexpr std::size_t kMaxBody = std::size_t{1} << 20;
    static constexpr std::size_t kMaxBatch = 100;
    static constexpr std::size_t kMaxDepth = 32;
    static constexpr std::size_t kMaxReply = std::size_t{32}
                                             << 20;  ///< of one batch; what follows is refused

    /// `wall` is the time now, for everything pending. The ledger must outlive the server and its requests.
    RpcServer(Ledger& ledger, std::function<Timestamp()> wall) : ledger_(ledger), wall_(std::move(wall)) {}

    /// `reply` is called once, on this thread or on the ledger's producing thread; with an empty text when
    /// there is nothing to say (notifications). Must not block.
    using Reply = std::function<void(std::string)>;
    void handle(std::string body, Reply reply);

private:
    Ledger& ledger_;
    std::function<Timestamp()> wall_;
};

}  // namespace grid::chain::rpc
