#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/podman/api.hpp"
#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

/// The persistent volumes of leases: podman's volumes, named and labelled by lease, application and claim.
/// They live as long as their lease.
class LeaseVolumes {
public:
    LeaseVolumes(std::string gateway, const PodmanApi& api) : gateway_(std::move(gateway)), api_(api) {}

    /// All of a lease, or of the gateway.
    Result<std::vector<VolumeRow>> of(const std::string& lease = {}) const;
    /// Makes the volumes that the pod mounts, unless they are there, and writes them into the plan; `made`
    /// gets the names of new ones. Code failed_to_start.
    Result<void> ensure(PodPlan& pod, const lease::Application& application,
                        std::vector<std::string>& made) const;
    Result<void> remove(const std::string& name) const { return api_.remove_volume(name); }
    Result<void> remove_all(const std::string& lease) const;

private:
    const std::string gateway_;
    const PodmanApi& api_;
};

namespace label {
inline constexpr char kClaim[] = "grid.claim";
}

/// Names and sizes in MiB of the volumes that a container has, from its label.
std::map<std::string, std::uint64_t> read_volumes(const std::string& text);

}  // namespace grid::adapters::podman
