// An order that its user replaced: the lease goes on with the one that continues it.
#include "actors/lease.hpp"
#include "chain/calls.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {
constexpr auto kAskTimeout = 10s;
constexpr auto kAskAgain = 5s;
}  // namespace

// Asks the chain for the newest order of the pair, and goes back from there: while this node was down the
// order may have been replaced more than once.
void lease_state::find_successor() {
    if (following_) return;
    following_ = true;
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(context_.parts.chain, kAskTimeout, call_atom_v, market,
                  chain::calls::market::current(row_.user, context_.settings->provider))
        .then(
            [this](const Bytes& output) {
                const auto id = chain::calls::decode_order_id(output);
                look_at(id.value_or(chain::OrderId{}), std::nullopt);
            },
            [this](const caf::error&) {
                // Unknown is not ended.
                following_ = false;
                next_verify_ = now() + kAskAgain;
            });
}

void lease_state::look_at(chain::OrderId id, std::optional<chain::Order> newest) {
    const auto& market = context_.settings->chain_info.contracts.market;
    self_->request(context_.parts.chain, kAskTimeout, call_atom_v, market, chain::calls::market::get(id))
        .then(
            [this, newest](const Bytes& output) {
                const auto order = chain::calls::decode_order(output);
                if (order && order->replaces == row_.order) return adopt(newest.value_or(*order));
                // Ids go back with every step, so this ends.
                if (order && order->replaces.value != 0 && order->replaces < order->id)
                    return look_at(order->replaces, newest.value_or(*order));
                following_ = false;
                if (!ending()) end("the order is completed");
            },
            [this](const caf::error&) {
                following_ = false;
                next_verify_ = now() + kAskAgain;
            });
}

void lease_state::adopt(const chain::Order& order) {
    following_ = false;
    if (ending()) return;
    spdlog::info("the lease of order {} goes on with order {}", row_.order.value, order.id.value);
    row_.order = order.id;
    persist_row([this, order] {
        report();
        take_order(order);
    });
}

}  // namespace grid::actors
