#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "adapters/cluster_driver.hpp"
#include "adapters/kept_logs.hpp"
#include "adapters/podman.hpp"
#include "adapters/podman/api.hpp"
#include "adapters/podman/application_book.hpp"
#include "adapters/podman/exec.hpp"
#include "adapters/podman/health.hpp"
#include "adapters/podman/log_readers.hpp"
#include "adapters/podman/network.hpp"
#include "adapters/podman/plan.hpp"
#include "adapters/podman/restart_book.hpp"
#include "adapters/podman/run_book.hpp"
#include "adapters/podman/service.hpp"
#include "adapters/podman/volumes.hpp"

namespace grid::adapters::podman {

/// Work on one lease goes one after another; looking at it waits for nobody.
class Driver final : public ClusterDriver {
public:
    /// `now`: seconds since 1970, the clock of jobs, cron jobs and events.
    Driver(PodmanConfig config, Layout layout, std::function<messages::Timestamp()> now = wall_clock);
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
    struct Rollout;

    static messages::Timestamp wall_clock();
    std::shared_ptr<Gate> gate(const std::string& lease);
    std::vector<std::string> labels(const std::string& lease = {}, const std::string& app = {}) const;
    std::string app_directory(const std::string& lease, const std::string& app) const;

    Result<void> check_limits(const lease::Application& application,
                              const messages::Resources& resources) const;
    void note(const Deployment& d, EventBook::Kind kind, const std::string& reason,
              const std::string& message);
    // apply.cpp
    Result<void> compare(Deployment& d, const std::vector<ContainerRow>& lease_rows);
    Result<void> plan_pods(Deployment& d, const std::vector<ContainerRow>& lease_rows);
    Result<PodPlan> plan_pod(Deployment& d, const Rollout& r, const std::string& replica,
                             std::set<std::string>& taken);
    Result<void> settle(Deployment& d);
    void undo(Deployment& d);
    Error with_last_lines(Deployment& d, Error error);
    std::map<std::string, std::size_t> wanted_pods(const lease::Application& application) const;

    // images.cpp
    Result<void> prepare_images(Deployment& d, const lease::Workload* only = nullptr);
    Result<void> check_registry(const std::string& image) const;

    // rollout.cpp
    Result<void> roll_out(Deployment& d, Rollout& r);
    Result<void> take_over(Deployment& d, Rollout& r);
    Result<void> begin_set(Deployment& d, Rollout& r);
    Result<void> update_set(Deployment& d, Rollout& r);
    Result<void> wait_ready(Deployment& d, const Rollout& r, const std::vector<const PodPlan*>& pods);
    void stop_rows(const std::vector<ContainerRow>& rows);
    void pause_pod(Rollout& r, const std::string& replica);

    // pods.cpp
    Result<void> start_pods(Deployment& d, const std::vector<const PodPlan*>& pods);
    Result<void> start_pod(const PodPlan& pod, const std::function<bool()>& cancelled);
    Result<void> run_init(const PodPlan& pod, const ContainerPlan& plan,
                          const std::function<bool()>& cancelled);
    enum class LastLines : std::uint8_t { keep, drop };
    Result<void> remove_rows(std::vector<ContainerRow> rows, LastLines last_lines);
    void keep_last_lines(const ContainerRow& row);
    void print_logs(const messages::LogRequest& request, const std::vector<std::string>& which,
                    const LogSink& sink);
    void forget_kept(const std::string& lease, const std::string& app);
    Result<void> start_again(const ContainerRow& row, bool after_crash);
    std::uint32_t user_base(const std::string& lease);

    // jobs.cpp
    struct JobRound;
    void watch_jobs();
    void do_jobs(const std::string& lease, const std::string& app, bool images_ready);
    void do_cron(JobRound& round, const lease::Workload& workload);
    bool make_room(JobRound& round, const lease::Workload& workload, Run& run);
    void do_run(JobRound& round, const lease::Workload& workload, Run& run);
    void start_runs_pods(JobRound& round, const lease::Workload& workload, Run& run, std::uint32_t count);
    void finish(JobRound& round, const lease::Workload& workload, Run& run, Run::State state,
                const std::string& reason);
    void clear_old_runs(JobRound& round, const lease::Workload& workload);
    std::string runs_path(const std::string& lease, const std::string& app) const;
    void add_jobs(const std::string& lease, const std::string& app, const lease::Application& application,
                  messages::AppStatus& status);

    void watch();
    void watch_containers();
    void restart(const ContainerRow& row, const std::vector<ContainerRow>& rows);
    void finish_stop(const ContainerRow& row);
    void measure_storage();
    bool drifted(const std::vector<ContainerRow>& rows, const lease::Application& application) const;
    std::string mounts_directory(const std::string& lease, const std::string& app) const;

    const PodmanConfig config_;
    const Layout layout_;
    PodmanService service_;
    PodmanApi api_;
    const std::function<messages::Timestamp()> now_;
    EventBook events_;
    RestartBook restarts_;
    KeptLogs kept_logs_;
    HealthBook health_;
    LeaseNetworks networks_;
    LeaseVolumes volumes_;
    ApplicationBook applications_;
    std::mutex pending_mutex_;
    /// What is being applied for the first time.
    std::map<std::pair<std::string, std::string>, ApplicationBook::Entry> pending_;
    std::map<std::string, std::future<void>> job_rounds_;  ///< by lease; of the watching thread alone
    runtime::AddressGuard registries_;
    std::mutex collect_mutex_;                      ///< one collection at a time
    std::map<std::string, SteadyTime> image_used_;  ///< when an image was last seen used, or first seen
    std::mutex gates_mutex_;
    std::map<std::string, std::shared_ptr<Gate>> gates_;
    std::atomic<bool> user_namespaces_{false};
    std::string user_namespace_problem_;  ///< written in begin and under gates_mutex_
    LogReaders log_readers_;
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
