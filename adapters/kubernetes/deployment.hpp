#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

/// One run of apply.
struct Driver::Deployment {
    std::string app;
    std::string name_space;
    messages::Resources bought;
    std::shared_ptr<const Discovery> discovery;
    PlanContext context;
    AppPlan plan{};
    ClusterAddresses cluster{};
    Stop* stop = nullptr;
    bool first = true;
    bool new_namespace = false;
    bool touched = false;                ///< objects of the application were applied
    std::vector<Planned> old_objects{};  ///< as this gateway had applied them
    std::set<std::string> old_names{};   ///< of everything that the application had
    std::set<std::string> old_claims{};  ///< its volumes, also those of a version long gone
    std::unique_ptr<ReplacedLogs> replaced{};
};

/// "PLURAL/NAME": an object among those of its namespace.
inline std::string identity(const Resource& resource, const std::string& name) {
    return resource.plural + "/" + name;
}

}  // namespace grid::adapters::kubernetes
