// Watching over the applications of a lease: what should run and does not is started again, what is unknown
// is left alone, what the user removed is removed.
#include <algorithm>

#include "actors/lease.hpp"
#include "actors/when_done.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kStatusTimeout = 10s;
constexpr auto kRemoveTimeout = 120s;

// What the cluster still does for a node that was killed may be in the way of its successor for a moment.
constexpr unsigned kInterruptedTries = 2;
/// Between two repairs that the cluster took and that did not help.
constexpr auto kRepairPause = 5s;

/// 5 s, 10 s, 20 s ..., at most a reconcile period: then a fault that is over has no traces.
std::chrono::milliseconds repair_wait(unsigned failures, std::chrono::milliseconds longest) {
    return std::min<std::chrono::milliseconds>(5s * (1 << std::min(failures, 6u)), longest);
}

}  // namespace

void lease_state::watch() {
    next_watch_ = now() + context_.settings->status_interval;
    for (auto& [name, app] : apps_) {
        if (busy_.contains(name)) continue;
        if (app.row.state == AppState::removed) {
            remove(name, [](std::optional<Error>) {});
            continue;
        }
        // What was deployed is applied anew now and then: it puts right what somebody changed in the cluster.
        if (app.seen && app.health != Health::unknown && !app.interrupted && now() >= app.next_reapply) {
            repair(name);
            if (busy_.contains(name)) continue;
        }
        if (app.interrupted) {
            // Nobody knows how far it came: applying is idempotent, and finishes what was begun.
            repair(name);
            if (busy_.contains(name)) continue;
        }
        // A slow cluster is not asked faster than it answers.
        if (std::exchange(app.asked, true)) continue;
        const auto told = [this, name = name](const AppStatus& status) {
            if (auto* asked = find(name)) asked->asked = false;
            observe(name, status);
        };
        self_->request(context_.parts.cluster, kStatusTimeout, status_atom_v, row_.lease_key, name)
            .then(told, [told](const caf::error& error) {
                told(AppStatus{Health::unknown, from_caf(error).message, {}});
            });
    }
}

// What the cluster says of an application, without what follows from it.
void lease_state::note_health(App& app, const AppStatus& status) {
    app.seen = true;
    app.health = status.health;
    // Why it was stopped is no word of the cluster.
    if (!app.idle() || status.health != Health::absent)
        app.reason = status.health == Health::ready ? "" : status.reason;
    if (status.health != Health::unknown) app.endpoints = status.endpoints;
}

void lease_state::observe(const std::string& name, const AppStatus& status) {
    auto* app = find(name);
    if (!app || ending() || busy_.contains(name) || app->row.state == AppState::removed) return;
    const auto epoch = context_.parts.sessions->epochs()->of(row_.user);
    const bool changed =
        app->health != status.health || app->endpoints != status.endpoints || epoch != told_epoch_;
    note_health(*app, status);
    const bool idle = app->idle();
    const bool as_wanted = status.health == (idle ? Health::absent : Health::ready);
    if (as_wanted && !app->interrupted) app->failures = 0;
    const bool astray = status.drifted || (idle ? status.health != Health::unknown && !as_wanted
                                                : status.health == Health::absent);
    if (astray && !app->interrupted) {
        report();
        return repair(name);
    }
    // What is ready while an update is unfinished is the version before it.
    if (app->interrupted) return changed ? report() : void();
    const bool failing = status.health == Health::failed;
    const bool told = failing || status.health == Health::ready;
    if (as_wanted && app->row.state == AppState::deploying) {
        // The node stopped before it could write down that this deployment had succeeded.
        app->row.state = AppState::ready;
        app->row.replaces = app->row.failing = false;
        app->row.previous = {};
    } else if (app->row.state == AppState::deploying && (failing || late(*app))) {
        return take_back(*app);
    } else if (told && app->row.failing != failing) {
        // Whether it failed by itself must be known when the cluster falls silent.
        app->row.failing = failing;
    } else {
        return changed ? report() : void();
    }
    store::Batch batch;
    context_.rows.put(batch, row_.lease_key, app->row);
    persist(std::move(batch), [this] { report(); });
}

// Nobody waits for a deployment that was interrupted: whether it takes too long is told here.
bool lease_state::late(App& app) const {
    if (app.health != Health::starting) return false;
    if (!app.ready_by) app.ready_by = now() + context_.settings->ready_deadline;
    return now() >= *app.ready_by;
}

// A deployment that was interrupted has failed: back to the version before it, or to nothing.
void lease_state::take_back(App& app) {
    spdlog::warn("lease of order {}: the deployment of {} that was interrupted is taken back: {}",
                 row_.order.value, app.row.name, app.reason.empty() ? "it is not ready in time" : app.reason);
    context_.parts.happened("deployment_failed");
    if (!app.row.replaces) return remove(app.row.name, [](std::optional<Error>) {});
    app.row.version = std::exchange(app.row.previous, {});
    app.row.replaces = false;
    app.row.state = AppState::ready;
    // Asked for again, it is done again.
    app.row.idempotency_key.clear();
    app.row.change_key.clear();
    app.quiet_until = {};
    if (auto application = lower(app.row.version)) app.application = std::move(*application);
    store::Batch batch;
    context_.rows.put(batch, row_.lease_key, app.row);
    persist(std::move(batch), [this, name = app.row.name] { repair(name); });
}

void lease_state::repair(const std::string& name) {
    auto* app = find(name);
    if (!app || ending() || busy_.contains(name) || now() < app->quiet_until) return;
    if (app->application.workloads.empty())
        return;  // the manifest is refused by today's policy: told as reason
    busy_.insert(name);
    mending_.insert(name);
    ++applying_;
    const bool checked = now() >= app->next_reapply;
    app->next_reapply = now() + context_.settings->reconcile_interval;
    if (!checked) {
        app->quiet_until = now() + kRepairPause;
        spdlog::info("lease of order {}: starting application {} again", row_.order.value, name);
    }
    self_
        ->request(context_.parts.cluster, context_.settings->apply_timeout, apply_atom_v, row_.lease_key,
                  name, app->application, row_.resources)
        .then(
            [this, name](const AppStatus& status) {
                --applying_;
                busy_.erase(name);
                mending_.erase(name);
                if (auto* done = find(name)) done->interrupted = false;
                observe(name, status);
            },
            [this, name, checked](const caf::error& error) {
                --applying_;
                busy_.erase(name);
                mending_.erase(name);
                auto* failed = find(name);
                if (!failed || ending()) return;
                const auto reason = from_caf(error);
                if (checked && !failed->interrupted) {
                    // It runs as it ran; whether that is well is told by its status.
                    spdlog::warn("lease of order {}: application {} could not be checked: {}",
                                 row_.order.value, name, reason.message);
                    return;
                }
                const bool unknown = reason.code == "cluster_unavailable" || reason.code == "timeout" ||
                                     reason.code == "unavailable" || reason.code == "overloaded";
                // What runs goes on to run, whatever hinders the repair: the cluster says how it is.
                if (unknown || failed->health == Health::absent) {
                    failed->health = unknown ? Health::unknown : Health::failed;
                    failed->reason = reason.message;
                }
                if (!unknown && failed->interrupted && failed->failures >= kInterruptedTries) {
                    failed->interrupted = false;
                    if (failed->row.state == AppState::deploying) return take_back(*failed);
                }
                failed->quiet_until =
                    now() + (failed->interrupted
                                 ? 1s
                                 : repair_wait(failed->failures, context_.settings->reconcile_interval));
                ++failed->failures;
                report();
            });
}

void lease_state::remove(const std::string& name, std::function<void(std::optional<Error>)> done) {
    auto* app = find(name);
    if (!app || ending())
        return done(Error{"not_found", "this lease has no application " + name.substr(0, 40)});
    if (busy_.contains(name))
        return done(
            Error{"busy", "application " + name + " is being deployed or removed; wait until that is done"});
    busy_.insert(name);
    app->row.state = AppState::removed;
    store::Batch intent;
    context_.rows.put(intent, row_.lease_key, app->row);
    persist(std::move(intent), [this, name, done] {
        report();
        when_done(
            self_->request(context_.parts.cluster, kRemoveTimeout, remove_atom_v, row_.lease_key, name),
            [this, name, done] {
                busy_.erase(name);
                apps_.erase(name);
                store::Batch batch;
                context_.rows.erase(batch, row_.lease_key, name);
                persist(std::move(batch), [this, done] {
                    report();
                    done(std::nullopt);
                });
            },
            [this, name, done](const caf::error& error) {
                // The intent stays: the next watch tries again.
                busy_.erase(name);
                done(from_caf(error));
            });
    });
}

}  // namespace grid::actors
