#pragma once

#include <unordered_map>

#include "chain/rpc/methods.hpp"

/// How methods are written and found by their names.
namespace grid::chain::rpc {

using Method = void (*)(const Context&, const Parameters&, Answer);
using MethodTable = std::unordered_map<std::string_view, Method>;

/// A method that answers at once.
template <Outcome (*Function)(const Context&, const Parameters&)>
void at_once(const Context& c, const Parameters& p, Answer answer) {
    answer(Function(c, p));
}

/// The same for a lambda without captures.
template <class Function>
constexpr Method entry(Function) {
    return [](const Context& c, const Parameters& p, Answer answer) { answer(Function{}(c, p)); };
}

/// Filters and subscriptions.
const MethodTable& news_methods();
/// evm_*, on development chains only.
const MethodTable& development_methods();

/// The range that an eth_getLogs-like object names; none where it says a tag for the newest block. Throws
/// BadParameters when it ends before it begins.
Filters::Criteria criteria_of(Parameters::Filter asked);
/// Its logs, as JSON.
Outcome find_logs(const Ledger& ledger, const Filters::Criteria& criteria);

}  // namespace grid::chain::rpc
