#pragma once

#include <optional>
#include <vector>

#include "lease/manifest.hpp"

namespace grid::lease {

/// What a manifest says about one container; nothing: a fair share of what is left.
struct ContainerDemand {
    std::optional<std::uint64_t> cpu_milli;
    std::optional<std::uint64_t> memory_mib;
    std::optional<std::uint64_t> storage_mib;
    std::optional<std::uint64_t> gpus;  ///< nothing: none
};

/// A variable that holds an amount of its own container (resourceFieldRef).
struct ResourceReference {
    std::string variable;
    std::uint64_t Container::*amount = nullptr;
    std::uint64_t divisor = 1;  ///< in millicores or bytes
};

/// A workload and the demands of its containers, in their order.
struct DemandingWorkload {
    Workload workload;
    std::vector<ContainerDemand> init_demands;
    std::vector<ContainerDemand> demands;
    std::vector<std::vector<ResourceReference>> init_references;
    std::vector<std::vector<ResourceReference>> references;
};

/// Writes amounts into every container. Needs are counted as by demand_of: with overhead, surge, the runs of
/// a cron job; persistent volumes (`claimed_mib`, and claim templates) are storage. What is not said becomes
/// the greatest equal share with which everything fits; of an init container, all that its pod has anyway.
/// Code `too_large`: more than was bought, or nothing left to share; the message names what was asked and
/// what was bought.
Result<void> share_resources(std::vector<DemandingWorkload>& workloads, std::uint64_t claimed_mib,
                             const ManifestLimits& limits);

}  // namespace grid::lease
