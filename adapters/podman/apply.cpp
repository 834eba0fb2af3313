/// From what runs to what shall run: the comparison, the plan, and the end of it, good or bad.
#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>

#include "adapters/podman/deployment.hpp"
#include "adapters/podman/hooks.hpp"
#include "adapters/podman/supported.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using messages::AppStatus;
using messages::Hash;
using messages::Health;
using messages::Resources;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kLook{10};         // between two looks while something starts
constexpr milliseconds kQuickStart{400};  // a first deployment is waited for so long, then watched by others
}  // namespace

std::map<std::string, std::size_t> Driver::wanted_pods(const lease::Application& application) const {
    std::map<std::string, std::size_t> wanted;
    for (const auto& w : application.workloads)
        if (serves(w)) wanted[w.name] = w.replicas;
    return wanted;
}

Result<AppStatus> Driver::apply(const Hash& lease, const std::string& app,
                                const lease::Application& application, const Resources& resources) {
    if (auto ok = check_names(app, application); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_supported(application); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_limits(application, resources); !ok) return tl::unexpected(ok.error());
    Deployment d;
    d.lease = lease_text(lease);
    d.app = app;
    d.application = &application;
    d.gate = gate(d.lease);
    const std::lock_guard lock(d.gate->mutex);

    const auto rows = api_.containers(labels(d.lease));
    if (!rows) return tl::unexpected(rows.error());
    if (auto ok = compare(d, *rows); !ok) return tl::unexpected(ok.error());
    const auto before = applications_.of(d.lease, app);
    const bool changes = d.changes();
    if (changes || !before || *before != application) {
        {
            const std::lock_guard pending(pending_mutex_);
            pending_[{d.lease, app}] = std::make_shared<lease::Application>(application);
        }
        events_.begin(d.lease, app);
        Result<void> outcome = remove_rows(d.broken, LastLines::drop);
        if (changes) note(d, EventBook::Kind::normal, d.update ? "Updating" : "Starting", "a new version");
        if (outcome && (changes || d.rollouts.size() < application.workloads.size()))
            outcome = prepare_images(d);
        if (outcome) outcome = plan_pods(d, *rows);
        if (outcome) {
            std::vector<std::future<Result<void>>> running;
            for (auto& r : d.rollouts)
                running.push_back(std::async(std::launch::async, [&] {
                    auto done = roll_out(d, r);
                    if (!done) d.failed = true;
                    return done;
                }));
            for (auto& one : running)
                if (auto done = one.get(); !done && outcome) outcome = done;
        }
        if (outcome && d.gate->removals > 0)
            outcome = fail("failed_to_start", "the application is being removed");
        if (outcome) outcome = applications_.keep(d.lease, app, application);
        {
            const std::lock_guard pending(pending_mutex_);
            pending_.erase({d.lease, app});
        }
        if (!outcome) {
            const auto error = with_last_lines(d, outcome.error());
            note(d, EventBook::Kind::warning, "Failed", error.message);
            undo(d);
            return tl::unexpected(error);
        }
        if (auto done = settle(d); !done) return tl::unexpected(done.error());
        do_jobs(d.lease, app, true);
    }
    auto seen = status(lease, app);
    for (const auto limit = steady_clock::now() + kQuickStart;
         changes && seen.health == Health::starting && steady_clock::now() < limit && !d.cancelled();) {
        std::this_thread::sleep_for(kLook);
        seen = status(lease, app);
    }
    return seen;
}

/// What of it runs already, what is missing, and what is too much.
Result<void> Driver::compare(Deployment& d, const std::vector<ContainerRow>& lease_rows) {
    std::map<std::string, std::map<std::string, std::vector<ContainerRow>>> present;  // workload -> replica
    std::map<std::string, std::string> jobs;                                          // -> version
    for (const auto& w : d.application->workloads) {
        if (serves(w)) {
            Rollout r;
            r.workload = &w;
            r.version = version_of(*d.application, w);
            d.rollouts.push_back(std::move(r));
        } else {
            jobs[w.name] = version_of(*d.application, w);
        }
    }
    const auto rollout_of = [&](const std::string& name) {
        return std::find_if(d.rollouts.begin(), d.rollouts.end(),
                            [&](const auto& r) { return r.workload->name == name; });
    };
    for (const auto& row : lease_rows) {
        if (row.label(label::kApp) != d.app) continue;
        d.update = true;
        const auto& name = row.label(label::kWorkload);
        const auto r = rollout_of(name);
        if (r == d.rollouts.end()) {
            const auto job = jobs.find(name);
            if (job == jobs.end() || job->second != row.label(label::kVersion)) d.going.push_back(row);
        } else if (row.label(label::kVersion) == r->version) {
            present[name][row.label(label::kReplica)].push_back(row);
        } else {
            r->old[row.label(label::kReplica)].push_back(row);
        }
    }
    for (auto& r : d.rollouts) {
        auto& pods = present[r.workload->name];
        for (std::uint32_t i = 0; i < r.workload->replicas; ++i) {
            const auto replica = std::to_string(i);
            const auto found = pods.find(replica);
            const auto begun = [](const ContainerRow& row) {
                return row.label(label::kRole) == "main" && row.state != "created";
            };
            const bool whole = found != pods.end() && found->second.size() == r.workload->containers.size() &&
                               std::all_of(found->second.begin(), found->second.end(), begun);
            if (!whole) {
                r.missing.push_back(replica);
                if (found != pods.end())
                    d.broken.insert(d.broken.end(), found->second.begin(), found->second.end());
            }
            if (found != pods.end()) pods.erase(found);
        }
        for (const auto& [replica, rows] : pods) d.going.insert(d.going.end(), rows.begin(), rows.end());
    }
    return {};
}

Result<void> Driver::plan_pods(Deployment& d, const std::vector<ContainerRow>& lease_rows) {
    auto network = networks_.ensure(d.lease);
    if (!network) return tl::unexpected(network.error());
    d.network = *network;
    d.user_base = user_namespaces_ ? user_base(d.lease) : 0;
    std::set<std::string> taken;
    for (const auto& row : lease_rows)
        if (row.label(label::kKind) != "job" || !row.ended()) taken.insert(row.label(label::kAddress));
    for (auto& r : d.rollouts) {
        for (const auto& replica : r.missing) {
            auto pod = plan_pod(d, r, replica, taken);
            if (!pod) return tl::unexpected(pod.error());
            r.pods.push_back(std::move(*pod));
        }
    }
    return {};
}

Result<PodPlan> Driver::plan_pod(Deployment& d, const Rollout& r, const std::string& replica,
                                 std::set<std::string>& taken) {
    // Addresses go round: podman may hold one for a while after its container has gone (netavark 1.4 fails to
    // take some networks down). Number 1 is the bridge itself.
    constexpr unsigned kHosts = 253;
    const auto prefix = d.network.subnet.substr(0, d.network.subnet.rfind('.') + 1);
    PodPlan pod;
    for (unsigned tried = 0; pod.address.empty() || !taken.insert(pod.address).second; ++tried) {
        if (tried > kHosts) return fail("failed_to_start", "the lease's network has room for 253 pods");
        pod.address = prefix + std::to_string(2 + next_host_++ % kHosts);
    }
    const auto& w = *r.workload;
    pod.gateway = config_.gateway_id;
    pod.lease = d.lease;
    pod.app = d.app;
    pod.version = r.version;
    pod.workload = &w;
    pod.replica = replica;
    pod.network = d.network.name;
    pod.user_base = d.user_base;
    pod.pids_limit = config_.pids_limit;
    const auto place = "/" + r.version + "/" + w.name + "-" + replica;
    pod.directory = app_directory(d.lease, d.app) + place;
    pod.mounts = mounts_directory(d.lease, d.app) + place;
    for (const auto& service : d.application->services)
        if (service.workload == w.name) pod.aliases.push_back(service.name);
    if (w.kind == lease::WorkloadKind::stateful_set && !w.governing_service.empty()) {
        pod.aliases.push_back(pod_name(pod));
        pod.aliases.push_back(pod_name(pod) + "." + w.governing_service);
    }
    for (const auto& entrance : d.application->entrances)
        if (entrance.workload == w.name) pod.entrances.push_back(entrance);
    auto redirects = redirects_of(*d.application, w);
    if (!redirects) return tl::unexpected(redirects.error());
    pod.redirects = *redirects;
    if (auto ok = volumes_.ensure(pod, *d.application, d.made_volumes); !ok)
        return tl::unexpected(ok.error());
    return pod;
}

/// Everything has gone well: what was before goes.
Result<void> Driver::settle(Deployment& d) {
    auto going = d.going;
    for (const auto& r : d.rollouts)
        for (const auto& [replica, rows] : r.old) going.insert(going.end(), rows.begin(), rows.end());
    if (going.empty()) return {};
    std::set<std::string> places;
    for (const auto& row : going)
        places.insert("/" + row.label(label::kVersion) + "/" + row.label(label::kWorkload) + "-" +
                      row.label(label::kReplica));
    if (auto done = remove_rows(std::move(going), LastLines::keep); !done) return done;
    std::error_code e;
    for (const auto& place : places) {
        if (auto done = release_mounts(mounts_directory(d.lease, d.app) + place); !done) return done;
        fs::remove_all(app_directory(d.lease, d.app) + place, e);
    }
    note(d, EventBook::Kind::normal, "Updated", "the new version runs, the one before is gone");
    return {};
}

/// Nothing of the new version is left; what was before goes on.
void Driver::undo(Deployment& d) {
    const auto rows = api_.containers(labels(d.lease, d.app));
    std::vector<ContainerRow> made;
    std::error_code e;
    for (const auto& r : d.rollouts)
        for (const auto& pod : r.pods) {
            if (rows)
                for (const auto& row : *rows)
                    if (row.label(label::kWorkload) == r.workload->name &&
                        row.label(label::kVersion) == r.version && row.label(label::kReplica) == pod.replica)
                        made.push_back(row);
        }
    (void)remove_rows(std::move(made), d.update ? LastLines::keep : LastLines::drop);
    bool paused = false;
    for (auto& r : d.rollouts) {
        for (const auto& pod : r.pods) {
            (void)release_mounts(pod.mounts);
            fs::remove_all(pod.directory, e);
        }
        for (const auto& replica : r.paused) {
            paused = true;
            auto& pod = r.old[replica];
            std::sort(pod.begin(), pod.end(), [](const auto& a, const auto& b) {
                return label_number(a, label::kIndex) < label_number(b, label::kIndex);
            });
            for (const auto& row : pod) {
                const auto started = start_again(row, false);
                health_.release(row.id);
                if (!started)
                    note(d, EventBook::Kind::warning, "FailedStart",
                         row.name + " could not be started again: " + started.error().message);
            }
        }
    }
    if (d.update)
        note(d, EventBook::Kind::warning, "RolledBack",
             paused ? "the version before was started again" : "the version before stays");
    for (const auto& volume : d.made_volumes) (void)volumes_.remove(volume);
    const auto left = api_.containers(labels(d.lease));
    if (left && left->empty()) {
        (void)networks_.remove(d.lease);
        if (!applications_.of(d.lease, d.app)) fs::remove_all(app_directory(d.lease, d.app), e);
    }
}

Error Driver::with_last_lines(Deployment& d, Error error) {
    if (error.code != "failed_to_start") return error;
    const auto rows = api_.containers(labels(d.lease, d.app));
    if (!rows) return error;
    for (const auto& row : *rows) {
        const bool ours = std::any_of(d.rollouts.begin(), d.rollouts.end(), [&](const auto& r) {
            return !r.pods.empty() && row.label(label::kVersion) == r.version;
        });
        if (!ours || !row.ended()) continue;
        const auto lines = api_.last_lines(row.id, 10);
        if (lines && !lines->empty()) {
            error.message +=
                "; last lines of " + row.label(label::kContainer) + ": " + lines->substr(0, 1500);
            break;
        }
    }
    return error;
}

}  // namespace grid::adapters::podman
