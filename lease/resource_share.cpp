#include "lease/resource_share.hpp"

#include <algorithm>
#include <array>

#include "chain/amount.hpp"
#include "lease/demand.hpp"
#include "lease/quantity.hpp"

namespace grid::lease {
namespace {

using chain::Amount;

/// One resource in the structures that speak of it.
struct Kind {
    std::string_view name;
    std::optional<std::uint64_t> ContainerDemand::*demand;
    std::uint64_t Container::*amount;
    std::uint64_t chain::Resources::*bought;
    std::string (*format)(std::uint64_t);
    std::uint64_t ManifestLimits::*least;  ///< of a share; null: none
    std::uint64_t Workload::*overhead;     ///< of each pod; null: none
    bool shared;                           ///< what is not said becomes a share; else nothing
};
std::string format_count(std::uint64_t count) {
    return std::to_string(count);
}
constexpr std::array<Kind, 4> kKinds = {{
    {"cpu", &ContainerDemand::cpu_milli, &Container::cpu_milli, &chain::Resources::cpu_milli,
     format_millicores, &ManifestLimits::least_cpu_milli, &Workload::overhead_cpu_milli, true},
    {"memory", &ContainerDemand::memory_mib, &Container::memory_mib, &chain::Resources::memory_mib,
     format_mebibytes, &ManifestLimits::least_memory_mib, &Workload::overhead_memory_mib, true},
    {"storage", &ContainerDemand::storage_mib, &Container::storage_mib, &chain::Resources::storage_mib,
     format_mebibytes, nullptr, nullptr, true},
    {"GPUs", &ContainerDemand::gpus, &Container::gpus, &chain::Resources::gpus, format_count, nullptr,
     nullptr, false},
}};

std::string shown(const Kind& kind, const Amount& amount) {
    return amount.fits_u64() ? kind.format(amount.to_u64()) : amount.decimal();
}

/// What the containers of a pod need when each silent one gets `share`.
Amount sum_of_containers(const DemandingWorkload& pod, const Kind& kind, std::uint64_t share) {
    Amount sum;
    for (const ContainerDemand& demand : pod.demands) sum += Amount{(demand.*kind.demand).value_or(share)};
    return sum;
}

Amount needed(const std::vector<DemandingWorkload>& workloads, const Kind& kind, std::uint64_t share,
              const Amount& beside) {
    Amount total = beside;
    for (const DemandingWorkload& pod : workloads) {
        Amount one = sum_of_containers(pod, kind, share);
        for (const ContainerDemand& demand : pod.init_demands)
            one = std::max(one, Amount{(demand.*kind.demand).value_or(0)});
        if (kind.overhead != nullptr) one += Amount{pod.workload.*kind.overhead};
        total += one * Amount{pods_at_once(pod.workload)};
    }
    return total;
}

/// Persistent volumes.
Amount claimed(const std::vector<DemandingWorkload>& workloads, std::uint64_t claimed_mib) {
    Amount total{claimed_mib};
    for (const DemandingWorkload& pod : workloads)
        for (const Claim& claim : pod.workload.claim_templates)
            total += Amount{claim.size_mib} * Amount{pod.workload.replicas};
    return total;
}

/// The greatest share with which everything fits. needed() grows with the share, so a binary search finds it.
std::uint64_t greatest_share(const std::vector<DemandingWorkload>& workloads, const Kind& kind,
                             const Amount& beside, std::uint64_t bought) {
    std::uint64_t fits = 0, least_too_much = bought;
    while (fits < least_too_much) {
        const std::uint64_t middle = fits + (least_too_much - fits + 1) / 2;
        if (needed(workloads, kind, middle, beside) <= Amount{bought})
            fits = middle;
        else
            least_too_much = middle - 1;
    }
    return fits;
}

bool any_silent(const std::vector<DemandingWorkload>& workloads, const Kind& kind) {
    return std::any_of(workloads.begin(), workloads.end(), [&](const DemandingWorkload& pod) {
        return std::any_of(pod.demands.begin(), pod.demands.end(),
                           [&](const ContainerDemand& demand) { return !(demand.*kind.demand); });
    });
}

void write_amounts(DemandingWorkload& pod, const Kind& kind, std::uint64_t share) {
    for (std::size_t i = 0; i < pod.demands.size(); ++i)
        pod.workload.containers[i].*kind.amount = (pod.demands[i].*kind.demand).value_or(share);
    // More than 64 bits only where nothing runs (no replicas): then nothing was compared with what was
    // bought.
    const Amount sum = sum_of_containers(pod, kind, share);
    const std::uint64_t of_pod = sum.fits_u64() ? sum.to_u64() : UINT64_MAX;
    for (std::size_t i = 0; i < pod.init_demands.size(); ++i)
        pod.workload.init_containers[i].*kind.amount =
            (pod.init_demands[i].*kind.demand).value_or(kind.shared ? of_pod : 0);
}

}  // namespace

Result<void> share_resources(std::vector<DemandingWorkload>& workloads, std::uint64_t claimed_mib,
                             const ManifestLimits& limits) {
    for (const Kind& kind : kKinds) {
        const Amount beside =
            kind.amount == &Container::storage_mib ? claimed(workloads, claimed_mib) : Amount{};
        const std::uint64_t bought = limits.bought.*kind.bought;
        const Amount asked = needed(workloads, kind, 0, beside);
        if (asked > Amount{bought})
            return fail("too_large", "asked for " + shown(kind, asked) + " of " + std::string(kind.name) +
                                         " (all pods at once), the order bought " + kind.format(bought));
        std::uint64_t share = 0;
        if (kind.shared && any_silent(workloads, kind)) {
            share = greatest_share(workloads, kind, beside, bought);
            const std::uint64_t least = kind.least == nullptr ? 0 : limits.*kind.least;
            if (share < least)
                return fail("too_large", "containers that do not say how much " + std::string(kind.name) +
                                             " they need would get " + kind.format(share) +
                                             ", less than the least of " + kind.format(least) +
                                             ": asked for " + shown(kind, asked) +
                                             " elsewhere, the order bought " + kind.format(bought));
        }
        for (DemandingWorkload& pod : workloads) write_amounts(pod, kind, share);
    }
    return {};
}

}  // namespace grid::lease
