#include "adapters/podman/deployment.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <future>

#include "adapters/podman/namespaces.hpp"
#include "adapters/podman/supported.hpp"
#include "lease/demand.hpp"

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
constexpr std::size_t kPodsAtOnce = 4;

/// Runs `work` for each item, a few at a time; the first error counts.
template <class Items, class Work>
Result<void> in_parallel(Items& items, Work work) {
    Result<void> outcome;
    if (items.size() == 1) return work(items[0]);
    for (std::size_t at = 0; at < items.size() && outcome; at += kPodsAtOnce) {
        std::vector<std::future<Result<void>>> running;
        for (std::size_t i = at; i < std::min(items.size(), at + kPodsAtOnce); ++i)
            running.push_back(std::async(std::launch::async, [&, i] { return work(items[i]); }));
        for (auto& one : running)
            if (auto done = one.get(); !done && outcome) outcome = done;
    }
    return outcome;
}

messages::Timestamp wall_clock() {
    return {static_cast<std::uint64_t>(std::time(nullptr))};
}

std::set<std::string> addresses_in(const std::vector<ContainerRow>& rows) {
    std::set<std::string> taken;
    for (const auto& row : rows) taken.insert(row.label(label::kAddress));
    return taken;
}

}  // namespace

void Driver::note(const Deployment& d, EventBook::Kind kind, const std::string& reason,
                  const std::string& message) {
    events_.note(d.lease, d.app, kind, "Application/" + d.app, reason, message);
}

Driver::Driver(PodmanConfig config, Layout layout)
    : config_(std::move(config)),
      layout_(std::move(layout)),
      service_(layout_),
      api_(layout_.socket),
      events_(wall_clock),
      health_(api_, events_, config_.restart_backoff, config_.restart_limit),
      networks_(config_, api_),
      registries_(config_.allowed_registries) {}

Driver::~Driver() {
    end();
}

Result<void> Driver::begin() {
    if (layout_.own_service)
        if (auto shared = share_network_namespaces(); !shared) return shared;
    if (auto up = service_.ensure(); !up) return up;
    if (auto read = networks_.reload(); !read) return read;
    user_namespace_problem_ =
        config_.user_namespaces ? user_namespace_problem() : "switched off by the configuration";
    user_namespaces_ = user_namespace_problem_.empty();
    for (const auto& name : config_.required) {
        const auto all = probe();
        const auto i = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
        if (i == all.end() || !i->enforced) {
            service_.stop();
            return fail("capability_missing", name + " is required but cannot be enforced here: " +
                                                  (i == all.end() ? "no such capability" : i->detail));
        }
    }
    watcher_ = std::thread([this] { watch(); });
    return {};
}

void Driver::end() {
    {
        const std::lock_guard lock(watch_mutex_);
        if (ending_) return;
        ending_ = true;
    }
    watch_wakes_.notify_all();
    {
        const std::lock_guard lock(sessions_mutex_);
        for (const auto& one : sessions_)
            if (const auto session = one.lock()) session->abandon();
    }
    if (watcher_.joinable()) watcher_.join();
    service_.stop();
}

std::shared_ptr<Driver::Gate> Driver::gate(const std::string& lease) {
    const std::lock_guard lock(gates_mutex_);
    auto& slot = gates_[lease];
    if (!slot) slot = std::make_shared<Gate>();
    return slot;
}

std::vector<std::string> Driver::labels(const std::string& lease, const std::string& app) const {
    std::vector<std::string> out{std::string(label::kGateway) + "=" + config_.gateway_id};
    if (!lease.empty()) out.push_back(std::string(label::kLease) + "=" + lease);
    if (!app.empty()) out.push_back(std::string(label::kApp) + "=" + app);
    return out;
}

std::string Driver::app_directory(const std::string& lease, const std::string& app) const {
    return layout_.apps + "/" + lease + (app.empty() ? "" : "/" + app);
}

Result<void> Driver::check_limits(const lease::Application& application, const Resources& resources) const {
    const Resources sum = lease::demand_of(application);
    const auto over = [](const char* what, std::uint64_t wants, std::uint64_t has) {
        return fail("failed_to_start", std::string("the application wants ") + std::to_string(wants) + " " +
                                           what + ", the order has " + std::to_string(has));
    };
    if (sum.cpu_milli > resources.cpu_milli) return over("millicores", sum.cpu_milli, resources.cpu_milli);
    if (sum.memory_mib > resources.memory_mib)
        return over("MiB of memory", sum.memory_mib, resources.memory_mib);
    if (sum.storage_mib > resources.storage_mib)
        return over("MiB of storage", sum.storage_mib, resources.storage_mib);
    return {};
}

Result<AppStatus> Driver::apply(const Hash& lease, const std::string& app,
                                const lease::Application& application, const Resources& resources) {
    if (auto ok = check_names(app, application); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_supported(application); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_limits(application, resources); !ok) return tl::unexpected(ok.error());
    Deployment d;
    d.lease = lease_text(lease);
    d.app = app;
    d.version = version_of(application);
    d.application = &application;
    d.gate = gate(d.lease);
    const std::lock_guard lock(d.gate->mutex);

    const auto rows = api_.containers(labels(d.lease));
    if (!rows) return tl::unexpected(rows.error());
    std::vector<ContainerRow> same, other;
    std::size_t expected = 0;
    for (const auto& w : application.workloads) expected += w.containers.size() * w.replicas;
    for (const auto& row : *rows)
        if (row.label(label::kApp) == app)
            (row.label(label::kVersion) == d.version ? same : other).push_back(row);
    const auto begun = [](const ContainerRow& row) {
        return row.label(label::kRole) == "main" && row.state != "created";
    };
    const bool complete =
        static_cast<std::size_t>(std::count_if(same.begin(), same.end(), begun)) == expected &&
        same.size() == expected;
    if (!complete) {
        // What a crash of ours left of this very version is no use.
        if (auto done = remove_rows(same); !done) return tl::unexpected(done.error());
        note(d, EventBook::Kind::normal, other.empty() ? "Starting" : "Updating", "version " + d.version);
        auto outcome = prepare_images(d);
        if (outcome) outcome = plan_pods(d, *rows);
        if (outcome) outcome = start_pods(d);
        if (outcome && !other.empty()) outcome = wait_for_update(d);
        if (!outcome) {
            const auto error = with_last_lines(d, outcome.error());
            note(d, EventBook::Kind::warning, "Failed", error.message);
            if (!other.empty())
                note(d, EventBook::Kind::warning, "RolledBack",
                     "the version before stays, " + d.version + " is removed");
            (void)remove_version(d, d.version);
            if (other.empty() && same.size() == rows->size()) (void)networks_.remove(d.lease);
            return tl::unexpected(error);
        }
    }
    if (!other.empty()) {
        if (!complete) std::this_thread::sleep_for(config_.drain);
        std::set<std::string> versions;
        for (const auto& row : other) versions.insert(row.label(label::kVersion));
        for (const auto& version : versions)
            if (auto done = remove_version(d, version); !done) return tl::unexpected(done.error());
        note(d, EventBook::Kind::normal, "Updated", "version " + d.version + " runs, the one before is gone");
    }
    auto seen = status(lease, app);
    for (const auto limit = steady_clock::now() + kQuickStart;
         !complete && seen.health == Health::starting && steady_clock::now() < limit && !d.cancelled();) {
        std::this_thread::sleep_for(kLook);
        seen = status(lease, app);
    }
    return seen;
}

Result<void> Driver::prepare_images(Deployment& d) {
    std::map<std::string, bool> images;  // name -> pull
    std::set<std::string> no_root;
    for (const auto& w : d.application->workloads)
        for (const auto* list : {&w.init_containers, &w.containers})
            for (const auto& c : *list) {
                const bool local = c.image.rfind("localhost/", 0) == 0;
                images[c.image] = images[c.image] || (c.pull_always && !local);
                if (c.run_as_non_root && !c.run_as_user) no_root.insert(c.image);
                if (c.run_as_non_root && c.run_as_user && c.run_as_user->value < 1)
                    return fail("failed_to_start",
                                "container " + c.name + " must not run as root, but asks for user 0");
            }
    std::vector<std::pair<std::string, bool>> list(images.begin(), images.end());
    return in_parallel(list, [&](const std::pair<std::string, bool>& image) -> Result<void> {
        bool present = false;
        if (!image.second) {
            auto exists = api_.image_exists(image.first);
            if (!exists) return tl::unexpected(exists.error());
            present = *exists;
        }
        if (!present && image.first.rfind("localhost/", 0) == 0)
            return fail("image_unavailable", image.first + ": this provider has no such image of its own");
        if (!present) {
            if (auto ok = check_registry(image.first); !ok) return ok;
            const auto began = steady_clock::now();
            note(d, EventBook::Kind::normal, "Pulling", image.first);
            if (auto ok = api_.pull(image.first, config_.pull_timeout); !ok) return ok;
            const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
            note(d, EventBook::Kind::normal, "Pulled",
                 image.first + " in " + std::to_string(took.count()) + " ms");
        }
        if (no_root.count(image.first)) {
            const auto user = api_.image_user(image.first);
            if (!user) return tl::unexpected(user.error());
            const auto name = user->substr(0, user->find(':'));
            const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
            if (!number || name.find_first_not_of('0') == std::string::npos)
                return fail("failed_to_start", image.first + " must not run as root, but its user is \"" +
                                                   *user + "\"; give runAsUser as a number");
        }
        return {};
    });
}

Result<void> Driver::plan_pods(Deployment& d, const std::vector<ContainerRow>& lease_rows) {
    auto network = networks_.ensure(d.lease);
    if (!network) return tl::unexpected(network.error());
    d.network = *network;
    const auto prefix = d.network.subnet.substr(0, d.network.subnet.rfind('.') + 1);
    auto taken = addresses_in(lease_rows);
    std::size_t expected = 0;
    for (const auto& w : d.application->workloads) expected += w.containers.size() * w.replicas;
    const auto base = user_namespaces_ ? user_base(d.lease) : 0;
    // Addresses go round: podman may hold one for a while after its container has gone (netavark 1.4 fails to
    // take some networks down). Number 1 is the bridge itself.
    constexpr unsigned kHosts = 253;
    unsigned tried = 0;
    std::size_t index = 0;
    for (const auto& w : d.application->workloads) {
        for (std::uint32_t replica = 0; replica < w.replicas; ++replica, ++index) {
            PodPlan pod;
            do {
                if (++tried > kHosts)
                    return fail("failed_to_start", "the lease's network has room for 253 pods");
                pod.address = prefix + std::to_string(2 + next_host_++ % kHosts);
            } while (taken.count(pod.address));
            pod.gateway = config_.gateway_id;
            pod.lease = d.lease;
            pod.app = d.app;
            pod.version = d.version;
            pod.expected = expected;
            pod.workload = &w;
            pod.replica = replica;
            pod.network = d.network.name;
            pod.user_base = base;
            pod.pids_limit = config_.pids_limit;
            pod.directory = app_directory(d.lease, d.app) + "/" + d.version + "/" + std::to_string(index);
            for (const auto& service : d.application->services)
                if (service.workload == w.name) pod.aliases.push_back(service.name);
            for (const auto& entrance : d.application->entrances)
                if (entrance.workload == w.name) pod.entrances.push_back(entrance);
            d.pods.push_back(std::move(pod));
        }
    }
    return {};
}

Result<void> Driver::start_pods(Deployment& d) {
    return in_parallel(d.pods, [&](const PodPlan& pod) { return start_pod(d, pod); });
}

Result<void> Driver::start_pod(Deployment& d, const PodPlan& pod) {
    const auto failed = [&](const Error& e, const std::string& name) -> Result<void> {
        if (e.code == "cluster_unavailable" || e.code == "failed_to_start") return tl::unexpected(e);
        return fail("failed_to_start", name + ": " + e.message);
    };
    if (auto ok = make_pod_files(pod); !ok) return ok;
    for (std::size_t i = 0; i < pod.workload->init_containers.size(); ++i) {
        const ContainerPlan plan{&pod.workload->init_containers[i], i, true, {}};
        if (auto ok = run_init(d, pod, plan); !ok) return failed(ok.error(), plan.container->name);
    }
    std::string owner;
    for (std::size_t i = 0; i < pod.workload->containers.size(); ++i) {
        if (d.cancelled()) return fail("failed_to_start", "the application is being removed");
        const ContainerPlan plan{&pod.workload->containers[i], i, false, owner};
        const auto id = api_.create(create_spec(pod, plan));
        if (!id) return failed(id.error(), plan.container->name);
        if (auto ok = api_.start(*id); !ok) return failed(ok.error(), plan.container->name);
        if (owner.empty()) owner = *id;
    }
    events_.note(d.lease, d.app, EventBook::Kind::normal,
                 "Pod/" + pod.workload->name + "-" + std::to_string(pod.replica), "Started",
                 "started at " + pod.address);
    return {};
}

Result<void> Driver::run_init(Deployment& d, const PodPlan& pod, const ContainerPlan& plan) {
    const auto id = api_.create(create_spec(pod, plan));
    if (!id) return tl::unexpected(id.error());
    if (auto ok = api_.start(*id); !ok) return ok;
    const auto limit = steady_clock::now() + config_.init_timeout;
    for (auto pause = kLook;; pause = std::min(pause * 2, milliseconds(200))) {
        const auto rows = api_.containers(
            {std::string(label::kRole) + "=init", labels()[0], std::string(label::kLease) + "=" + d.lease});
        if (!rows) return tl::unexpected(rows.error());
        const auto row = std::find_if(rows->begin(), rows->end(), [&](const auto& r) { return r.id == *id; });
        if (row == rows->end())
            return fail("failed_to_start", "init container " + plan.container->name + " vanished");
        if (row->ended()) {
            if (row->exit_code < 1 && row->exit_code > -1) return api_.remove(*id);
            return fail("failed_to_start", "init container " + exit_words(*row));
        }
        if (d.cancelled()) return fail("failed_to_start", "the application is being removed");
        if (steady_clock::now() >= limit)
            return fail("failed_to_start", "init container " + plan.container->name + " did not end in time");
        std::this_thread::sleep_for(pause);
    }
}

Result<void> Driver::wait_for_update(Deployment& d) {
    std::size_t expected = 0;
    for (const auto& pod : d.pods) expected += pod.workload->containers.size();
    auto mine = labels(d.lease, d.app);
    mine.push_back(std::string(label::kVersion) + "=" + d.version);
    const auto limit = steady_clock::now() + config_.ready_timeout;
    for (auto pause = kLook;; pause = std::min(pause * 2, milliseconds(200))) {
        const auto rows = api_.containers(mine);
        if (!rows) return tl::unexpected(rows.error());
        for (const auto& row : *rows)
            if (HealthBook::wants_restart(row) || (row.ended() && row.exit_code > 0))
                return fail("failed_to_start",
                            "the new version does not run, the old one stays: " + exit_words(row));
        if (health_.all_ready(*rows, expected)) return {};
        if (d.cancelled()) return fail("failed_to_start", "the application is being removed");
        if (steady_clock::now() >= limit)
            return fail("failed_to_start", "the new version was not ready within " +
                                               std::to_string(config_.ready_timeout.count() / 1000) +
                                               " s, the old one stays");
        std::this_thread::sleep_for(pause);
    }
}

Error Driver::with_last_lines(Deployment& d, Error error) {
    if (error.code != "failed_to_start") return error;
    auto mine = labels(d.lease, d.app);
    mine.push_back(std::string(label::kVersion) + "=" + d.version);
    const auto rows = api_.containers(mine);
    if (!rows) return error;
    for (const auto& row : *rows) {
        if (!row.ended()) continue;
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
