// The Podman driver under the conformance suite: a data directory, storage and podman service of its own,
// which leave nothing behind. Needs root, podman, netavark, aardvark-dns, nftables, iptables, busybox-static.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "adapters/podman/driver.hpp"
#include "test/integration/cluster_conformance.hpp"

namespace grid::test {

namespace fs = std::filesystem;

namespace {

class PodmanCluster final : public ClusterUnderTest {
public:
    PodmanCluster() {
        if (const char* given = std::getenv("GRID_TEST_PODMAN")) {
            directory_ = given;
            gateway_ = std::getenv("GRID_TEST_VICTIM");
        } else {
            char directory[] = "/tmp/grid-cluster-XXXXXX";
            REQUIRE(::mkdtemp(directory));
            directory_ = directory;
            gateway_ = "c" + std::to_string(::getpid());
        }
        begin();
        const auto command = std::string(GRID_SOURCE_DIR) + "/tools/build_sample_image " + directory_ +
                             "/d >" + directory_ + "/image.log 2>&1";
        REQUIRE(std::system(command.c_str()) == 0);
    }
    ~PodmanCluster() override {
        if (victim_of_a_test()) return;
        if (const auto left = driver_->list())
            for (const auto& one : *left) (void)driver_->remove(one.lease_key, {});
        stop();
        const auto unmount = "umount " + directory_ + "/d/storage/overlay >/dev/null 2>&1";
        if (std::system(unmount.c_str()) != 0) {
        }
        // A last cleaning by podman, in a process of its own, may still write there.
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        do {
            std::error_code e;
            fs::remove_all(directory_, e);
        } while (fs::exists(directory_) && std::chrono::steady_clock::now() < limit);
    }

    std::string name() const override { return "podman"; }
    adapters::ClusterDriver& driver() override { return *driver_; }
    void stop() override {
        driver_->end();
        driver_.reset();
    }
    void begin() override {
        adapters::PodmanConfig config;
        config.gateway_id = gateway_;
        config.data_dir = directory_ + "/d";
        config.run_root = directory_ + "/run";
        config.egress = egress_sold;
        config.stop_grace_cap = std::chrono::seconds(10);
        config.ready_timeout = std::chrono::seconds(20);
        config.restart_backoff = std::chrono::milliseconds(50);
        config.restart_limit = 2;
        config.storage_round = std::chrono::seconds(1);
        config.drain = std::chrono::milliseconds(0);
        const auto layout = adapters::podman::prepare_layout(config);
        REQUIRE(problem_of(layout) == "");
        driver_ = std::make_unique<adapters::podman::Driver>(config, *layout, [this] {
            return messages::Timestamp{static_cast<std::uint64_t>(std::time(nullptr)) + ahead_};
        });
        REQUIRE(problem_of(driver_->begin()) == "");
    }
    std::map<std::string, std::string> victim_environment() const override {
        return {{"GRID_TEST_PODMAN", directory_}, {"GRID_TEST_VICTIM", gateway_}};
    }
    std::string image() const override { return "localhost/grid-sample:1"; }
    std::string host_of(const messages::Hash&, const std::string& service) override { return service; }
    std::chrono::seconds patience() const override { return std::chrono::seconds(60); }
    void pass_minute() override {
        const auto now = static_cast<std::uint64_t>(std::time(nullptr)) + ahead_;
        ahead_ += 60 - now % 60 + 2;
    }
    std::vector<std::string> left_of(const messages::Hash& lease) override {
        std::vector<std::string> left;
        const adapters::podman::PodmanApi api(directory_ + "/d/podman.sock");
        const auto label = "grid.lease=" + lease.hex().substr(2);
        const auto containers = api.containers({label});
        const auto networks = api.networks(label);
        REQUIRE(containers);
        const auto volumes = api.volumes({label});
        REQUIRE(networks);
        REQUIRE(volumes);
        for (const auto& row : *containers) left.push_back("container " + row.name);
        for (const auto& row : *volumes) left.push_back("volume " + row.name);
        for (const auto& row : *networks) left.push_back("network " + row.name);
        for (const char* place : {"/d/apps/", "/d/mounts/", "/d/kept/"})
            if (fs::exists(directory_ + place + lease.hex().substr(2))) left.push_back(place);
        return left;
    }
    std::string cannot(const std::string&) const override { return ""; }

private:
    std::string directory_;
    std::string gateway_;
    std::atomic<std::uint64_t> ahead_{0};  ///< of the machine's clock, in seconds
    std::unique_ptr<adapters::podman::Driver> driver_;
};

}  // namespace

std::unique_ptr<ClusterUnderTest> make_podman_cluster() {
    return std::make_unique<PodmanCluster>();
}

}  // namespace grid::test
