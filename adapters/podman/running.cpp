/// What runs here: how it is, how much it takes, and how it goes.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "adapters/podman/deployment.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using messages::AppStatus;
using messages::Hash;
using messages::Health;

namespace {

bool wanted_jobs(const lease::Application& application) {
    return std::any_of(application.workloads.begin(), application.workloads.end(),
                       [](const auto& w) { return !serves(w); });
}

}  // namespace

/// Pods are missing, not whole, or of something else.
bool Driver::drifted(const std::vector<ContainerRow>& rows, const lease::Application& application) const {
    std::map<std::string, std::string> versions;
    std::map<std::string, std::size_t> missing;  // containers
    std::set<std::string> jobs;
    for (const auto& w : application.workloads) {
        versions[w.name] = version_of(application, w);
        if (serves(w))
            missing[w.name] = w.replicas * w.containers.size();
        else
            jobs.insert(w.name);
    }
    for (const auto& row : rows) {
        const auto& name = row.label(label::kWorkload);
        const auto version = versions.find(name);
        if (version == versions.end() || version->second != row.label(label::kVersion)) return true;
        if (jobs.count(name)) continue;                      // theirs come and go
        if (row.label(label::kRole) != "main") return true;  // an init container that nobody awaits
        if (missing[name]-- == 0) return true;
    }
    return std::any_of(missing.begin(), missing.end(), [](const auto& one) { return one.second > 0; });
}

AppStatus Driver::status(const Hash& lease, const std::string& app) {
    const auto rows = api_.containers(labels(lease_text(lease), app));
    if (!rows) return {Health::unknown, rows.error().message, {}};
    auto application = applications_.of(lease_text(lease), app);
    const bool applied = application != nullptr;
    if (!applied) {
        const std::lock_guard lock(pending_mutex_);
        const auto pending = pending_.find({lease_text(lease), app});
        if (pending != pending_.end()) application = pending->second;
    }
    auto seen =
        health_.status(*rows, application ? wanted_pods(*application) : std::map<std::string, std::size_t>());
    if (applied) add_jobs(lease_text(lease), app, *application, seen);
    // While somebody changes the lease, its versions are of two minds.
    const auto held = gate(lease_text(lease));
    const std::unique_lock still(held->mutex, std::try_to_lock);
    seen.drifted = still && (applied ? drifted(*rows, *application) : !rows->empty());
    return seen;
}

Result<std::vector<messages::AppEvent>> Driver::events(const Hash& lease, const std::string& app) {
    return events_.of(lease_text(lease), app);
}

Result<std::shared_ptr<ExecSession>> Driver::exec(const messages::ExecRequest& request) {
    const auto rows = api_.containers(labels(lease_text(request.lease_key), request.app));
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty()) return fail("not_found", "nothing of application " + request.app + " runs here");
    auto pod = request.pod;
    if (pod.empty())
        for (const auto& seen : health_.status(*rows, {}).pods)
            if (seen.ready && pod.empty()) pod = seen.name;
    const ContainerRow* chosen = nullptr;
    bool pod_seen = false;
    for (const auto& row : *rows) {
        if (row.label(label::kRole) != "main" || (!pod.empty() && pod_name(row) != pod)) continue;
        pod_seen = true;
        const bool named = request.container.empty() ? label_number(row, label::kIndex) < 1
                                                     : row.label(label::kContainer) == request.container;
        // While an update is under way a pod is there twice: the newer one, when it runs.
        if (named && (!chosen || (row.running() && row.created_at > chosen->created_at))) chosen = &row;
    }
    if (!pod_seen) return fail("not_found", "the application has no pod " + pod);
    if (!chosen) return fail("not_found", "the pod has no container " + request.container);
    if (!chosen->running())
        return fail("not_running", chosen->label(label::kContainer) + " is " + chosen->state);
    auto session = PodmanExec::start(api_, layout_.socket, chosen->id, request);
    if (!session) return session;
    const std::lock_guard lock(sessions_mutex_);
    std::erase_if(sessions_, [](const auto& one) { return one.expired(); });
    sessions_.push_back(*session);
    return session;
}

Result<void> Driver::remove(const Hash& lease, const std::string& app) {
    if (!app.empty() && app.find('/') != std::string::npos)
        return fail("bad_application", "no such application");
    const auto text = lease_text(lease);
    const auto held = gate(text);
    ++held->removals;
    const std::lock_guard lock(held->mutex);
    --held->removals;
    auto rows = api_.containers(labels(text));
    if (!rows) return tl::unexpected(rows.error());
    std::vector<ContainerRow> going;
    for (const auto& row : *rows)
        if (app.empty() || row.label(label::kApp) == app) going.push_back(row);
    const bool last = going.size() == rows->size();
    // First: nobody shall start any of it again.
    applications_.forget(text, app);
    if (auto done = remove_rows(std::move(going), LastLines::drop); !done) return done;
    if (last)
        if (auto done = networks_.remove(text); !done) return done;
    if (auto done = release_mounts(mounts_directory(text, app)); !done) return done;
    std::error_code e;
    fs::remove_all(app_directory(text, app), e);
    if (e) return fail("podman_error", "the files of the application cannot be removed: " + e.message());
    if (app.empty()) {
        // Volumes live as long as the lease.
        if (auto done = volumes_.remove_all(text); !done) return done;
        ::rmdir(mounts_directory(text, {}).c_str());
    }
    if (last && fs::is_empty(app_directory(text, {}), e)) fs::remove(app_directory(text, {}), e);
    forget_kept(text, app);
    const auto left = api_.containers(labels(text, app));
    if (!left) return tl::unexpected(left.error());
    if (!left->empty()) return fail("podman_error", left->front().name + " is still there");
    return {};
}

/// Nothing is remembered of what is gone.
void Driver::forget_kept(const std::string& lease, const std::string& app) {
    events_.forget(lease, app);
    restarts_.forget(lease, app);
    kept_logs_.forget(lease, app);
    std::error_code e;
    fs::remove_all(layout_.kept + "/" + lease + (app.empty() ? "" : "/" + app), e);
    if (const auto all = layout_.kept + "/" + lease; fs::is_empty(all, e)) fs::remove(all, e);
}

Result<std::vector<messages::RunningApp>> Driver::list() {
    const auto rows = api_.containers(labels());
    if (!rows) return tl::unexpected(rows.error());
    std::set<std::pair<std::string, std::string>> seen;
    std::vector<messages::RunningApp> apps;
    for (const auto& row : *rows) {
        const auto lease = Hash::parse("0x" + row.label(label::kLease));
        if (lease && seen.emplace(row.label(label::kLease), row.label(label::kApp)).second)
            apps.push_back({*lease, row.label(label::kApp)});
    }
    // What runs now and then, and what is only kept.
    for (const auto& [key, application] : applications_.all())
        if (const auto lease = Hash::parse("0x" + key.first);
            lease && application && wanted_jobs(*application) && seen.emplace(key).second)
            apps.push_back({*lease, key.second});
    const auto volumes = volumes_.of();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes) {
        const auto& text = volume.label(label::kLease);
        const auto lease = Hash::parse("0x" + text);
        const auto known = seen.lower_bound({text, ""});
        if (lease && (known == seen.end() || known->first != text)) {
            seen.emplace(text, "");
            apps.push_back({*lease, ""});
        }
    }
    return apps;
}

Result<messages::Inventory> Driver::inventory() {
    const auto rows = api_.containers(labels());
    if (!rows) return tl::unexpected(rows.error());
    messages::Inventory inventory;
    for (const auto& row : *rows) {
        if (row.label(label::kRole) != "main" || (row.label(label::kKind) == "job" && row.ended())) continue;
        inventory.used.cpu_milli += label_number(row, label::kCpu);
        inventory.used.memory_mib += label_number(row, label::kMemory);
        inventory.used.storage_mib += label_number(row, label::kStorage);
    }
    const auto volumes = volumes_.of();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes)
        inventory.used.storage_mib += std::strtoull(volume.label(label::kStorage).c_str(), nullptr, 10);
    if (config_.total) {
        inventory.total = *config_.total;
        return inventory;
    }
    const auto machine = machine_resources(layout_.own_service ? layout_.storage : layout_.data);
    const auto less = [](std::uint64_t all, std::uint64_t kept) { return all > kept ? all - kept : 0; };
    inventory.total = {less(machine.cpu_milli, config_.reserve.cpu_milli),
                       less(machine.memory_mib, config_.reserve.memory_mib),
                       less(machine.storage_mib, config_.reserve.storage_mib), 0};
    return inventory;
}

}  // namespace grid::adapters::podman
