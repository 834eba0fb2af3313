#pragma once

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/cluster_driver.hpp"
#include "adapters/kept_logs.hpp"
#include "adapters/kubernetes.hpp"
#include "adapters/kubernetes/guard_rails.hpp"
#include "adapters/kubernetes/mirror.hpp"
#include "adapters/kubernetes/replaced_logs.hpp"
#include "adapters/kubernetes/view.hpp"

namespace grid::adapters::kubernetes {

/// Work on one lease goes one after another; looking at it waits for nobody. All that must survive a restart
/// of ours stands in the cluster: a ConfigMap for each application says what it consists of.
class Driver final : public ClusterDriver {
public:
    Driver(KubernetesConfig config, const Access& access, Ownership ownership);
    ~Driver() override;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// Checks what is required. See spawn_kubernetes.
    Result<void> begin();
    void end() override;

    Result<messages::AppStatus> apply(const messages::Hash& lease, const std::string& app,
                                      const lease::Application& application,
                                      const messages::Resources& resources) override;
    messages::AppStatus status(const messages::Hash& lease, const std::string& app) override;
    Result<std::vector<messages::AppEvent>> events(const messages::Hash& lease,
                                                   const std::string& app) override;
    Result<void> remove(const messages::Hash& lease, const std::string& app) override;
    Result<std::vector<messages::RunningApp>> list() override;
    Result<std::vector<std::string>> collect(const std::vector<messages::Hash>& living) override;
    Result<messages::Inventory> inventory() override;
    std::vector<messages::Capability> probe() override;
    void logs(const messages::LogRequest& request, const LogSink& sink,
              const std::function<bool()>& wanted) override;
    Result<std::shared_ptr<ExecSession>> exec(const messages::ExecRequest& request) override;

private:
    /// One at a time may change a lease; a removal stops the application that is being applied.
    struct Gate {
        std::mutex mutex;
        std::mutex applying_mutex;  ///< of what follows
        Stop* applying = nullptr;
        std::string applied_app;
        std::multiset<std::string> removals;  ///< applications; an empty name is all of the lease

        bool to_be_removed(const std::string& app) const {
            return removals.contains(app) || removals.contains(std::string());
        }
    };
    class Removal;
    struct Deployment;

    std::shared_ptr<Gate> gate(const messages::Hash& lease);
    Result<std::shared_ptr<const Discovery>> discovery();
    ViewLimits view_limits() const;

    /// The lease's namespace when it is there, proves to be ours and is not being deleted.
    Result<std::optional<json::value>> find_namespace(const messages::Hash& lease);
    /// Makes it when it is not there, after an older one is gone. True: made now.
    Result<bool> ensure_namespace(const messages::Hash& lease, Stop& stop);
    Result<void> await_namespace_gone(const std::string& name, Deadline deadline, Stop& stop);
    /// Of the cluster itself, as they were within the last minute.
    Result<ClusterAddresses> addresses();
    Result<void> renew_policies(const std::set<messages::Hash>& leases);

    Result<void> run(Deployment& d);
    void keep_replaced(const messages::Hash& lease, Deployment& d, bool went_well);
    Result<void> check_names(const Deployment& d);
    Result<void> remember_old(Deployment& d);
    Result<void> apply_objects(const Deployment& d, const std::vector<Planned>& objects);
    Result<void> await_start(Deployment& d);
    Result<void> prune(const Deployment& d);
    void undo(Deployment& d);
    void drop_new_claims(const Deployment& d);
    /// Why a controller has made no pods of an application since then (seconds since 1970), in its words.
    std::string why_no_pods(const std::string& name_space, const AppRecord& record, std::int64_t since);

    Result<std::optional<AppRecord>> find_record(const std::string& name_space, const std::string& app);
    Result<AppView> look(const std::string& name_space, const AppRecord& record);
    void explain(const std::string& name_space, const AppRecord& record, AppView& view);
    bool drifted(const std::string& name_space, const AppRecord& record, const AppView& view);
    /// Begins to delete all of an application but its volumes and its record.
    Result<void> delete_objects(const std::string& name_space, const std::string& app);
    Result<void> remove_app(const std::string& name_space, const std::string& app, Stop& stop);
    Result<std::vector<json::value>> jobs_of(const std::string& name_space, const std::string& app);

    const KubernetesConfig config_;
    const Ownership ownership_;
    Stop stop_;
    Api api_;
    std::mutex asking_;  ///< one asks what all want to know; goes before `mutex_`
    std::mutex mutex_;   ///< of what follows
    std::map<messages::Hash, std::weak_ptr<Gate>> gates_;
    std::size_t gates_kept_ = 64;  ///< when there are more, those that nobody holds are forgotten
    std::shared_ptr<const Discovery> discovery_;
    Deadline discovery_until_{};
    ClusterAddresses addresses_;
    Deadline addresses_until_{};
    ClusterAddresses told_addresses_;  ///< that the policies have
    KeptLogs kept_logs_;
    std::vector<std::future<void>> keeping_;  ///< under mutex_
};

/// An error of the API as callers of a driver know it: the cluster's trouble is cluster_unavailable, a
/// refusal of what was asked failed_to_start.
Error driver_error(const Error& error);

/// "grid.app=APP"
Query app_query(const std::string& app);

/// A right that the driver needs.
struct Right {
    std::string verb;
    std::string group;  ///< empty: the core
    std::string resource;
    std::string subresource;  ///< empty: none
    auto operator<=>(const Right&) const = default;
};
/// All of them: what config/kubernetes/rbac.yaml allows, and no more.
const std::vector<Right>& rights();

/// What can be enforced, from what the server says.
std::vector<messages::Capability> cluster_capabilities(Api& api, const Discovery& discovery,
                                                       const KubernetesConfig& config);

/// Room of the nodes that take pods, and what pods ask for. `ours` tells which namespaces are.
Result<messages::Inventory> read_inventory(Api& api, const KubernetesConfig& config,
                                           const std::function<bool(const std::string&)>& ours);

}  // namespace grid::adapters::kubernetes
