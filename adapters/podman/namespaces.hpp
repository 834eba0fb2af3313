#pragma once

#include <string>

#include "store/result.hpp"

namespace grid::adapters::podman {

/// Where podman, run by root, keeps the network namespaces of containers: one mount each.
inline constexpr char kNetworkNamespaces[] = "/run/netns";

/// Makes a directory of network namespaces a shared mount where it is none yet, as podman itself does for a
/// container without a user namespace (and `ip netns add` for its own); with one it forgets to. Podman cleans
/// up after such a container in a mount namespace of its own, which sees nothing that was mounted since,
/// unless the mount is shared (systemd makes all mounts shared, other inits do not). It then forgets the
/// network namespace without taking it down: the container's address lives on there, and answers in place of
/// the restarted container. Namespaces that are mounted already stay. Code `cluster_unavailable`.
Result<void> share_network_namespaces(const std::string& directory = kNetworkNamespaces);

}  // namespace grid::adapters::podman
