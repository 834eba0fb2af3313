#pragma once

#include <string>

namespace grid::cli {

/// Looks past the node at the cluster itself: what really runs for a lease.
class ClusterView {
public:
    /// The node's own podman, by its socket.
    static ClusterView podman(std::string socket) { return {std::move(socket), {}}; }
    /// The Kubernetes cluster that a kubeconfig names.
    static ClusterView kubernetes(std::string kubeconfig) { return {{}, std::move(kubeconfig)}; }

    /// How many containers (podman) or pods (Kubernetes) of a lease there are, running or not. Throws
    /// Failure.
    std::size_t containers_of(const std::string& lease_key) const;

private:
    ClusterView(std::string socket, std::string kubeconfig)
        : socket_(std::move(socket)), kubeconfig_(std::move(kubeconfig)) {}
    std::string socket_;
    std::string kubeconfig_;
};

}  // namespace grid::cli
