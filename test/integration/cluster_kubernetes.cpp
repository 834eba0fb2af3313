// The Kubernetes driver under the conformance suite, on the cluster of GRID_TEST_KUBECONFIG:
// test/kubernetes/node.sh brings one up that has the image. `./dev test kubernetes-node` does both.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "adapters/kubernetes/driver.hpp"
#include "test/integration/cluster_conformance.hpp"
#include "test/integration/kubernetes_volumes.hpp"

namespace grid::test {

namespace fs = std::filesystem;
namespace k8s = adapters::kubernetes;

namespace {

class KubernetesCluster final : public ClusterUnderTest {
public:
    explicit KubernetesCluster(const std::string& kubeconfig)
        : kubeconfig_(kubeconfig),
          access_(k8s::read_kubeconfig(kubeconfig, "").value()),
          api_(access_, {}, stop_) {
        if (const char* given = std::getenv("GRID_TEST_KUBERNETES")) {
            directory_ = given;
            gateway_ = std::getenv("GRID_TEST_VICTIM");
        } else {
            char directory[] = "/tmp/grid-cluster-XXXXXX";
            REQUIRE(::mkdtemp(directory));
            directory_ = directory;
            gateway_ = "c" + std::to_string(::getpid());
            volumes_ = std::make_unique<LocalVolumes>(api_, directory_ + "/volumes");
        }
        begin();
    }
    ~KubernetesCluster() override {
        if (victim_of_a_test()) return;
        if (const auto left = driver_->list())
            for (const auto& one : *left) (void)driver_->remove(one.lease_key, {});
        stop();
        volumes_.reset();
        std::error_code e;
        fs::remove_all(directory_, e);
    }

    std::string name() const override { return "kubernetes"; }
    adapters::ClusterDriver& driver() override { return *driver_; }
    void stop() override {
        driver_->end();
        driver_.reset();
    }
    void begin() override {
        adapters::KubernetesConfig config;
        config.gateway_id = gateway_;
        config.data_dir = directory_ + "/d";
        config.kubeconfig = kubeconfig_;
        config.stop_grace_cap = std::chrono::seconds(10);
        config.egress = egress_sold;
        config.storage_classes = {LocalVolumes::kStorageClass};
        config.schedule_timeout = std::chrono::seconds(5);
        config.start_timeout = std::chrono::seconds(120);
        config.ready_timeout = std::chrono::seconds(40);
        config.restart_limit = 2;
        auto ownership = k8s::Ownership::open(config);
        REQUIRE(problem_of(ownership) == "");
        driver_ = std::make_unique<k8s::Driver>(config, access_, std::move(*ownership));
        REQUIRE(problem_of(driver_->begin()) == "");
    }
    std::map<std::string, std::string> victim_environment() const override {
        return {{"GRID_TEST_KUBERNETES", directory_}, {"GRID_TEST_VICTIM", gateway_}};
    }
    std::string image() const override { return "localhost/grid-sample:1"; }
    std::string host_of(const messages::Hash& lease, const std::string& service) override {
        const auto found = api_.list(k8s::core::kServices, "", {{"labelSelector", label_of(lease)}});
        REQUIRE(problem_of(found) == "");
        for (const auto& one : found->items)
            if (k8s::text_at(one, {"metadata", "name"}) == service)
                return k8s::text_at(one, {"spec", "clusterIP"});
        return "no-such-service";
    }
    /// The kubelet waits 10, 20, 40 s between two starts of what crashes.
    std::chrono::seconds patience() const override { return std::chrono::seconds(240); }
    void pass_minute() override {
        using std::chrono::system_clock;
        const auto next =
            std::chrono::ceil<std::chrono::minutes>(system_clock::now()) + std::chrono::seconds(2);
        std::this_thread::sleep_until(next);  // the cluster's clock is nobody's to turn
    }
    std::vector<std::string> left_of(const messages::Hash& lease) override {
        std::vector<std::string> left;
        for (const auto& kind : {k8s::core::kNamespaces, k8s::core::kPods, k8s::core::kServices}) {
            const auto found = api_.list(kind, "", {{"labelSelector", label_of(lease)}});
            REQUIRE(problem_of(found) == "");
            for (const auto& one : found->items)
                left.push_back(kind.kind + " " + k8s::text_at(one, {"metadata", "name"}));
        }
        return left;
    }
    std::string cannot(const std::string& what) const override {
        if (what == "egress") return "the node's bridge network enforces no policies";
        if (what == "names") return "the node has no cluster DNS";
        if (what == "volume sizes") return "the test's local volumes are directories";
        if (what == "end of input") return "before 1.30 a command cannot be told (v4.channel.k8s.io)";
        return "";
    }

private:
    static std::string label_of(const messages::Hash& lease) {
        return std::string(k8s::label::kLease) + "=" + k8s::lease_digits(lease).substr(0, 40);
    }
    std::string kubeconfig_;
    k8s::Access access_;
    k8s::Stop stop_;
    k8s::Api api_;
    std::string directory_;
    std::string gateway_;
    std::unique_ptr<LocalVolumes> volumes_;
    std::unique_ptr<k8s::Driver> driver_;
};

}  // namespace

std::unique_ptr<ClusterUnderTest> make_kubernetes_cluster(const std::string& kubeconfig) {
    return std::make_unique<KubernetesCluster>(kubeconfig);
}

}  // namespace grid::test
