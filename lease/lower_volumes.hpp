#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// Reads `volumes` into the context, and the scratch volumes into the workload. Claim templates of the
/// workload count as volumes of their names. Throws Refusal.
void lower_volumes(PodContext& pod, const Place& place, Workload& workload);

/// A container's `volumeMounts`. Throws Refusal.
void lower_mounts(const YamlNode& node, const Place& place, const PodContext& pod, Container& container);

}  // namespace grid::lease
