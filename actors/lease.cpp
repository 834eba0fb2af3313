#include "actors/lease.hpp"

#include <algorithm>

#include "actors/when_done.hpp"
#include "chain/calls.hpp"
#include "chain/settlement.hpp"
#include "lease/lease_key.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kAskTimeout = 10s;
constexpr auto kTransactTimeout = 30s;
constexpr auto kRemoveTimeout = 120s;
constexpr auto kStandstill = 600s;

// 1 s, 2 s, 4 s ... one minute.
std::chrono::seconds backoff(unsigned tries) {
    return std::min<std::chrono::seconds>(1s * (1 << std::min(tries, 6u)), 60s);
}

}  // namespace

lease_state::lease_state(interface::pointer self, LeaseContext context, StoredLease stored)
    : self_(self), inbox_(self->address()), context_(std::move(context)), row_(std::move(stored.row)) {
    ending_written_ = row_.state == LeaseState::ending;
    for (auto& row : stored.apps) {
        App app;
        app.row = std::move(row);
        // Rows of the first gateways do not say.
        if (app.row.version.share == chain::Resources{}) app.row.version.share = share_of(app.row.name);
        if (auto lowered = lower(app.row.version)) {
            app.application = std::move(*lowered);
            app.interrupted = app.row.state == AppState::deploying;
        } else {
            app.reason = lowered.error().message;
        }
        app.next_reapply = now() + context_.settings->reconcile_interval;
        apps_.emplace(app.row.name, std::move(app));
    }
    steered_at_ = now();
}

lease_state::interface::behavior_type lease_state::behavior() {
    report();
    verify();
    tick();
    return {
        [this](status_atom) { return info(); },
        [this](deploy_atom, const DeployRequest& request) { return deploy(request); },
        [this](change_atom, const ChangeRequest& request) { return change(request); },
        [this](status_atom, const std::string& name) { return detail(name); },
        [this](events_atom, const std::string& name) { return events(name); },
        [this](exec_atom, const ExecRequest& request, const exec_sink_actor& sink) {
            return exec(request, sink);
        },
        [this](remove_atom, const std::string& name) {
            auto promise = self_->make_response_promise<caf::unit_t>();
            when_mended(name, [this, name, promise] {
                remove(name, [promise](std::optional<Error> error) mutable {
                    if (error)
                        promise.deliver(to_caf(*error));
                    else
                        promise.deliver(caf::unit);
                });
            });
            return promise;
        },
        [this](logs_atom, const LogRequest& request, const log_sink_actor& sink) {
            self_->send(context_.parts.cluster, logs_atom_v, request, sink);
        },
        [this](const OrderChanged& change) {
            // The chain itself says what a reorganisation left of the order.
            const auto status = change.row.order.status;
            if (status == chain::OrderStatus::none || status == chain::OrderStatus::unactivated)
                next_verify_ = now();
            else if (is_ours(change.row.order))
                take_order(change.row.order);
        },
        [this](tick_atom) { tick(); },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

// ---- the life of the order ----

void lease_state::tick() {
    // The order may have been extended or replaced while nothing told this node so: the chain is asked, and
    // until it answers the application runs on. Its routes bear the end that is known: visitors are turned
    // away.
    if (context_.parts.clock() < row_.ends_at)
        end_asked_ = false;
    else if (!ending() && !std::exchange(end_asked_, true))
        next_verify_ = now();
    if (now() >= next_verify_) verify();
    if (row_.state == LeaseState::ending) {
        tear_down();
        settle();
        return conclude();
    }
    if (ending()) return;
    if (row_.resized) fit_to_order();
    if (now() >= next_watch_) watch();
    mind_outage();
}

// Asks the chain itself: the projection's news may have been missed while this node was down.
void lease_state::verify() {
    if (verifying_ || row_.settled) return;
    verifying_ = true;
    next_verify_ = now() + context_.settings->reconcile_interval;
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(context_.parts.chain, kAskTimeout, call_atom_v, market,
                  chain::calls::market::get(row_.order))
        .then(
            [this, asked = row_.order, asked_at = context_.parts.clock(),
             chain_time = chain_time_](const Bytes& output) {
                const auto order = chain::calls::decode_order(output);
                if (!order) return unverified(order.error());
                verifying_ = false;
                if (asked != row_.order) return;
                if (!is_ours(*order)) return missing();
                missing_since_.reset();
                take_order(*order);
                if (ending() || !chain::settlement::past_end(*order, asked_at)) return;
                if (context_.settings->blocks_come && !chain::settlement::past_end(*order, chain_time))
                    return ask_chain_time();
                end("the end of the order has come");
            },
            [this](const caf::error& error) { unverified(from_caf(error)); });
}

// On a network what counts is some blocks old: an order that was extended at the last moment is not yet seen
// to be. So the end waits until the newest block that counts is past it, which a wrong clock here does not
// change either. Where no blocks come for long, this clock has to do.
void lease_state::ask_chain_time() {
    self_->request(context_.parts.chain, kAskTimeout, head_atom_v)
        .then(
            [this](const Head& head) {
                if (head.number != stands_at_ || !stands_since_) {
                    stands_at_ = head.number;
                    stands_since_ = now();
                }
                chain_time_ = now() >= *stands_since_ + kStandstill ? context_.parts.clock() : head.time;
                next_verify_ = now() + 1s;
            },
            [this](const caf::error& error) { unverified(from_caf(error)); });
}

// Unknown is not ended.
void lease_state::unverified(const Error& why) {
    verifying_ = false;
    next_verify_ = now() + 5s;
    spdlog::warn("lease of order {}: the chain does not answer: {}", row_.order.value, why.message);
}

void lease_state::take_order(const chain::Order& order) {
    if (order.status == chain::OrderStatus::completed && !ending() &&
        order.settled_at < chain::settlement::ends_at(order, order.settled_at))
        return find_successor();
    if (order.status == chain::OrderStatus::cancelled || order.status == chain::OrderStatus::completed) {
        if (!row_.settled) {
            row_.settled = true;
            persist_row({});
        }
        if (!ending()) end("the order is " + std::string(chain::name_of(order.status)));
        return conclude();
    }
    if (ending()) return;
    if (order.status == chain::OrderStatus::unactivated) {
        // Its activation was taken back: the term begins again.
        row_.ends_at = std::max(row_.ends_at, context_.parts.clock() + order.probation + order.duration);
        report();
        return activate();
    }
    const auto ends_at = chain::settlement::announced_end(order);
    const bool same = ends_at == row_.ends_at && order.resources == row_.resources;
    if (same && suspended_since_ == order.suspended_since) return;
    suspended_since_ = order.suspended_since;
    if (same) return report();
    row_.ends_at = ends_at;
    row_.resized = row_.resized || row_.resources != order.resources;
    row_.resources = order.resources;
    persist_row([this] { report(); });
}

void lease_state::end(const std::string& why) {
    spdlog::info("lease of order {} ends: {}", row_.order.value, why);
    context_.parts.happened("lease_ended");
    row_.state = LeaseState::ending;
    // Traffic first: nobody is served unpaid while the rest is written down.
    context_.parts.sessions->end(row_.lease_key);
    report();
    next_settle_ = row_.ends_at + context_.settings->settle_grace;
    persist_row([this] {
        ending_written_ = true;
        tear_down();
        conclude();
    });
}

void lease_state::tear_down() {
    if (!ending_written_ || row_.torn_down || tearing_down_) return;
    tearing_down_ = true;
    keep_logs([this] { remove_all(); });
}

void lease_state::remove_all() {
    when_done(
        self_->request(context_.parts.cluster, kRemoveTimeout, remove_atom_v, row_.lease_key),
        [this] {
            tearing_down_ = false;
            // An apply that was under way may have started something behind the removal.
            if (applying_ > 0) return;
            row_.torn_down = true;
            persist_row([this] { conclude(); });
        },
        [this](const caf::error& error) {
            spdlog::warn("lease of order {}: not removed yet, will try again: {}", row_.order.value,
                         from_caf(error).message);
            // The flag stays up until the wait is over, so that ticks do not start another try.
            inbox_.after(backoff(tear_down_tries_++), [this] {
                tearing_down_ = false;
                tear_down();
            });
        });
}

// Sent until a block at or after E has taken it. `settleMany` passes over what is settled already.
void lease_state::settle() {
    const auto time = context_.parts.clock();
    if (row_.settled || settling_ || time < row_.ends_at || time < next_settle_) return;
    settling_ = true;
    next_settle_ = time + chain::Seconds{static_cast<std::uint64_t>(backoff(settle_tries_++).count())};
    const auto& market = context_.settings->chain_info.contracts.market;
    self_
        ->request(context_.parts.chain, kTransactTimeout, transact_atom_v, market,
                  chain::calls::market::settle_many({row_.order}))
        .then(
            [this](const MinedReceipt&) {
                settling_ = false;
                verify();
            },
            [this](const caf::error& error) {
                settling_ = false;
                spdlog::warn("lease of order {}: not settled yet, will try again: {}", row_.order.value,
                             from_caf(error).message);
            });
}

void lease_state::conclude() {
    if (row_.state != LeaseState::ending || !row_.torn_down || !row_.settled) return;
    row_.state = LeaseState::gone;
    row_.ended_at = context_.parts.clock();
    store::Batch batch;
    context_.rows.put(batch, row_);
    for (auto& [name, app] : apps_) {
        // The name stays, so that its host answers 410 for a while.
        app.row.state = AppState::removed;
        app.row.version = app.row.previous = {};
        context_.rows.put(batch, row_.lease_key, app.row);
    }
    persist(std::move(batch), [this] {
        spdlog::info("lease of order {} is gone", row_.order.value);
        context_.parts.happened("lease_gone");
        report();
        self_->quit();
    });
}

lease_actor lease(caf::actor_system& system, LeaseContext context, StoredLease stored) {
    return system.spawn<hosted<lease_state>>(std::move(context), std::move(stored));
}

}  // namespace grid::actors
