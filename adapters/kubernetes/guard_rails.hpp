#pragma once

#include <string>
#include <vector>

#include "adapters/kubernetes/plan.hpp"

/// What stands around the applications of a lease in its namespace.
namespace grid::adapters::kubernetes {

/// Addresses of the cluster itself, which no container may reach.
using ClusterAddresses = std::vector<runtime::IpNetwork>;

/// The namespace, without labels of other people's tools: ownership and Pod Security.
json::object namespace_object(const KubernetesConfig& config, const Ownership& ownership,
                              const messages::Hash& lease);

/// Service accounts without token, quota, limits for containers, network policies. The quota is twice what
/// the order bought: an update runs the new version beside the old one, and pods of a node that has died
/// count until somebody removes them. What an application may have is checked by the driver before.
std::vector<Planned> guard_rails(const PlanContext& context, const messages::Resources& bought,
                                 const ClusterAddresses& cluster);

/// The policies alone: nothing by default; in from the own namespace and the gateway; out to DNS, the own
/// namespace and, when sold, public addresses (IPv4 and IPv6) but those of the cluster, of metadata services
/// and everything that is not public.
std::vector<Planned> network_policies(const PlanContext& context, const ClusterAddresses& cluster);

/// The addresses of the API server, of nodes, of their pods and of load balancers. Codes: those of Api.
Result<ClusterAddresses> cluster_addresses(Api& api);

}  // namespace grid::adapters::kubernetes
