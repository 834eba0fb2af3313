#pragma once

#include <string>
#include <vector>

#include "adapters/kubernetes/discovery.hpp"
#include "adapters/kubernetes/ownership.hpp"
#include "lease/workload.hpp"

namespace grid::adapters::kubernetes {

/// One object as it is applied.
struct Planned {
    Resource resource;
    json::object object;
    std::string name() const;
};

/// What the driver must know of a workload to tell how it is.
struct WorkloadRecord {
    std::string name;
    lease::WorkloadKind kind = lease::WorkloadKind::deployment;
    std::string object;     ///< name of its object
    std::string template_;  ///< digest of its pods' description
    std::uint32_t replicas = 1;
};

/// What stands in the record of an application: enough to tell its health and entrances without its manifest.
struct AppRecord {
    std::string app;
    std::uint64_t revision = 0;
    std::vector<WorkloadRecord> workloads;
    std::vector<lease::EntrancePoint> entrances;
};

/// An application as objects of one namespace.
struct AppPlan {
    std::vector<Planned> objects;  ///< in the order of application
    AppRecord record;
};

/// What a plan depends on beside the application.
struct PlanContext {
    const KubernetesConfig& config;
    const Discovery& discovery;
    json::object labels;  ///< of every object: gateway and lease
};

/// Codes: bad_application (a name that cannot be one), unsupported (what this cluster or provider does not
/// have).
Result<AppPlan> plan_app(const PlanContext& context, const std::string& app,
                         const lease::Application& application);

/// metadata and spec of a workload's pods; the Secrets that they need are appended to `objects`. Where
/// visitors enter (`entrance`) a container without a readiness probe is ready when it accepts connections.
json::object pod_template(const PlanContext& context, const std::string& app, const lease::Workload& workload,
                          std::optional<std::uint16_t> entrance, std::vector<Planned>& objects);

/// The record as a ConfigMap, and back; nothing when it is none of ours.
Planned record_object(const PlanContext& context, const AppRecord& record);
std::optional<AppRecord> read_record(const json::value& object);

/// "grid-app-APP": the name of an application's record.
std::string record_name(const std::string& app);

/// Kinds of objects that an application consists of, without its volumes.
std::vector<Resource> app_resources(const Discovery& discovery);

}  // namespace grid::adapters::kubernetes
