#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// Lowers a document that has pods: Deployment, StatefulSet, Job, CronJob or Pod. Throws Refusal.
DemandingWorkload lower_workload(const Document& document, const ManifestContext& manifest);

}  // namespace grid::lease
