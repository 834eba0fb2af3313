// While the cluster does not say how an application is that served, nobody knows whether the user gets what
// is paid: after a while the order stands still on the chain (suspend), until the cluster is back (resume).
// Never for an application that is down by its own fault. What the provider has suspended by hand is the
// provider's to resume.
#include <algorithm>

#include "actors/lease.hpp"
#include "chain/calls.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kAskTimeout = 10s;
constexpr auto kTransactTimeout = 60s;
constexpr auto kAgain = 10s;
constexpr auto kStands = 300s;  ///< until what is as it should be is looked at again
/// A transaction that nobody has answered for may still come to be.
constexpr auto kInFlight = 600s;

}  // namespace

bool lease_state::is_out() const {
    return std::any_of(apps_.begin(), apps_.end(), [](const auto& entry) {
        const auto& app = entry.second;
        return app.seen && app.health == Health::unknown && app.served();
    });
}

bool lease_state::is_back() const {
    return std::all_of(apps_.begin(), apps_.end(), [](const auto& entry) {
        const auto& app = entry.second;
        return app.seen && (!app.served() || app.health == Health::ready);
    });
}

void lease_state::mind_outage() {
    const auto patience = context_.settings->suspend_after;
    if (patience.count == 0 || row_.settled) return;
    const auto time = context_.parts.clock();
    const bool out = is_out();
    if (out != (row_.outage_since.seconds != 0)) {
        const bool seen =
            std::all_of(apps_.begin(), apps_.end(), [](const auto& e) { return e.second.seen; });
        if (!out && !seen) return;  // after a start: nobody has looked yet
        row_.outage_since = out ? time : chain::Timestamp{};
        persist_row({});
    }
    if (out) {
        back_since_.reset();
        if (time < row_.outage_since + patience) return;
        if (row_.suspends) return steer(true);
        if (suspended_since_.seconds != 0) return;  // by hand
        spdlog::warn("lease of order {}: the cluster has been out for {} s; the order is suspended",
                     row_.order.value, patience.count);
        row_.suspends = true;
        return persist_row([this] { steer(true); });
    }
    if (!row_.suspends) return;
    if (!back_since_) {
        back_since_ = now();
        next_steer_ = {};
    }
    // What does not come up again in all that time is the application's own fault.
    if (is_back() || now() >= *back_since_ + context_.settings->resume_grace) steer(false);
}

// Looks at the chain first: what is so already is not sent again.
void lease_state::steer(bool suspended) {
    if (steering_ || now() < next_steer_ || ending()) return;
    steering_ = true;
    next_steer_ = now() + kAgain;
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(context_.parts.chain, kAskTimeout, call_atom_v, market,
                  chain::calls::market::get(row_.order))
        .then(
            [this, suspended](const Bytes& output) {
                steering_ = false;
                const auto order = chain::calls::decode_order(output);
                if (!order || !is_ours(*order) || order->status != chain::OrderStatus::running || ending())
                    return;
                if ((order->suspended_since.seconds != 0) != suspended) return send_steering(suspended);
                take_order(*order);
                if (suspended || now() >= steered_at_ + kInFlight) steered(suspended);
            },
            [this](const caf::error&) { steering_ = false; });
}

void lease_state::send_steering(bool suspended) {
    steering_ = true;
    steered_at_ = now();
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(
            context_.parts.chain, kTransactTimeout, transact_atom_v, market,
            suspended ? chain::calls::market::suspend(row_.order) : chain::calls::market::resume(row_.order))
        .then(
            [this, suspended](const MinedReceipt&) {
                steering_ = false;
                context_.parts.happened(suspended ? "order_suspended" : "order_resumed");
                spdlog::info("lease of order {}: {}", row_.order.value,
                             suspended ? "suspended on the chain" : "resumed on the chain");
                steered(suspended);
                verify();
            },
            [this, suspended](const caf::error& error) {
                steering_ = false;
                spdlog::warn("lease of order {}: not {} yet, will try again: {}", row_.order.value,
                             suspended ? "suspended" : "resumed", from_caf(error).message);
            });
}

// It stands on the chain. Only what goes on again is forgotten.
void lease_state::steered(bool suspended) {
    if (suspended) next_steer_ = now() + kStands;
    if (suspended || !row_.suspends) return;
    row_.suspends = false;
    back_since_.reset();
    persist_row({});
}

}  // namespace grid::actors
