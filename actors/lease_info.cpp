// What a lease tells: to its user, to the routes of its applications, and to the store.
#include <algorithm>

#include "actors/lease.hpp"
#include "lease/lease_key.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;

bool lease_state::App::idle() const {
    const auto& workloads = application.workloads;
    return row.version.stopped ||
           (!workloads.empty() && std::all_of(workloads.begin(), workloads.end(),
                                              [](const auto& workload) { return workload.replicas == 0; }));
}

AppInfo lease_state::info(const App& app) const {
    const auto& settings = *context_.settings;
    const bool own_port = (settings.apps_scheme == "http" && settings.apps_port == 80) ||
                          (settings.apps_scheme == "https" && settings.apps_port == 443);
    const auto label = lease::lease_label(row_.lease_key);
    AppInfo info;
    info.name = app.row.name;
    info.state = app.row.state;
    info.reason = app.reason;
    info.url = settings.apps_scheme + "://" + app.row.name + "--" + label + "." + settings.apps_domain +
               (own_port ? "" : ":" + std::to_string(settings.apps_port)) + "/";
    info.path_url = settings.api_origin + "/a/" + label + "/" + app.row.name + "/";
    info.is_public = app.row.version.is_public;
    info.deployed_at = app.row.deployed_at;
    info.manifest_hash = app.row.version.manifest_hash;
    if (ending()) {
        info.state = AppState::removed;
    } else if (app.row.state == AppState::ready && app.idle()) {
        info.state = AppState::stopped;
    } else if (app.row.state == AppState::ready) {
        switch (app.health) {
            case Health::ready:
                info.state = AppState::ready;
                break;
            case Health::failed:
                info.state = AppState::failed;
                break;
            case Health::unknown:
                info.state = AppState::unknown;
                break;
            case Health::starting:
            case Health::absent:
                info.state = AppState::starting;
                break;
        }
    }
    return info;
}

LeaseInfo lease_state::info() const {
    LeaseInfo told{row_.lease_key, row_.order, row_.user, row_.state, row_.resources, row_.ends_at, {}};
    bool deploying = false;
    bool all_ready = true;
    for (const auto& [name, app] : apps_) {
        told.apps.push_back(info(app));
        deploying = deploying || app.row.state == AppState::deploying;
        const auto state = told.apps.back().state;
        all_ready = all_ready && (state == AppState::ready || state == AppState::stopped);
    }
    told.suspended_since = suspended_since_;
    if (!ending() && !apps_.empty())
        told.state = deploying ? LeaseState::deploying : all_ready ? LeaseState::ready : LeaseState::degraded;
    return told;
}

lease::Route lease_state::route(const App& app) const {
    lease::Route route;
    route.lease_key = route_key(row_.lease_key);
    route.app = app.row.name;
    route.reason = app.reason;
    route.is_public = app.row.version.is_public;
    route.owner = row_.user;
    route.epoch = told_epoch_;
    route.ends_at = row_.ends_at.seconds;
    if (!app.application.entrances.empty())
        for (const auto& endpoint : app.endpoints)
            if (endpoint.entrance == app.application.entrances.front().name)
                route.upstreams.push_back({endpoint.address, endpoint.port});
    if (ending())
        route.state = lease::RouteState::ended;
    else if (app.idle())
        route.state = lease::RouteState::stopped;
    else if (app.health == Health::failed)
        route.state = lease::RouteState::failed;
    else
        // Unknown keeps what was known: visitors go on to pods that answered a moment ago.
        route.state = route.upstreams.empty() ? lease::RouteState::starting : lease::RouteState::ready;
    return route;
}

void lease_state::report() {
    told_epoch_ = context_.parts.sessions->epochs()->of(row_.user);
    std::vector<lease::Route> routes;
    for (const auto& [name, app] : apps_)
        if (ending() || app.row.state != AppState::removed) routes.push_back(route(app));
    context_.board->report(info(), std::move(routes));
}

void lease_state::persist(store::Batch batch, std::function<void()> then) {
    context_.rows.submit(std::move(batch),
                         [this, post = inbox_.poster(), then = std::move(then)](Result<void> done) {
                             post([this, then, done = std::move(done)] {
                                 if (done && then) return then();
                                 if (!done) self_->quit(to_caf(done.error()));
                             });
                         });
}

void lease_state::persist_row(std::function<void()> then) {
    store::Batch batch;
    context_.rows.put(batch, row_);
    persist(std::move(batch), std::move(then));
}

lease_state::App* lease_state::find(const std::string& name) {
    auto found = apps_.find(name);
    return found == apps_.end() ? nullptr : &found->second;
}

}  // namespace grid::actors
