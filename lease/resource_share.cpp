#include "lease/resource_share.hpp"

#include <algorithm>
#include <array>

#include "chain/amount.hpp"
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
};
constexpr std::array<Kind, 3> kKinds = {{
    {"cpu", &ContainerDemand::cpu_milli, &Container::cpu_milli, &chain::Resources::cpu_milli,
     format_millicores, &ManifestLimits::least_cpu_milli},
    {"memory", &ContainerDemand::memory_mib, &Container::memory_mib, &chain::Resources::memory_mib,
     format_mebibytes, &ManifestLimits::least_memory_mib},
    {"ephemeral storage", &ContainerDemand::storage_mib, &Container::storage_mib,
     &chain::Resources::storage_mib, format_mebibytes, nullptr},
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

Amount needed(const std::vector<DemandingWorkload>& workloads, const Kind& kind, std::uint64_t share) {
    Amount total;
    for (const DemandingWorkload& pod : workloads) {
        Amount one = sum_of_containers(pod, kind, share);
        for (const ContainerDemand& demand : pod.init_demands)
            one = std::max(one, Amount{(demand.*kind.demand).value_or(0)});
        total += one * Amount{pod.workload.replicas};
    }
    return total;
}

/// The greatest share with which everything fits. needed() grows with the share, so a binary search finds it.
std::uint64_t greatest_share(const std::vector<DemandingWorkload>& workloads, const Kind& kind,
                             std::uint64_t bought) {
    std::uint64_t fits = 0, least_too_much = bought;
    while (fits < least_too_much) {
        const std::uint64_t middle = fits + (least_too_much - fits + 1) / 2;
        if (needed(workloads, kind, middle) <= Amount{bought})
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
        pod.workload.init_containers[i].*kind.amount = (pod.init_demands[i].*kind.demand).value_or(of_pod);
}

}  // namespace

Result<void> share_resources(std::vector<DemandingWorkload>& workloads, const ManifestLimits& limits) {
    for (const Kind& kind : kKinds) {
        const std::uint64_t bought = limits.bought.*kind.bought;
        const Amount asked = needed(workloads, kind, 0);
        if (asked > Amount{bought})
            return fail("too_large", "asked for " + shown(kind, asked) + " of " + std::string(kind.name) +
                                         " (over all replicas), the order bought " + kind.format(bought));
        std::uint64_t share = 0;
        if (any_silent(workloads, kind)) {
            share = greatest_share(workloads, kind, bought);
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
