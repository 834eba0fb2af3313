#pragma once

#include <string_view>

#include "chain/rpc/parameters.hpp"

namespace grid::chain::rpc {

/// What a method works on.
struct Context {
    Ledger& ledger;
    Timestamp wall;
};

/// Runs a method; `answer` is called once, at once or (eth_sendRawTransaction, evm_mine) when the block is
/// durable. Throws BadParameters before anything has happened.
void call_method(std::string_view name, const Context& context, const Parameters& parameters, Answer answer);

}  // namespace grid::chain::rpc
