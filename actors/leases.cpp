#include "actors/leases.hpp"

#include <algorithm>
#include <set>

#include "actors/when_done.hpp"
#include "chain/calls.hpp"
#include "lease/stock.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

std::string last_lines(std::string text, std::uint32_t lines) {
    if (lines == 0) return "";
    auto from = text.size();
    if (from > 0) --from;  // the last character ends its line, or is of it
    while (from > 0 && (text[from - 1] != '\n' || --lines > 0)) --from;
    return text.substr(from);
}

/// Of a row, before its actor has said more.
LeaseInfo info_of(const StoredLease& stored) {
    const auto& row = stored.row;
    LeaseInfo info{row.lease_key, row.order, row.user, row.state, row.resources, row.ends_at, {}};
    for (const auto& app : stored.apps) {
        AppInfo told;
        told.name = app.name;
        told.state = over(row.state)                ? AppState::removed
                     : app.state == AppState::ready ? AppState::unknown
                                                    : app.state;
        info.apps.push_back(std::move(told));
    }
    return info;
}

}  // namespace

leases_state::leases_state(interface::pointer self, GatewayParts parts, GatewaySettings settings)
    : self_(self),
      inbox_(self->address()),
      parts_(std::move(parts)),
      settings_(std::make_shared<const GatewaySettings>(std::move(settings))),
      board_(std::make_shared<LeaseBoard>(parts_.routes)) {}

leases_state::~leases_state() {
    for (const auto& [key, child] : children_)
        if (child.actor) caf::anon_send_exit(child.actor, caf::exit_reason::user_shutdown);
}

Result<void> leases_state::open() {
    auto rows = LeaseRows::open(parts_.storage);
    if (!rows) return tl::unexpected(rows.error());
    rows_ = std::move(*rows);
    auto stored = rows_->load();
    if (!stored) return tl::unexpected(stored.error());
    for (auto& lease : *stored) {
        switch (lease.row.state) {
            case LeaseState::verifying: {
                auto run = std::make_shared<Acceptance>();
                run->row = lease.row;
                accepting_[{lease.row.order, lease.row.user}] = run;
                break;
            }
            case LeaseState::gone:
                ended(lease);
                break;
            default:
                // Known from the first turn on: what runs without a known lease is removed.
                board_->report(info_of(lease), {});
                spawn(lease);
        }
    }
    return {};
}

leases_state::interface::behavior_type leases_state::behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    if (auto opened = open(); !opened) return refuse_to_start<leases_state>(self_, to_caf(opened.error()));
    subscribe();
    resume_acceptances();
    reconcile();
    if (settings_->tick > 0ms) inbox_.after(settings_->tick, [this] { tick(); });
    return {
        [this](const OrderChanged& change) {
            if (const auto* lease = child_of(change.row)) self_->send(lease->actor, change);
        },
        [this](accept_atom, OrderId order, const Address& user) { return accept(order, user); },
        [this](list_atom, const Address& user) { return board_->live(user); },
        [this](list_atom) { return board_->live(); },
        [this](find_atom, const Hash& lease_key) -> caf::result<LeaseInfo> {
            if (auto info = board_->find(lease_key)) return *info;
            return to_caf(no_lease(lease_key));
        },
        [this](find_atom, OrderId order, const Address& user) -> caf::result<LeaseInfo> {
            if (auto info = board_->find(order, user)) return *info;
            return to_caf({"not_found", "this gateway has no lease of that order; accept it first"});
        },
        [this](deploy_atom, const DeployRequest& request) -> caf::result<AppInfo> {
            const auto* lease = child(request.lease_key);
            if (!lease) return to_caf(no_lease(request.lease_key));
            return self_->delegate(lease->actor, deploy_atom_v, request);
        },
        [this](change_atom, const ChangeRequest& request) -> caf::result<AppInfo> {
            const auto* lease = child(request.lease_key);
            if (!lease) return to_caf(no_lease(request.lease_key));
            return self_->delegate(lease->actor, change_atom_v, request);
        },
        [this](status_atom, const Hash& lease_key, const std::string& app) -> caf::result<AppDetail> {
            const auto* lease = child(lease_key);
            if (!lease) return to_caf(no_lease(lease_key));
            return self_->delegate(lease->actor, status_atom_v, app);
        },
        [this](events_atom, const Hash& lease_key,
               const std::string& app) -> caf::result<std::vector<AppEvent>> {
            const auto* lease = child(lease_key);
            if (!lease) return to_caf(no_lease(lease_key));
            return self_->delegate(lease->actor, events_atom_v, app);
        },
        [this](exec_atom, const ExecRequest& request,
               const exec_sink_actor& sink) -> caf::result<exec_actor> {
            const auto* lease = child(request.lease_key);
            if (!lease) return to_caf(no_lease(request.lease_key));
            return self_->delegate(lease->actor, exec_atom_v, request, sink);
        },
        [this](remove_atom, const Hash& lease_key, const std::string& app) -> caf::result<caf::unit_t> {
            const auto* lease = child(lease_key);
            if (!lease) return to_caf(no_lease(lease_key));
            return self_->delegate(lease->actor, remove_atom_v, app);
        },
        [this](logs_atom, const LogRequest& request, const log_sink_actor& sink) {
            if (replay(request, sink)) return;
            if (const auto* lease = child(request.lease_key))
                self_->send(lease->actor, logs_atom_v, request, sink);
            else
                caf::anon_send(sink, LogChunk{"", "", true});
        },
        [this](tick_atom) {
            for (const auto& [key, lease] : children_)
                if (lease.actor) self_->send(lease.actor, tick_atom_v);
            if (self_->clock().now() >= next_reconcile_) reconcile();
            purge();
        },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

// What a lease that has ended left of its logs, in one piece.
bool leases_state::replay(const LogRequest& request, const log_sink_actor& sink) {
    const auto info = board_->find(request.lease_key);
    if (!info || !over(info->state)) return false;
    auto kept = rows_->kept_log(request.lease_key, request.app);
    if (!kept || !*kept) return false;
    const auto end = [sink] { caf::anon_send(sink, LogChunk{"", "", true}); };
    self_->request(sink, 30s, LogChunk{"kept", last_lines(std::move((*kept)->text), request.tail), false})
        .then([end](ack_atom) { end(); }, [](const caf::error&) {});
    return true;
}

void leases_state::tick() {
    self_->send(caf::actor_cast<interface>(self_), tick_atom_v);
    inbox_.after(settings_->tick, [this] { tick(); });
}

Error leases_state::no_lease(const Hash& lease_key) const {
    const auto info = board_->find(lease_key);
    if (!info) return {"not_found", "this gateway has no such lease; accept the order first"};
    if (over(info->state)) return {"ended", "the order of this lease has ended"};
    return {"unavailable", "the lease is being started again; try again in a moment"};
}

const leases_state::Child* leases_state::child(const Hash& lease_key) const {
    auto found = children_.find(lease_key);
    return found == children_.end() || !found->second.actor ? nullptr : &found->second;
}

// A lease that goes on with another order keeps the key of its first one, and so does one whose order came
// into another block by a reorganisation.
const leases_state::Child* leases_state::child_of(const OrderRow& row) const {
    if (const auto* lease = child(row.lease_key)) return lease;
    const auto info = board_->find(row.order.id, row.order.user);
    return info ? child(info->lease_key) : nullptr;
}

// ---- supervision ----

void leases_state::spawn(const StoredLease& stored) {
    auto& child = children_[stored.row.lease_key];
    child.order = stored.row.order;
    child.actor = lease(self_->home_system(), {parts_, settings_, *rows_, board_}, stored);
    self_->monitor(child.actor);
}

void leases_state::on_down(const caf::down_msg& down) {
    auto found = std::find_if(children_.begin(), children_.end(), [&](const auto& entry) {
        return entry.second.actor && entry.second.actor.address() == down.source;
    });
    if (found == children_.end()) return;
    const auto key = found->first;
    if (const auto info = board_->find(key); info && info->state == LeaseState::gone) {
        ended_[key] = parts_.clock();
        children_.erase(found);
        return;
    }
    auto& child = found->second;
    child.actor = nullptr;
    parts_.happened("lease_restarted");
    spdlog::error("the lease of order {} stopped: {}", child.order.value, caf::to_string(down.reason));
    if (++child.restarts > kMaxRestarts) {
        child.quarantined = true;
        spdlog::error("the lease of order {} is left alone until the next reconciliation", child.order.value);
        return;
    }
    inbox_.after(100ms * (1 << child.restarts), [this, key] { restart(key); });
}

void leases_state::restart(const Hash& lease_key) {
    auto found = children_.find(lease_key);
    if (found == children_.end() || found->second.actor) return;
    auto stored = rows_->load(lease_key);
    if (!stored || !*stored) {
        spdlog::error("the lease of order {} cannot be read; it is left alone until the next reconciliation",
                      found->second.order.value);
        found->second.quarantined = true;
        return;
    }
    spawn(**stored);
}

// ---- reconciliation ----

void leases_state::subscribe() {
    self_->request(parts_.orders, 10s, live_atom_v, order_watcher_actor{caf::actor_cast<interface>(self_)})
        .then(
            [this](const OrderPage& live) {
                for (const auto& row : live.rows)
                    if (const auto* lease = child_of(row))
                        self_->send(lease->actor, OrderChanged{row, 0, {}});
            },
            [this](const caf::error& error) {
                spdlog::warn("leases: cannot follow the orders: {}", from_caf(error).message);
                inbox_.after(1s, [this] { subscribe(); });
            });
}

void leases_state::reconcile() {
    if (reconciling_) return;
    reconciling_ = true;
    next_reconcile_ = self_->clock().now() + settings_->reconcile_interval;
    for (auto& [key, child] : children_) {
        if (!child.quarantined) continue;
        child.quarantined = false;
        child.restarts = 0;
        restart(key);
    }
    resume_acceptances();
    self_->request(parts_.cluster, 30s, list_atom_v)
        .then(
            [this](const std::vector<RunningApp>& running) {
                reconciling_ = false;
                warn("cluster", "");
                judge_running(running);
                collect();
                check_stock();
            },
            [this](const caf::error& error) {
                // Unknown: nothing is removed.
                reconciling_ = false;
                next_reconcile_ = self_->clock().now() + 5s;
                warn("cluster", "the cluster does not answer: " + from_caf(error).message);
                spdlog::warn("leases: the cluster does not answer: {}", from_caf(error).message);
            });
}

// Removes what runs here without a lease or a row. Everything in the list was made by this gateway.
void leases_state::judge_running(const std::vector<RunningApp>& running) {
    auto not_removed = [](const caf::error& error) {
        spdlog::warn("leases: not removed, will try again: {}", from_caf(error).message);
    };
    std::set<Hash> strangers;
    for (const auto& app : running) {
        const auto info = board_->find(app.lease_key);
        if (info && info->state != LeaseState::gone && app.app.empty()) continue;
        if (!info || info->state == LeaseState::gone) {
            strangers.insert(app.lease_key);
            continue;
        }
        const auto& apps = info->apps;
        const bool known =
            std::any_of(apps.begin(), apps.end(), [&](const auto& a) { return a.name == app.app; });
        if (known || !child(app.lease_key)) continue;
        spdlog::warn("removing application {} of order {}: no row names it", app.app, info->order.value);
        when_done(
            self_->request(parts_.cluster, 120s, remove_atom_v, app.lease_key, app.app), [] {}, not_removed);
    }
    for (const auto& key : strangers) {
        // An order that is being accepted has no application yet, so this is nobody's.
        spdlog::warn("removing what runs for lease {}: it has ended or was never accepted here", key.hex());
        self_->request(parts_.cluster, 120s, remove_atom_v, key)
            .then([](caf::unit_t) {}, [](const caf::error&) {});
    }
}

void leases_state::warn(const std::string& topic, const std::string& words) {
    if (parts_.warnings && parts_.warnings->set(topic, words) && !words.empty())
        spdlog::warn("{}: {}", topic, words);
}

// Only the provider's own key may revise the Registry: what is not true there is told, not mended.
void leases_state::check_stock() {
    self_->request(parts_.cluster, 30s, inv_atom_v)
        .then(
            [this](const Inventory& stock) {
                self_
                    ->request(parts_.chain, 10s, call_atom_v, settings_->chain_info.contracts.registry,
                              chain::calls::registry::get(settings_->provider))
                    .then(
                        [this, stock](const Bytes& output) {
                            const auto entry = chain::calls::decode_provider(output);
                            if (!entry || entry->status != chain::ProviderStatus::active) return;
                            std::string words;
                            for (const auto& finding :
                                 lease::judge_stock(entry->total, entry->available, stock.total, stock.used))
                                if (finding.oversold) words += (words.empty() ? "" : "; ") + finding.words;
                            if (!words.empty()) words = "the Registry promises too much: " + words;
                            warn("stock", words);
                        },
                        [](const caf::error&) {});
            },
            [](const caf::error&) {});
}

// Whoever is not named here may lose what the cluster keeps for them: every row that is not of a lease that
// is gone counts.
void leases_state::collect() {
    const auto now = self_->clock().now();
    if (settings_->collect_interval == 0ms || now < next_collect_) return;
    next_collect_ = now + settings_->collect_interval;
    std::vector<Hash> living;
    for (const auto& [key, child] : children_) living.push_back(key);
    for (const auto& [order, run] : accepting_) living.push_back(run->row.lease_key);
    self_->request(parts_.cluster, 120s, collect_atom_v, std::move(living))
        .then(
            [](const std::vector<std::string>& gone) {
                for (const auto& what : gone) spdlog::info("collected: {}", what);
            },
            [](const caf::error& error) {
                spdlog::warn("leases: garbage is not collected: {}", from_caf(error).message);
            });
}

void leases_state::ended(const StoredLease& stored) {
    const auto& row = stored.row;
    auto info = info_of(stored);
    std::vector<lease::Route> routes;
    for (const auto& app : info.apps) {
        lease::Route route;
        route.lease_key = route_key(row.lease_key);
        route.app = app.name;
        route.owner = row.user;
        route.ends_at = row.ends_at.seconds;
        route.state = lease::RouteState::ended;
        routes.push_back(std::move(route));
    }
    parts_.sessions->end(row.lease_key);
    board_->report(info, std::move(routes));
    ended_[row.lease_key] = row.ended_at;
}

void leases_state::purge() {
    const auto now = parts_.clock();
    for (auto at = ended_.begin(); at != ended_.end();) {
        if (now < at->second + settings_->keep_ended) {
            ++at;
            continue;
        }
        store::Batch batch;
        if (const auto info = board_->find(at->first))
            for (const auto& app : info->apps) rows_->erase(batch, at->first, app.name);
        rows_->erase(batch, at->first);
        rows_->submit(std::move(batch), [](Result<void>) {});
        board_->forget(at->first);
        parts_.sessions->forget(at->first);
        at = ended_.erase(at);
    }
}

leases_actor leases(caf::actor_system& system, GatewayParts parts, GatewaySettings settings) {
    return system.spawn<hosted<leases_state>>(std::move(parts), std::move(settings));
}

}  // namespace grid::actors
