#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"
#include "runtime/address_guard.hpp"

namespace grid::adapters {

/// How applications are run on a Kubernetes cluster.
struct KubernetesConfig {
    std::string gateway_id;  ///< whose namespaces these are: [a-z0-9][a-z0-9-]{0,31}
    std::string data_dir;    ///< absolute; made 0700; holds the key that proves whose a namespace is
    std::string kubeconfig;  ///< a file; empty: as a pod of the cluster
    std::string context;     ///< of the kubeconfig; empty: its current one
    std::string namespace_prefix = "grid";  ///< of the namespaces' names: [a-z]([a-z0-9-]{0,14}[a-z0-9])?
    std::string runtime_class;              ///< of every pod; empty: the cluster's default
    std::string gpu_resource = "nvidia.com/gpu";
    std::vector<std::string> storage_classes;  ///< that are sold; the first is the default; none: no volumes
    bool restricted = false;                   ///< Pod Security profile of the namespaces; else baseline
    bool user_namespaces = false;              ///< pods get one (hostUsers: false), where the server has them

    bool egress = false;  ///< sold: public addresses may be reached from containers
    /// Where the gateway's connections to pods come from: networks, and the labels of its own namespace and
    /// pod when it runs in the cluster (empty: none).
    std::vector<runtime::IpNetwork> gateway_networks;
    std::map<std::string, std::string> gateway_namespace_labels, gateway_pod_labels;
    std::map<std::string, std::string> dns_pod_labels{{"k8s-app", "kube-dns"}};
    std::vector<runtime::IpNetwork> dns_networks;   ///< of resolvers that are no pods (node-local)
    std::vector<runtime::IpNetwork> denied_egress;  ///< beside what is found out and what is never allowed

    std::vector<std::string> required;  ///< capabilities without which spawn_kubernetes refuses, see probe
    std::optional<messages::Resources> total;            ///< in place of what the nodes have
    messages::Resources reserve;                         ///< of what the nodes have, kept for others
    std::chrono::milliseconds stop_grace_cap{30'000};    ///< a workload's own grace is cut to this
    std::chrono::milliseconds start_timeout{300'000};    ///< until all containers run, with pulling of images
    std::chrono::milliseconds ready_timeout{120'000};    ///< an update that is not ready by then is undone
    std::chrono::milliseconds schedule_timeout{60'000};  ///< until a pod that fits nowhere counts as failed
    std::chrono::milliseconds remove_timeout{300'000};   ///< until a removal that is not done is an error
    std::chrono::milliseconds request_timeout{30'000};   ///< of one call
    unsigned restart_limit = 4;  ///< restarts of a container after which an application counts as failed
};

/// The cluster driver for Kubernetes, from 1.20 on. A namespace for each lease, with a proof of ownership,
/// quota, limits and network policies; the application's objects by server-side apply. An API server that is
/// away is no error: the driver begins, and everything answers `unknown` or cluster_unavailable until it is
/// back. Error codes: bad_config, bad_kubeconfig, bad_key_file, capability_missing, cluster_unavailable (only
/// when capabilities are required).
Result<messages::cluster_actor> spawn_kubernetes(caf::actor_system& system, const KubernetesConfig& config);

}  // namespace grid::adapters
