// Accepting an order, step by step: read it on the chain itself, name its lease, write the intent, activate
// it, read again, write the authorisation. A run that was interrupted is begun again from its row.
#include "actors/acceptance.hpp"
#include "actors/leases.hpp"
#include "chain/calls.hpp"
#include "chain/settlement.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kAskTimeout = 10s;
constexpr auto kTransactTimeout = 30s;

/// The chain did not say no: it said nothing.
bool is_silence(const Error& error) {
    return error.code == "unavailable" || error.code == "timeout" || error.code == "internal";
}

}  // namespace

caf::typed_response_promise<LeaseInfo> leases_state::accept(OrderId order, const Address& user) {
    auto promise = self_->make_response_promise<LeaseInfo>();
    if (const auto info = board_->find(order, user); info && !over(info->state)) {
        promise.deliver(*info);
        return promise;
    }
    auto& run = accepting_[{order, user}];
    if (!run) {
        run = std::make_shared<Acceptance>();
        run->row.order = order;
        run->row.user = user;
    }
    run->waiting.push_back(promise);
    start(run);
    return promise;
}

void leases_state::resume_acceptances() {
    for (const auto& [order, run] : accepting_) start(run);
}

void leases_state::start(const Run& run) {
    if (run->running) return;
    run->running = true;
    read_order(run, [this, run](const chain::Order& order) {
        // The lease of the order before goes on with this one, as soon as it knows of it.
        if (const auto before = board_->find(order.replaces, order.user); before && !over(before->state))
            return refuse(run,
                          {"busy", "the lease of order " + std::to_string(order.replaces.value) +
                                       " is being continued; try again in a moment"},
                          true);
        name_lease(run, order);
    });
}

void leases_state::read_order(const Run& run, std::function<void(const chain::Order&)> then) {
    self_
        ->request(parts_.chain, kAskTimeout, call_atom_v, settings_->chain_info.contracts.market,
                  chain::calls::market::get(run->row.order))
        .then(
            [this, run, then](const Bytes& output) {
                auto order = chain::calls::decode_order(output);
                if (!order)
                    return refuse(
                        run, {"unavailable", "the chain answers nonsense: " + order.error().message}, false);
                if (auto fits = check_order(*order, run->row.user, settings_->provider, settings_->policy,
                                            parts_.clock());
                    !fits)
                    return refuse(run, fits.error(), true);
                then(*order);
            },
            [this, run](const caf::error& error) {
                auto why = from_caf(error);
                if (why.code == "reverted")
                    return refuse(run, {"not_found", "the chain knows no such order"}, true);
                refuse(run, {"unavailable", "the chain cannot be asked: " + why.message}, false);
            });
}

// The key needs the block that created the order: the projection knows it, once it is as far as the chain is
// now.
void leases_state::name_lease(const Run& run, const chain::Order& order) {
    run->row.resources = order.resources;
    const bool activate_it = order.status == chain::OrderStatus::unactivated;
    auto silent = [this, run](const caf::error& error) {
        refuse(run, {"unavailable", "the order cannot be read: " + from_caf(error).message}, false);
    };
    self_->request(parts_.chain, kAskTimeout, head_atom_v)
        .then(
            [this, run, activate_it, silent](const Head& head) {
                self_->request(parts_.orders, kAskTimeout, find_atom_v, run->row.order, head.number)
                    .then(
                        [this, run, activate_it](const OrderRow& found) {
                            const auto before = run->row.lease_key;
                            if (auto free = take_name(run, found); !free)
                                return refuse(run, free.error(), false);
                            store::Batch intent;
                            if (before != found.lease_key) rows_->erase(intent, before);
                            rows_->put(intent, run->row);
                            rows_->submit(std::move(intent), [this, run, activate_it,
                                                              post = inbox_.poster()](Result<void> done) {
                                post([this, run, activate_it, done = std::move(done)] {
                                    if (!done) return refuse(run, done.error(), false);
                                    activate_it ? activate(run) : confirm(run);
                                });
                            });
                        },
                        silent);
            },
            silent);
}

/// An order that had ended here and lives on the chain all the same (a reorganisation took its end back) gets
/// its lease again.
Result<void> leases_state::take_name(const Run& run, const OrderRow& found) {
    // The chain has left the branch that the projection is still on.
    if (found.order.user != run->row.user || found.order.provider != settings_->provider)
        return fail("unavailable", "the order cannot be read yet: the chain is being reorganised");
    if (const auto info = board_->find(found.lease_key)) {
        if (info->state != LeaseState::gone)
            return fail("busy", "what was left of order " + std::to_string(run->row.order.value) +
                                    " is being removed; try again in a moment");
        ended_.erase(found.lease_key);
        parts_.sessions->forget(found.lease_key);
    }
    run->row.lease_key = found.lease_key;
    return {};
}

void leases_state::activate(const Run& run) {
    self_
        ->request(parts_.chain, kTransactTimeout, transact_atom_v, settings_->chain_info.contracts.market,
                  chain::calls::market::activate_order(run->row.order))
        .then([this, run](const MinedReceipt&) { confirm(run); },
              [this, run](const caf::error& error) {
                  const auto why = from_caf(error);
                  // Perhaps it was taken after all, or somebody else was faster: the order itself tells.
                  if (is_silence(why))
                      return refuse(run, {"unavailable", "the chain did not confirm the activation"}, false);
                  spdlog::warn("order {}: activation refused: {}", run->row.order.value, why.message);
                  confirm(run);
              });
}

void leases_state::confirm(const Run& run) {
    read_order(run, [this, run](const chain::Order& order) {
        if (order.status != chain::OrderStatus::running)
            return refuse(
                run,
                {"wrong_state", "order " + std::to_string(order.id.value) +
                                    " cannot be activated; is this gateway's key the provider's or its "
                                    "operator's?"},
                false);
        run->row.state = LeaseState::authorised;
        run->row.ends_at = chain::settlement::announced_end(order);
        run->row.resources = order.resources;
        store::Batch batch;
        rows_->put(batch, run->row);
        rows_->submit(std::move(batch), [this, run, post = inbox_.poster()](Result<void> done) {
            post([this, run, done = std::move(done)] {
                if (!done) {
                    run->row.state = LeaseState::verifying;
                    return refuse(run, done.error(), false);
                }
                const auto& row = run->row;
                accepting_.erase({row.order, row.user});
                spdlog::info("order {} is accepted", row.order.value);
                parts_.happened("order_accepted");
                const LeaseInfo info{row.lease_key, row.order,   row.user, row.state,
                                     row.resources, row.ends_at, {}};
                board_->report(info, {});
                spawn({row, {}});
                for (auto& promise : run->waiting) promise.deliver(info);
            });
        });
    });
}

// `forget`: the chain said no, so there is nothing to come back to. Otherwise a written intent waits for the
// next reconciliation; one that was not written yet is over.
void leases_state::refuse(const Run& run, const Error& why, bool forget) {
    const bool written = !run->row.lease_key.is_zero();
    auto waiting = std::exchange(run->waiting, {});
    run->running = false;
    if (forget || !written) {
        accepting_.erase({run->row.order, run->row.user});
        if (written) {
            store::Batch batch;
            rows_->erase(batch, run->row.lease_key);
            rows_->submit(std::move(batch), [](Result<void>) {});
            if (board_->find(run->row.lease_key)) ended_[run->row.lease_key] = parts_.clock();
        }
    }
    for (auto& promise : waiting) promise.deliver(to_caf(why));
}

}  // namespace grid::actors
