#include "actors/keeper.hpp"

#include "chain/calls.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {
constexpr auto kTransactTimeout = 30s;
constexpr auto kSeeTimeout = 30s;
constexpr auto kSubscribeAgain = 1s;
}  // namespace

keeper_state::keeper_state(interface::pointer self, Clock clock, Address market, order_actor orders,
                           chain_actor chain, std::optional<Address> provider, std::chrono::milliseconds tick)
    : self_(self),
      inbox_(self->address()),
      clock_(std::move(clock)),
      market_(market),
      orders_(std::move(orders)),
      chain_(std::move(chain)),
      tick_(tick),
      schedule_(provider) {}

void keeper_state::subscribe() {
    self_->request(orders_, 10s, live_atom_v, order_watcher_actor{caf::actor_cast<interface>(self_)})
        .then(
            [this](const OrderPage& live) {
                for (const auto& row : live.rows) schedule_.update(row.order);
            },
            [this](const caf::error& error) {
                spdlog::warn("keeper: cannot read the live orders: {}", from_caf(error).message);
                inbox_.after(kSubscribeAgain, [this] { subscribe(); });
            });
}

void keeper_state::tick() {
    const auto due = schedule_.take(clock_(), kBatch);
    for (const auto& batch : due.settle)
        send(chain::calls::market::settle_many(batch), batch.front(),
             "settling " + std::to_string(batch.size()) + " orders");
    for (const auto id : due.cancel)
        send(chain::calls::market::cancel_order(id), id, "cancelling order " + std::to_string(id.value));
}

// Whatever the answer is, the schedule tries again until the projection says that the order has ended. A call
// that has been mined is told by the chain a moment before the projection knows it: sent again in that moment
// it would be paid for nothing.
void keeper_state::send(const Bytes& call, OrderId one, std::string what) {
    if (!under_way_.insert(call).second) return;
    self_->request(chain_, kTransactTimeout, transact_atom_v, market_, call)
        .then(
            [this, call, one, what](const MinedReceipt& mined) {
                spdlog::info("keeper: {} in block {}", what, mined.block_number);
                see(call, one, mined.block_number);
            },
            [this, call, what](const caf::error& error) {
                spdlog::warn("keeper: {} failed, will try again: {}", what, from_caf(error).message);
                under_way_.erase(call);
            });
}

// The projection's news of that block come before this answer.
void keeper_state::see(const Bytes& call, OrderId one, std::uint64_t block) {
    const auto over = [this, call] { under_way_.erase(call); };
    self_->request(orders_, kSeeTimeout, find_atom_v, one, block)
        .then([over](const OrderRow&) { over(); }, [over](const caf::error&) { over(); });
}

keeper_state::interface::behavior_type keeper_state::behavior() {
    subscribe();
    if (tick_ > 0ms) self_->delayed_send(self_, tick_, tick_atom_v);
    return {
        [this](const OrderChanged& change) { schedule_.update(change.row.order); },
        [this](tick_atom) {
            tick();
            if (tick_ > 0ms) self_->delayed_send(self_, tick_, tick_atom_v);
        },
        [this](stop_atom) { self_->quit(); },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

keeper_actor keeper(caf::actor_system& system, Clock clock, Address market, order_actor orders,
                    chain_actor chain, std::optional<Address> provider, std::chrono::milliseconds tick) {
    return system.spawn<hosted<keeper_state>>(std::move(clock), market, std::move(orders), std::move(chain),
                                              provider, tick);
}

}  // namespace grid::actors
