#include "lease/demand.hpp"

#include <algorithm>

namespace grid::lease {
namespace {

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}
std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    return a != 0 && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

/// Of one pod.
std::uint64_t pod_demand(const Workload& workload, std::uint64_t Container::*amount) {
    std::uint64_t sum = 0;
    for (const Container& container : workload.containers) sum = plus(sum, container.*amount);
    for (const Container& container : workload.init_containers) sum = std::max(sum, container.*amount);
    return sum;
}

}  // namespace

std::uint64_t pods_at_once(const Workload& workload) noexcept {
    const std::uint64_t replicas = workload.replicas;
    if (workload.kind == WorkloadKind::cron_job) return replicas * workload.schedule.runs_at_once;
    const Rollout& rollout = workload.rollout;
    const bool surges = workload.kind == WorkloadKind::deployment && replicas > 0 && !rollout.recreate &&
                        rollout.surge_bought;
    return replicas + (surges ? rollout.max_surge : 0);
}

chain::Resources demand_of(const Application& application) noexcept {
    chain::Resources total;
    for (const Workload& workload : application.workloads) {
        const std::uint64_t pods = pods_at_once(workload);
        const auto add = [&](std::uint64_t& sum, std::uint64_t Container::*amount, std::uint64_t overhead) {
            sum = plus(sum, times(pods, plus(pod_demand(workload, amount), overhead)));
        };
        add(total.cpu_milli, &Container::cpu_milli, workload.overhead_cpu_milli);
        add(total.memory_mib, &Container::memory_mib, workload.overhead_memory_mib);
        add(total.storage_mib, &Container::storage_mib, 0);
        add(total.gpus, &Container::gpus, 0);
        for (const Claim& claim : workload.claim_templates)
            total.storage_mib = plus(total.storage_mib, times(workload.replicas, claim.size_mib));
    }
    for (const Claim& claim : application.claims) total.storage_mib = plus(total.storage_mib, claim.size_mib);
    return total;
}

}  // namespace grid::lease
