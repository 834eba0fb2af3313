#pragma once

#include <string>

#include "adapters/podman/api.hpp"
#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

/// All that goes with the start of a container beside podman's own start; it stands on its labels, so that a
/// restart does the same.
struct StartCare {
    std::string id;
    std::string container;  ///< its name
    std::string address;    ///< of its pod
    std::vector<HostMount> mounts;
    std::string redirects;  ///< nftables statements for the pod's network
    std::optional<lease::Hook> post_start;
};

/// Of a container that is to be made, and of one that is there, by its labels.
StartCare care_of(const std::string& id, const PodPlan& pod, const ContainerPlan& plan);
StartCare care_of(const ContainerRow& row);

/// Starts a container with all that goes with it. When its hook fails it is stopped again. Codes of the API,
/// failed_to_start.
Result<void> start_container(const PodmanApi& api, const StartCare& care);

/// Runs its preStop hook, then asks it to end, all within the grace.
void stop_container(const PodmanApi& api, const ContainerRow& row, unsigned grace_s);

/// "tcp dport 80 redirect to :8080" for each port of a service that its pods answer at another one; empty:
/// none. Code unsupported: two services ask one port of the same pods for different ones.
Result<std::string> redirects_of(const lease::Application& application, const lease::Workload& workload);

}  // namespace grid::adapters::podman
