// What a reorganisation of the network does to a lease: its order may be unactivated again, have another
// number, or be gone. The application runs on until the chain has said for long enough that there is no
// order.
#include "actors/lease.hpp"
#include "chain/calls.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {
constexpr auto kAskTimeout = 10s;
constexpr auto kTransactTimeout = 30s;
constexpr auto kAskAgain = 5s;
constexpr auto kLookAgain = 1s;
}  // namespace

bool lease_state::is_ours(const chain::Order& order) const {
    return order.status != chain::OrderStatus::none && order.id == row_.order && order.user == row_.user &&
           order.provider == context_.settings->provider;
}

/// A live order of the pair that no lease has: what was bought is the same, or it is older, so that ours had
/// replaced it.
bool lease_state::may_be_ours(const chain::Order& order) const {
    return order.live() && order.user == row_.user && order.provider == context_.settings->provider &&
           (order.resources == row_.resources || order.id < row_.order);
}

/// The chain has answered, and its answer is not this lease's order.
void lease_state::missing() {
    next_verify_ = now() + kLookAgain;
    if (searching_) return;
    searching_ = true;
    self_->request(context_.parts.chain, kAskTimeout, head_atom_v)
        .then([this](const Head& head) { look_elsewhere(head.number); },
              [this](const caf::error&) { searching_ = false; });
}

/// The user's transaction may be in a block again, behind those of others, so that its order has another
/// number; or the order replaced one that lives again now.
void lease_state::look_elsewhere(std::uint64_t height) {
    const auto& market = context_.settings->chain_info.contracts.market;
    const auto unknown = [this](const caf::error&) { searching_ = false; };
    self_
        ->request(context_.parts.chain, kAskTimeout, call_atom_v, market,
                  chain::calls::market::current(row_.user, context_.settings->provider))
        .then(
            [this, height, market, unknown](const Bytes& output) {
                const auto id = chain::calls::decode_order_id(output).value_or(chain::OrderId{});
                if (ending() || id.value == 0 || context_.board->find(id, row_.user))
                    return still_missing(height);
                self_
                    ->request(context_.parts.chain, kAskTimeout, call_atom_v, market,
                              chain::calls::market::get(id))
                    .then(
                        [this, height](const Bytes& found) {
                            const auto order = chain::calls::decode_order(found);
                            if (ending() || !order || !may_be_ours(*order)) return still_missing(height);
                            searching_ = false;
                            missing_since_.reset();
                            adopt(*order);
                        },
                        unknown);
            },
            unknown);
}

void lease_state::still_missing(std::uint64_t height) {
    searching_ = false;
    if (!missing_since_) {
        missing_since_ = height;
        spdlog::warn(
            "lease of order {}: the chain has no such order any more at block {}; if it does not come again "
            "within {} blocks, the lease ends",
            row_.order.value, height, context_.settings->missing_blocks);
    }
    missing_since_ = std::min(*missing_since_, height);
    if (height < *missing_since_ + context_.settings->missing_blocks) return;
    row_.settled = true;  // there is nothing to settle
    if (!ending()) return end("the chain has no such order any more");
    persist_row([this] { conclude(); });
}

void lease_state::activate() {
    if (activating_) return;
    activating_ = true;
    spdlog::warn("lease of order {}: its activation was taken back; it is activated again", row_.order.value);
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(context_.parts.chain, kTransactTimeout, transact_atom_v, market,
                  chain::calls::market::activate_order(row_.order))
        .then(
            [this](const MinedReceipt&) {
                activating_ = false;
                verify();
            },
            [this](const caf::error& error) {
                activating_ = false;
                next_verify_ = now() + kAskAgain;
                spdlog::warn("lease of order {}: not activated yet, will try again: {}", row_.order.value,
                             from_caf(error).message);
            });
}

}  // namespace grid::actors
