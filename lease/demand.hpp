#pragma once

#include <cstdint>

#include "chain/market.hpp"
#include "lease/workload.hpp"

namespace grid::lease {

/// Pods of a workload that may run at the same time: its replicas, times the runs of a cron job that were
/// counted, and the surge of a rollout that was bought.
std::uint64_t pods_at_once(const Workload& workload) noexcept;

/// What an application needs at its peak, as Kubernetes counts: a pod the sum of its containers or its
/// greatest init container, whichever is more, and its overhead; times pods_at_once; persistent volumes as
/// storage. Saturates at 2^64 - 1.
chain::Resources demand_of(const Application& application) noexcept;

}  // namespace grid::lease
