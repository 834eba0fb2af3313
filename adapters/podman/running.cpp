/// What runs here: how it is, how much it takes, and how it goes.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <set>

#include "adapters/podman/deployment.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using messages::AppStatus;
using messages::Hash;
using messages::Health;

namespace {

constexpr std::uint32_t kUserBaseStart = 0x10000000;  // far above people's and system's ids
constexpr std::uint32_t kUserSlots = 32768;

/// Rows of one application: pods of several versions, or fewer containers than the version has.
bool drifted(const std::vector<ContainerRow>& rows) {
    std::set<std::string> versions;
    std::size_t main = 0, expected = 0;
    for (const auto& row : rows) {
        if (row.label(label::kRole) != "main") return true;  // an init container that nobody awaits
        versions.insert(row.label(label::kVersion));
        expected = label_number(row, label::kExpected);
        ++main;
    }
    return !rows.empty() && (versions.size() > 1 || main != expected);
}

}  // namespace

Result<void> Driver::remove_version(const Deployment& d, const std::string& version) {
    auto mine = labels(d.lease, d.app);
    mine.push_back(std::string(label::kVersion) + "=" + version);
    auto rows = api_.containers(mine);
    if (!rows) return tl::unexpected(rows.error());
    if (auto done = remove_rows(std::move(*rows)); !done) return done;
    std::error_code e;
    if (!version.empty()) fs::remove_all(app_directory(d.lease, d.app) + "/" + version, e);
    return {};
}

Result<void> Driver::remove_rows(std::vector<ContainerRow> rows) {
    if (rows.empty()) return {};
    // First all are asked to end, each within its grace; then they are deleted, owners of networks last.
    const auto cap = static_cast<std::uint64_t>((config_.stop_grace_cap.count() + 999) / 1000);
    std::vector<std::future<void>> stopping;
    for (const auto& row : rows) {
        // A stop that a crash of ours left under way had its grace. Podman 4.3 would delete a stopping
        // container without ending its processes: nobody would ever find them again.
        const bool stopping_already = row.state == "stopping";
        if (!row.running() && !stopping_already) continue;
        const auto grace =
            stopping_already ? 0u : static_cast<unsigned>(std::min(cap, label_number(row, label::kGrace)));
        stopping.push_back(
            std::async(std::launch::async, [this, id = row.id, grace] { (void)api_.stop(id, grace); }));
    }
    for (auto& one : stopping) one.get();
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return label_number(a, label::kIndex) > label_number(b, label::kIndex);
    });
    for (const auto& row : rows) {
        if (auto done = api_.remove(row.id); !done)
            return done.error().code == "cluster_unavailable"
                       ? done
                       : fail("podman_error", row.name + " cannot be removed: " + done.error().message);
        health_.forget(row.id);
    }
    return {};
}

AppStatus Driver::status(const Hash& lease, const std::string& app) {
    const auto rows = api_.containers(labels(lease_text(lease), app));
    if (!rows) return {Health::unknown, rows.error().message, {}};
    auto seen = health_.status(*rows);
    // While somebody changes the lease, its versions are of two minds.
    const auto held = gate(lease_text(lease));
    const std::unique_lock still(held->mutex, std::try_to_lock);
    seen.drifted = still && drifted(*rows);
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
        for (const auto& seen : health_.status(*rows).pods)
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
    if (auto done = remove_rows(std::move(going)); !done) return done;
    if (last)
        if (auto done = networks_.remove(text); !done) return done;
    std::error_code e;
    fs::remove_all(app_directory(text, app), e);
    if (e) return fail("podman_error", "the files of the application cannot be removed: " + e.message());
    if (last) fs::remove_all(app_directory(text, {}), e);
    events_.forget(text, app);
    const auto left = api_.containers(labels(text, app));
    if (!left) return tl::unexpected(left.error());
    if (!left->empty()) return fail("podman_error", left->front().name + " is still there");
    return {};
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
    return apps;
}

Result<messages::Inventory> Driver::inventory() {
    const auto rows = api_.containers(labels());
    if (!rows) return tl::unexpected(rows.error());
    messages::Inventory inventory;
    for (const auto& row : *rows) {
        if (row.label(label::kRole) != "main") continue;
        inventory.used.cpu_milli += label_number(row, label::kCpu);
        inventory.used.memory_mib += label_number(row, label::kMemory);
        inventory.used.storage_mib += label_number(row, label::kStorage);
    }
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

std::uint32_t Driver::user_base(const std::string& lease) {
    // The lease's range stays the same while any container of it lives; a range in use is never given twice.
    std::set<std::uint32_t> taken;
    if (const auto rows = api_.containers(labels()))
        for (const auto& row : *rows) {
            const auto base = static_cast<std::uint32_t>(label_number(row, label::kUserBase));
            if (row.label(label::kLease) == lease && base) return base;
            taken.insert(base);
        }
    const auto digest = short_digest(config_.gateway_id + layout_.data + lease, 8);
    auto slot = static_cast<std::uint32_t>(std::strtoul(digest.c_str(), nullptr, 16)) % kUserSlots;
    while (taken.count(kUserBaseStart + slot * 65536)) slot = (slot + 1) % kUserSlots;
    return kUserBaseStart + slot * 65536;
}

}  // namespace grid::adapters::podman
