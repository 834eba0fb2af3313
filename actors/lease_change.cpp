// Restart, scale, stop, start: an update with the same manifest. A row before it is a deed; when it fails,
// what was before stays.
#include <algorithm>

#include "actors/acceptance.hpp"
#include "actors/lease.hpp"
#include "actors/request_hash.hpp"
#include "lease/demand.hpp"
#include "lease/manifest.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using Verb = ChangeRequest::Verb;

namespace {

constexpr int kRounds = 4;

/// The workload that is meant.
Result<std::string> workload_of(const ChangeRequest& asked, const lease::Application& application) {
    std::string known;
    for (const auto& workload : application.workloads) {
        if (workload.kind != lease::WorkloadKind::deployment &&
            workload.kind != lease::WorkloadKind::stateful_set)
            continue;
        if (workload.name == asked.workload) return workload.name;
        known += (known.empty() ? "" : ", ") + workload.name;
    }
    if (asked.workload.empty() && !known.empty() && known.find(',') == std::string::npos) return known;
    return fail("bad_workload", (asked.workload.empty() ? std::string("which workload?")
                                                        : "there is no workload \"" +
                                                              asked.workload.substr(0, 60) + "\" to scale;") +
                                    " known: " + (known.empty() ? "none that can be scaled" : known));
}

Result<void> put(const ChangeRequest& asked, const lease::Application& application, AppVersion& version) {
    switch (asked.verb) {
        case Verb::restart:
            if (version.stopped) return fail("stopped", "the application is stopped; start it");
            ++version.revision;
            return {};
        case Verb::scale: {
            const auto workload = workload_of(asked, application);
            if (!workload) return tl::unexpected(workload.error());
            if (version.stopped) return fail("stopped", "the application is stopped; start it first");
            version.replicas[*workload] = asked.replicas;
            return {};
        }
        case Verb::stop:
        case Verb::start:
            version.stopped = asked.verb == Verb::stop;
            return {};
    }
    return fail("bad_verb", "no such change");
}

/// What of a demand goes beyond what there is; empty: nothing.
std::string excess(const chain::Resources& demand, const chain::Resources& share) {
    const auto over = [](const char* what, std::uint64_t wants, std::uint64_t has) {
        return std::to_string(wants) + " " + what + " are asked, " + std::to_string(has) +
               " are left of the order";
    };
    if (demand.cpu_milli > share.cpu_milli) return over("millicores", demand.cpu_milli, share.cpu_milli);
    if (demand.memory_mib > share.memory_mib)
        return over("MiB of memory", demand.memory_mib, share.memory_mib);
    if (demand.storage_mib > share.storage_mib)
        return over("MiB of storage", demand.storage_mib, share.storage_mib);
    if (demand.gpus > share.gpus) return over("GPUs", demand.gpus, share.gpus);
    return "";
}

}  // namespace

chain::Resources lease_state::share_of(const std::string& name) const {
    auto share = row_.resources;
    for (const auto& [other, app] : apps_)
        if (other != name) share = left_of(share, lease::demand_of(app.application));
    return share;
}

Result<lease::Application> lease_state::lower(const AppVersion& version) const {
    auto limits = context_.settings->manifest;
    limits.bought = version.share;
    auto application = lease::lower_manifest(version.manifest, limits);
    if (!application) return application;
    application->revision = version.revision;
    for (auto& workload : application->workloads) {
        if (const auto found = version.replicas.find(workload.name); found != version.replicas.end())
            workload.replicas = found->second;
        if (version.stopped) workload.replicas = 0;
    }
    return application;
}

// What the manifest leaves open was filled with the whole share: more pods get less each, down to what it
// says itself.
Result<lease::Application> lease_state::fitting(AppVersion& version, const chain::Resources& share) const {
    auto application = lower(version);
    if (!application) return application;
    auto demand = lease::demand_of(*application);
    const auto over = excess(demand, share);
    if (over.empty()) return application;
    for (int round = 0; round < kRounds; ++round) {
        const auto narrowed = [](std::uint64_t lent, std::uint64_t asked, std::uint64_t has) {
            return asked > has ? static_cast<std::uint64_t>(static_cast<long double>(lent) * has / asked)
                               : lent;
        };
        auto& lent = version.share;
        lent = {narrowed(lent.cpu_milli, demand.cpu_milli, share.cpu_milli),
                narrowed(lent.memory_mib, demand.memory_mib, share.memory_mib),
                narrowed(lent.storage_mib, demand.storage_mib, share.storage_mib), lent.gpus};
        auto smaller = lower(version);
        if (!smaller) break;
        demand = lease::demand_of(*smaller);
        if (excess(demand, share).empty()) return smaller;
    }
    return fail("too_large", over);
}

caf::typed_response_promise<AppInfo> lease_state::change(const ChangeRequest& asked) {
    auto run = std::make_shared<Deployment>();
    run->app = asked.app;
    run->promise = self_->make_response_promise<AppInfo>();
    when_mended(run->app, [this, run, asked] { start_change(run, asked); });
    return run->promise;
}

void lease_state::start_change(const Run& run, const ChangeRequest& asked) {
    const auto refuse_it = [&](const Error& why) { run->promise.deliver(to_caf(why)); };
    if (auto why = refusal(asked.app, asked.user)) return refuse_it(*why);
    const auto* app = known(asked.app);
    if (!app) return refuse_it({"not_found", "this lease has no application " + asked.app});
    const auto what = hash_of(asked);
    if (!asked.idempotency_key.empty() && app->row.change_key == asked.idempotency_key) {
        if (!repeats(app->row.change_asked, what)) return refuse_it(key_reused());
        if (app->row.state == AppState::ready) return told(run, *app);
    }
    if (app->row.state != AppState::ready)
        return refuse_it(
            {"busy", "application " + asked.app + " is being deployed; wait until that is done"});
    auto row = app->row;
    row.change_key = asked.idempotency_key;
    row.change_asked = what;
    if (auto taken = put(asked, app->application, row.version); !taken) return refuse_it(taken.error());
    if (row.version == app->row.version) return told(run, *app);  // it is so already
    if (asked.verb == Verb::scale) row.version.share = share_of(asked.app);
    auto application = fitting(row.version, share_of(asked.app));
    if (!application) return refuse_it(application.error());
    // A manifest was counted when it was lowered; replicas that were asked for since then are not in it.
    std::uint64_t pods = 0;
    for (const auto& workload : application->workloads) pods += lease::pods_at_once(workload);
    if (const auto most = context_.settings->manifest.pods; pods > most)
        return refuse_it({"too_large", std::to_string(pods) + " pods are asked for, at most " +
                                           std::to_string(most) + " of an application are allowed"});
    run->previous = app->row;
    row.previous = app->row.version;
    row.replaces = true;
    row.state = AppState::deploying;
    busy_.insert(asked.app);
    begin(run, std::move(row), std::move(*application));
}

// The order goes on with other resources: what does not say what it needs gets its share of the new ones, and
// what does not fit any more is stopped, for it is not paid.
void lease_state::fit_to_order() {
    if (std::any_of(apps_.begin(), apps_.end(), [&](const auto& entry) {
            return busy_.contains(entry.first) || entry.second.row.state == AppState::deploying;
        }))
        return;
    row_.resized = false;
    store::Batch batch;
    context_.rows.put(batch, row_);
    std::vector<std::string> changed;
    for (auto& [name, app] : apps_) {
        if (app.row.state != AppState::ready) continue;
        const auto share = share_of(name);
        if (share == app.row.version.share) continue;
        auto version = app.row.version;
        version.share = share;
        auto application = lower(version);
        const auto over =
            application ? excess(lease::demand_of(*application), share) : application.error().message;
        if (!over.empty()) {
            version.stopped = true;
            app.reason = "stopped, because the order that goes on has less: " + over;
            for (auto& workload : app.application.workloads) workload.replicas = 0;
            spdlog::warn("lease of order {}: application {} is {}", row_.order.value, name, app.reason);
        } else {
            app.application = std::move(*application);
        }
        app.row.version = std::move(version);
        context_.rows.put(batch, row_.lease_key, app.row);
        app.quiet_until = {};
        changed.push_back(name);
    }
    persist(std::move(batch), [this, changed] {
        for (const auto& name : changed) repair(name);
    });
    report();
}

}  // namespace grid::actors
