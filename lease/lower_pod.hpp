#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// Lowers a pod's spec (checked against its shape) into containers, init containers, volumes, restart policy
/// and grace of a workload whose pods have these labels. Throws Refusal: `bad_manifest` (contradictions,
/// references to what is not there), `policy`, `too_large`.
DemandingWorkload lower_pod(const YamlNode& spec, const Place& place, const Labels& labels,
                            std::vector<Claim> claim_templates, const ManifestContext& manifest);

}  // namespace grid::lease
