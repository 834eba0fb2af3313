// Where the Kubernetes driver is plugged into the conformance suite: make a ClusterUnderTest of it here, as
// cluster_podman.cpp does of the Podman driver.
#include "test/integration/cluster_conformance.hpp"

namespace grid::test {

std::unique_ptr<ClusterUnderTest> make_kubernetes_cluster(const std::string& kubeconfig) {
    FAIL("GRID_TEST_KUBECONFIG is " << kubeconfig << ", but there is no Kubernetes driver in this build");
    return nullptr;
}

}  // namespace grid::test
