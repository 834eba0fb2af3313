#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "adapters/cluster_driver.hpp"
#include "adapters/podman.hpp"
#include "adapters/podman/api.hpp"
#include "adapters/podman/exec.hpp"
#include "adapters/podman/health.hpp"
#include "adapters/podman/network.hpp"
#include "adapters/podman/plan.hpp"
#include "adapters/podman/service.hpp"

namespace grid::adapters::podman {

/// Work on one lease goes one after another; looking at it waits for nobody.
class Driver final : public ClusterDriver {
public:
    Driver(PodmanConfig config, Layout layout);
    ~Driver() override;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// Starts (or adopts) podman's service, checks what is required, and starts to watch. See spawn_podman.
    Result<void> begin();
    /// Ends watching and the service; containers run on.
    void end() override;

    Result<messages::AppStatus> apply(const messages::Hash& lease, const std::string& app,
                                      const lease::Application& application,
                                      const messages::Resources& resources) override;
    messages::AppStatus status(const messages::Hash& lease, const std::string& app) override;
    Result<std::vector<messages::AppEvent>> events(const messages::Hash& lease,
                                                   const std::string& app) override;
    Result<void> remove(const messages::Hash& lease, const std::string& app) override;
    Result<std::vector<messages::RunningApp>> list() override;
    /// Deletes files and networks of leases that are not among `living` and have no containers, and images
    /// that no container has used for the grace. Images of a podman that is not our own are left alone, and
    /// so are those of the provider itself (localhost/...).
    Result<std::vector<std::string>> collect(const std::vector<messages::Hash>& living) override;
    Result<messages::Inventory> inventory() override;
    std::vector<messages::Capability> probe() override;
    void logs(const messages::LogRequest& request, const LogSink& sink,
              const std::function<bool()>& wanted) override;
    Result<std::shared_ptr<ExecSession>> exec(const messages::ExecRequest& request) override;

private:
    /// One at a time may change a lease; who holds it can see that a removal waits.
    struct Gate {
        std::mutex mutex;
        std::atomic<int> removals{0};
    };
    struct Deployment;

    std::shared_ptr<Gate> gate(const std::string& lease);
    std::vector<std::string> labels(const std::string& lease = {}, const std::string& app = {}) const;
    std::string app_directory(const std::string& lease, const std::string& app) const;

    Result<void> check_limits(const lease::Application& application,
                              const messages::Resources& resources) const;
    void note(const Deployment& d, EventBook::Kind kind, const std::string& reason,
              const std::string& message);
    Result<void> prepare_images(Deployment& d);
    Result<void> check_registry(const std::string& image) const;
    Result<void> plan_pods(Deployment& d, const std::vector<ContainerRow>& lease_rows);
    Result<void> start_pods(Deployment& d);
    Result<void> start_pod(Deployment& d, const PodPlan& pod);
    Result<void> run_init(Deployment& d, const PodPlan& pod, const ContainerPlan& plan);
    Result<void> wait_for_update(Deployment& d);
    Error with_last_lines(Deployment& d, Error error);
    Result<void> remove_version(const Deployment& d, const std::string& version);
    Result<void> remove_rows(std::vector<ContainerRow> rows);
    std::uint32_t user_base(const std::string& lease);

    void watch();
    void watch_containers();
    void restart(const ContainerRow& row, const std::vector<ContainerRow>& rows);
    void finish_stop(const ContainerRow& row);
    void measure_storage();

    const PodmanConfig config_;
    const Layout layout_;
    PodmanService service_;
    PodmanApi api_;
    EventBook events_;
    HealthBook health_;
    LeaseNetworks networks_;
    runtime::AddressGuard registries_;
    std::mutex collect_mutex_;                      ///< one collection at a time
    std::map<std::string, SteadyTime> image_used_;  ///< when an image was last seen used, or first seen
    std::mutex gates_mutex_;
    std::map<std::string, std::shared_ptr<Gate>> gates_;
    std::atomic<bool> user_namespaces_{false};
    std::string user_namespace_problem_;  ///< written in begin and under gates_mutex_
    std::mutex sessions_mutex_;
    std::vector<std::weak_ptr<ExecSession>> sessions_;
    std::mutex watch_mutex_;
    std::condition_variable watch_wakes_;
    std::atomic<bool> ending_{false};
    /// Goes round over the addresses of a network; begins anywhere, because podman may still hold those of
    /// before.
    std::atomic<unsigned> next_host_{std::random_device{}()};
    std::thread watcher_;
};

/// What the machine can enforce: from podman's words and a look at the kernel.
std::vector<messages::Capability> machine_capabilities(const HostInfo& info,
                                                       const std::string& user_namespace_problem,
                                                       const std::string& firewall_problem, bool egress);
/// Empty when this process may make user namespaces with a range of ids; else why not.
std::string user_namespace_problem();

/// CPUs, memory and free disk of this machine.
messages::Resources machine_resources(const std::string& storage_directory);

/// Bytes of the files under a directory; stops counting above `enough`.
std::uint64_t disk_usage(const std::string& directory, std::uint64_t enough);

}  // namespace grid::adapters::podman
