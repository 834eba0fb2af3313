#pragma once

#include <string_view>

#include "chain/rpc/hub.hpp"
#include "chain/rpc/parameters.hpp"

namespace grid::chain::rpc {

/// The side of a connection that can be pushed to, while it handles a body.
struct Connection {
    std::shared_ptr<Subscriber> subscriber;
    std::vector<std::string> opened;  ///< subscriptions that begin when the reply is out
};

/// What a method works on.
struct Context {
    Ledger& ledger;
    Hub& hub;
    Timestamp wall;
    Connection* connection = nullptr;  ///< null over HTTP; valid until the method returns
};

/// Runs a method; `answer` is called once, at once or (eth_sendRawTransaction, evm_mine) when the block is
/// durable. Throws BadParameters before anything has happened.
void call_method(std::string_view name, const Context& context, const Parameters& parameters, Answer answer);

}  // namespace grid::chain::rpc
