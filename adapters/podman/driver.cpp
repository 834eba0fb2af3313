#include "adapters/podman/deployment.hpp"

#include <algorithm>
#include <ctime>

#include "adapters/podman/namespaces.hpp"
#include "lease/demand.hpp"

namespace grid::adapters::podman {

using messages::Resources;

messages::Timestamp Driver::wall_clock() {
    return {static_cast<std::uint64_t>(std::time(nullptr))};
}

void Driver::note(const Deployment& d, EventBook::Kind kind, const std::string& reason,
                  const std::string& message) {
    events_.note(d.lease, d.app, kind, "Application/" + d.app, reason, message);
}

Driver::Driver(PodmanConfig config, Layout layout, std::function<messages::Timestamp()> now)
    : config_(std::move(config)),
      layout_(std::move(layout)),
      service_(layout_),
      api_(layout_.socket),
      now_(std::move(now)),
      events_(now_, layout_.kept),
      restarts_(layout_.kept),
      kept_logs_(layout_.kept, now_),
      health_(api_, events_, restarts_, config_.restart_backoff, config_.restart_limit),
      networks_(config_, api_),
      volumes_(config_.gateway_id, api_),
      applications_(layout_.apps),
      registries_(config_.allowed_registries) {}

Driver::~Driver() {
    end();
}

Result<void> Driver::begin() {
    if (layout_.own_service)
        if (auto shared = share_network_namespaces(); !shared) return shared;
    if (auto up = service_.ensure(); !up) return up;
    if (auto read = networks_.reload(); !read) return read;
    applications_.load();
    restarts_.load();
    events_.load();
    for (const auto& [key, application] : applications_.all()) events_.begin(key.first, key.second);
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
    job_rounds_.clear();  // waits for them
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

std::string Driver::mounts_directory(const std::string& lease, const std::string& app) const {
    return layout_.data + "/mounts/" + lease + (app.empty() ? "" : "/" + app);
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
    // Podman would start what the machine cannot hold, whatever was sold.
    const auto machine = config_.total ? *config_.total : machine_resources(layout_.data);
    const auto no_room = [](const char* what, std::uint64_t wants, std::uint64_t has) {
        return fail("failed_to_start", std::string("the application wants ") + std::to_string(wants) + " " +
                                           what + ", this machine has " + std::to_string(has));
    };
    if (sum.cpu_milli > machine.cpu_milli) return no_room("millicores", sum.cpu_milli, machine.cpu_milli);
    if (sum.memory_mib > machine.memory_mib)
        return no_room("MiB of memory", sum.memory_mib, machine.memory_mib);
    return {};
}

}  // namespace grid::adapters::podman
