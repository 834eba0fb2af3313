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
                // No order of the pair at all: another branch than that on which ours was completed.
                const auto id = chain::calls::decode_order_id(output);
                if (!id || id->value == 0) return look_again();
                look_at(*id, std::nullopt);
            },
            [this](const caf::error&) { look_again(); });
}

// Unknown is not ended.
void lease_state::look_again() {
    following_ = false;
    next_verify_ = now() + kAskAgain;
}

void lease_state::look_at(chain::OrderId id, std::optional<chain::Order> newest) {
    const auto& market = context_.settings->chain_info.contracts.market;
    self_->request(context_.parts.chain, kAskTimeout, call_atom_v, market, chain::calls::market::get(id))
        .then(
            [this, newest](const Bytes& output) {
                const auto order = chain::calls::decode_order(output);
                if (!order) return look_again();
                if (order->replaces == row_.order) return adopt(newest.value_or(*order));
                // Ids go back with every step, so this ends.
                if (order->replaces > row_.order && order->replaces < order->id)
                    return look_at(order->replaces, newest.value_or(*order));
                // Between the two answers the chain may have gone to a branch on which ours runs on.
                if (order->id == row_.order && order->live()) return look_again();
                following_ = false;
                if (!ending()) end("the order is completed");
            },
            [this](const caf::error&) { look_again(); });
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
