#pragma once

#include "adapters/kubernetes.hpp"
#include "adapters/podman.hpp"
#include "apps/gridd/node_config.hpp"
#include "messages/cluster.hpp"
#include "runtime/config.hpp"

namespace grid::gridd {

/// The section `cluster`; nothing where its kind is podman. Mistakes are recorded in the section.
std::optional<adapters::KubernetesConfig> read_cluster(runtime::ConfigSection section);

/// The section `podman`.
adapters::PodmanConfig read_podman(runtime::ConfigSection section);

/// Starts the driver of the cluster that the configuration names. Codes: those of the drivers.
Result<messages::cluster_actor> spawn_cluster_driver(caf::actor_system& system, const NodeConfig& config,
                                                     const chain::Address& provider);

}  // namespace grid::gridd
