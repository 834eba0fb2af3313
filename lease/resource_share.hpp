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
};

/// A workload and the demands of its containers, in their order.
struct DemandingWorkload {
    Workload workload;
    std::vector<ContainerDemand> init_demands;
    std::vector<ContainerDemand> demands;
};

/// Writes amounts into every container. A pod needs the sum of its containers or the greatest of its init
/// containers, whichever is more, as Kubernetes counts; a workload that times its replicas. What is not said
/// becomes the greatest equal share with which everything fits; of an init container, all that its pod has
/// anyway. Code `too_large`: more than was bought, or nothing left to share; the message names what was asked
/// and what was bought.
Result<void> share_resources(std::vector<DemandingWorkload>& workloads, const ManifestLimits& limits);

}  // namespace grid::lease
