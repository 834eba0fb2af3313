#include "apps/grid/cluster_view.hpp"

#include "adapters/kubernetes/api.hpp"
#include "adapters/kubernetes/ownership.hpp"
#include "apps/grid/failure.hpp"
#include "apps/grid/json.hpp"
#include "runtime/http_client.hpp"

namespace grid::cli {

namespace {

using Clock = std::chrono::steady_clock;

std::size_t podman_containers(const std::string& socket, const std::string& lease_key) {
    const auto filters = runtime::percent_encode("{\"label\":[\"grid.lease=" + lease_key.substr(2) + "\"]}");
    const runtime::HttpClient podman(runtime::UnixSocket{socket});
    const auto answer =
        need(podman.request({"GET", "/v4.0.0/libpod/containers/json?all=true&filters=" + filters, {}, {}},
                            Clock::now() + std::chrono::seconds(10)));
    const auto list = parse_json(answer.body, socket);
    if (answer.status == 200 && list.IsNull()) return 0;
    if (answer.status != 200 || !list.IsArray())
        throw Failure("bad_answer", "podman answered " + answer.body);
    return list.Size();
}

std::size_t kubernetes_pods(const std::string& kubeconfig, const std::string& lease_key) {
    using namespace adapters::kubernetes;
    Stop stop;
    Api api(need(read_kubeconfig(kubeconfig, "")), {}, stop);
    const auto selector = std::string(label::kLease) + "=" + lease_key.substr(2, 40);
    return need(api.list(core::kPods, "", {{"labelSelector", selector}})).items.size();
}

}  // namespace

std::size_t ClusterView::containers_of(const std::string& lease_key) const {
    return kubeconfig_.empty() ? podman_containers(socket_, lease_key)
                               : kubernetes_pods(kubeconfig_, lease_key);
}

}  // namespace grid::cli
