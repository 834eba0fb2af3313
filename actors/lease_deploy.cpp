// A deployment, step by step: obtain the manifest, check it, write it down, apply it, wait until it serves.
// Each step runs in the lease actor's turn; the order may have ended between any two of them.
#include <algorithm>

#include "actors/acceptance.hpp"
#include "actors/lease.hpp"
#include "actors/request_hash.hpp"
#include "actors/when_done.hpp"
#include "chain/keccak.hpp"
#include "lease/lease_key.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kFetchTimeout = 20s;
constexpr auto kStatusTimeout = 10s;
constexpr auto kRemoveTimeout = 120s;
constexpr auto kLongestDelay = 1'000ms;
constexpr auto kFollowUpdate = 200ms;
constexpr auto kWaitForRepair = 100ms;
constexpr auto kLongestWait = 60'000ms;

/// The version that stays when the next one fails: of an update whose outcome nobody knows, the one before
/// it.
std::optional<AppRow> version_that_runs(const AppRow& row) {
    if (row.state == AppState::ready) return row;
    if (row.state != AppState::deploying || !row.replaces) return std::nullopt;
    auto before = row;
    before.state = AppState::ready;
    before.version = std::exchange(before.previous, {});
    before.replaces = false;
    before.idempotency_key.clear();
    before.change_key.clear();
    return before;
}

Error ended() {
    return {"ended", "the order of this lease has ended"};
}

}  // namespace

std::optional<Error> lease_state::refusal(const std::string& app, const chain::Address& user) const {
    if (ending()) return ended();
    if (context_.parts.clock() >= row_.ends_at)
        return Error{"unavailable",
                     "the time of the order is up, and the chain does not say yet whether it goes on"};
    if (user != row_.user)
        return Error{"not_yours", "this lease belongs to another user than " + user.checksummed()};
    if (!lease::valid_app_name(app))
        return Error{"bad_app_name",
                     "expected a name of 1 to 32 letters a-z, digits and hyphens that begins with a "
                     "letter, came \"" +
                         app.substr(0, 40) + "\""};
    if (busy_.contains(app))
        return Error{
            "busy", "application " + app + " is being deployed, changed or removed; wait until that is done"};
    return std::nullopt;
}

caf::typed_response_promise<AppInfo> lease_state::deploy(const DeployRequest& asked) {
    auto run = std::make_shared<Deployment>();
    run->request = asked;
    run->promise = self_->make_response_promise<AppInfo>();
    run->app = asked.app.empty() ? "app" : asked.app;
    when_mended(run->app, [this, run] { start(run); });
    return run->promise;
}

void lease_state::when_mended(const std::string& app, std::function<void()> go,
                              std::chrono::milliseconds waited) {
    if (!mending_.contains(app) || waited >= kLongestWait) return go();
    inbox_.after(kWaitForRepair, [this, app, go, waited] { when_mended(app, go, waited + kWaitForRepair); });
}

void lease_state::told(const Run& run, const App& app) const {
    run->promise.deliver(info(app));
}

void lease_state::start(const Run& run) {
    const auto& asked = run->request;
    if (auto why = refusal(run->app, asked.user)) {
        run->promise.deliver(to_caf(*why));
        return;
    }
    const auto* app = find(run->app);
    if (app && !asked.idempotency_key.empty() && app->row.idempotency_key == asked.idempotency_key) {
        if (!repeats(app->row.asked, hash_of(asked))) {
            run->promise.deliver(to_caf(key_reused()));
            return;
        }
        if (app->row.state == AppState::ready) return told(run, *app);
    }
    const auto coming =
        std::count_if(busy_.begin(), busy_.end(), [this](const auto& name) { return !apps_.contains(name); });
    if (!app && apps_.size() + static_cast<std::size_t>(coming) >= context_.settings->max_apps) {
        run->promise.deliver(
            to_caf({"too_large", "a lease has at most " + std::to_string(context_.settings->max_apps) +
                                     " applications, stopped ones too; remove one"}));
        return;
    }
    busy_.insert(run->app);
    obtain(run);
}

void lease_state::obtain(const Run& run) {
    const auto& request = run->request;
    switch (request.source) {
        case DeployRequest::Source::inline_yaml:
            return prepare(run, request.manifest);
        case DeployRequest::Source::template_id: {
            const auto& templates = context_.settings->templates;
            auto found = templates.find(request.manifest);
            if (found != templates.end()) return prepare(run, found->second);
            std::string known;
            for (const auto& [id, yaml] : templates) known += (known.empty() ? "" : ", ") + id;
            return refuse(run,
                          {"unknown_template", "there is no template \"" + request.manifest.substr(0, 60) +
                                                   "\"; known here: " + (known.empty() ? "none" : known)});
        }
        case DeployRequest::Source::url:
            break;
    }
    self_->request(context_.parts.fetcher, kFetchTimeout, fetch_atom_v, request.manifest, request.sha256)
        .then([this, run](const std::string& yaml) { prepare(run, yaml); },
              [this, run](const caf::error& error) { refuse(run, from_caf(error)); });
}

void lease_state::prepare(const Run& run, const std::string& yaml) {
    if (ending()) return refuse(run, ended());
    const auto& request = run->request;
    AppRow row;
    row.name = run->app;
    row.version.manifest = yaml;
    row.version.manifest_hash = chain::keccak256(chain::as_bytes(yaml));
    row.version.is_public = request.is_public;
    row.version.share = share_of(run->app);
    row.deployed_at = context_.parts.clock();
    row.idempotency_key = request.idempotency_key;
    row.asked = hash_of(request);
    if (const auto* app = find(run->app)) {
        run->previous = version_that_runs(app->row);
        row.version.revision = app->row.version.revision;
    }
    if (run->previous) {
        row.replaces = true;
        row.previous = run->previous->version;
    }
    auto application = lower(row.version);
    if (!application) return refuse(run, application.error());
    begin(run, std::move(row), std::move(*application));
}

void lease_state::begin(const Run& run, AppRow row, lease::Application application) {
    auto& app = apps_[run->app];
    app.row = std::move(row);
    app.application = std::move(application);
    app.reason = "starting";
    app.interrupted = false;
    app.ready_by.reset();
    app.next_reapply = now() + context_.settings->reconcile_interval;
    store::Batch batch;
    context_.rows.put(batch, row_.lease_key, app.row);
    persist(std::move(batch), [this, run] { apply(run); });
}

void lease_state::apply(const Run& run) {
    report();
    if (ending()) return refuse(run, ended());
    run->deadline = now() + context_.settings->ready_deadline;
    ++applying_;
    self_
        ->request(context_.parts.cluster, context_.settings->apply_timeout, apply_atom_v, row_.lease_key,
                  run->app, apps_[run->app].application, row_.resources)
        .then(
            [this, run](const AppStatus& status) {
                --applying_;
                run->applied = true;
                run->deadline = now() + context_.settings->ready_deadline;
                judge(run, status);
            },
            [this, run](const caf::error& error) {
                --applying_;
                run->applied = true;
                undo(run, from_caf(error));
            });
    if (run->previous) follow_update(run);
}

// The cluster ends the old pods a moment after the new ones are ready: visitors must have been sent to those
// by then.
void lease_state::follow_update(const Run& run) {
    if (run->applied || ending()) return;
    const auto again = [this, run] { inbox_.after(kFollowUpdate, [this, run] { follow_update(run); }); };
    self_->request(context_.parts.cluster, kStatusTimeout, status_atom_v, row_.lease_key, run->app)
        .then(
            [this, run, again](const AppStatus& status) {
                auto* app = find(run->app);
                if (run->applied || ending() || !app) return;
                if (status.health == Health::ready && app->endpoints != status.endpoints) {
                    app->endpoints = status.endpoints;
                    report();
                }
                again();
            },
            [again](const caf::error&) { again(); });
}

void lease_state::await_ready(const Run& run) {
    if (ending()) return refuse(run, ended());
    self_->request(context_.parts.cluster, kStatusTimeout, status_atom_v, row_.lease_key, run->app)
        .then([this, run](const AppStatus& status) { judge(run, status); },
              [this, run](const caf::error& error) {
                  judge(run, {Health::unknown, from_caf(error).message, {}});
              });
}

void lease_state::judge(const Run& run, const AppStatus& status) {
    if (ending()) return refuse(run, ended());
    auto* app = find(run->app);
    note_health(*app, status);
    const bool idle = app->idle();
    if (idle ? status.health == Health::absent : status.health == Health::ready) return finish(run);
    if (status.health == Health::failed && !idle)
        return undo(run,
                    {"failed_to_start", status.reason.empty() ? "the application stopped" : status.reason});
    if (now() < run->deadline) {
        inbox_.after(run->delay, [this, run] { await_ready(run); });
        run->delay = std::min<std::chrono::milliseconds>(run->delay * 3 / 2, kLongestDelay);
        return;
    }
    if (status.health == Health::unknown) {
        // It may well run: it is watched from now on, and nothing is torn down.
        refuse(run, {"cluster_unavailable",
                     "the application was started, but the cluster does not say whether it is "
                     "ready; ask again later"});
        return;
    }
    undo(run, {"failed_to_start", "not ready within " +
                                      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                                         context_.settings->ready_deadline)
                                                         .count()) +
                                      " s" + (status.reason.empty() ? "" : ": " + status.reason)});
}

void lease_state::finish(const Run& run) {
    auto* app = find(run->app);
    app->row.state = AppState::ready;
    app->row.replaces = app->row.failing = false;
    app->row.previous = {};
    app->reason.clear();
    app->failures = 0;
    context_.parts.happened("deployment_ready");
    store::Batch batch;
    context_.rows.put(batch, row_.lease_key, app->row);
    persist(std::move(batch), [this, run] {
        if (ending()) return refuse(run, ended());
        busy_.erase(run->app);
        report();
        run->promise.deliver(info(*find(run->app)));
    });
}

// All or nothing: a new application goes without a trace, an update returns to the version before it.
void lease_state::undo(const Run& run, Error why) {
    const auto name = run->app;
    context_.parts.happened("deployment_failed");
    if (ending()) return refuse(run, ended());
    store::Batch batch;
    if (run->previous) {
        auto& app = apps_[name];
        app.row = *run->previous;
        app.health = Health::unknown;
        app.quiet_until = {};
        if (auto application = lower(app.row.version)) app.application = std::move(*application);
        context_.rows.put(batch, row_.lease_key, app.row);
        why.message += "; the version before it is kept";
        return persist(std::move(batch), [this, run, why, name] {
            refuse(run, why);
            repair(name);
        });
    }
    // Should this removal fail, the reconciler finds an application that no row names, and removes that.
    when_done(
        self_->request(context_.parts.cluster, kRemoveTimeout, remove_atom_v, row_.lease_key, name), [] {},
        [name](const caf::error& error) {
            spdlog::warn("application {}: not removed yet: {}", name, from_caf(error).message);
        });
    apps_.erase(name);
    context_.rows.erase(batch, row_.lease_key, name);
    persist(std::move(batch), [this, run, why] { refuse(run, why); });
}

void lease_state::refuse(const Run& run, const Error& why) {
    busy_.erase(run->app);
    report();
    run->promise.deliver(to_caf(why));
}

}  // namespace grid::actors
