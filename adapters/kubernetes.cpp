#include "adapters/kubernetes.hpp"

#include "adapters/kubernetes/driver.hpp"
#include "messages/error.hpp"

namespace grid::adapters {

using messages::cluster_actor;

Result<cluster_actor> spawn_kubernetes(caf::actor_system& system, const KubernetesConfig& config) {
    auto ownership = kubernetes::Ownership::open(config);
    if (!ownership) return tl::unexpected(ownership.error());
    const auto access = config.kubeconfig.empty()
                            ? kubernetes::in_cluster_access()
                            : kubernetes::read_kubeconfig(config.kubeconfig, config.context);
    if (!access) return tl::unexpected(access.error());
    auto driver = std::make_shared<kubernetes::Driver>(config, *access, std::move(*ownership));
    if (auto begun = driver->begin(); !begun) return tl::unexpected(begun.error());
    return spawn_cluster(system, std::move(driver));
}

}  // namespace grid::adapters
