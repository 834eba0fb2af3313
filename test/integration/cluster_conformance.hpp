// The conformance suite of cluster drivers: what every driver must do with the typed workload model, written
// against adapters/cluster_driver.hpp alone. It runs on the embedded Podman driver, or, when
// GRID_TEST_KUBECONFIG names a kubeconfig, on that Kubernetes cluster. A new driver is plugged in by one file
// beside cluster_podman.cpp.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/cluster_driver.hpp"

namespace grid::test {

/// A cluster, and a driver of it that can be taken away and made anew.
class ClusterUnderTest {
public:
    virtual ~ClusterUnderTest() = default;

    virtual std::string name() const = 0;
    virtual adapters::ClusterDriver& driver() = 0;
    /// Ends the driver; applications run on.
    virtual void stop() = 0;
    /// Another driver of the same gateway on the same cluster.
    virtual void begin() = 0;
    /// What the driver that begins next sells: whether public addresses may be reached.
    bool egress_sold = false;
    /// What a second process needs in its environment to make its own driver of this gateway.
    virtual std::map<std::string, std::string> victim_environment() const = 0;

    /// An image that the cluster has: busybox with links to its usual tools, "/bin/serve" and /www as
    /// tools/build_sample_image makes it.
    virtual std::string image() const = 0;
    /// A GET from where the gateway stands; the body, or the error in words.
    virtual std::string ask(const messages::Endpoint& endpoint, const std::string& target) const;
    /// What containers of the lease call a service: its name, or its address where there are no names.
    virtual std::string host_of(const messages::Hash& lease, const std::string& service) = 0;
    /// So long a condition is waited for before a test gives up.
    virtual std::chrono::seconds patience() const = 0;
    /// Lets the clock of cron jobs reach its next full minute (and two seconds): at once, or by waiting.
    virtual void pass_minute() = 0;
    /// What the cluster still has of a lease, by name.
    virtual std::vector<std::string> left_of(const messages::Hash& lease) = 0;
    /// Why this cluster (not its driver) cannot show something: "egress" (rules are not enforced), "names"
    /// (there is no DNS), "volumes" (nobody provisions them), "volume sizes" (are not enforced), "end of
    /// input" (of a command). Empty: it can.
    virtual std::string cannot(const std::string& what) const = 0;
};

/// Made at first use, gone before main returns. The environment chooses: GRID_TEST_KUBECONFIG, else Podman.
ClusterUnderTest& cluster_under_test();
bool victim_of_a_test();

std::unique_ptr<ClusterUnderTest> make_podman_cluster();
std::unique_ptr<ClusterUnderTest> make_kubernetes_cluster(const std::string& kubeconfig);

/// One application on the cluster under test, in a lease of its own; all of the lease is removed at the end.
class Tenant {
public:
    explicit Tenant(std::string app = "app");
    ~Tenant();
    Tenant(const Tenant&) = delete;

    ClusterUnderTest& cluster;
    const messages::Hash lease;
    const std::string app;

    Result<messages::AppStatus> apply(const lease::Application& application) const;
    /// Applies and waits until it is ready.
    messages::AppStatus run(const lease::Application& application) const;
    messages::AppStatus status() const;
    /// Waits for a condition of the status; answers the last one, whether it came or not.
    messages::AppStatus wait(const std::function<bool(const messages::AppStatus&)>& until) const;
    messages::AppStatus wait(messages::Health health) const;
    /// The first pod of a workload; empty when it has none.
    std::string pod_of(const std::string& workload) const;
    /// The page of the first endpoint (of this entrance).
    std::string page(const std::string& target = "/", const std::string& entrance = {}) const;
    /// Waits until the first endpoint answers so.
    bool answers(const std::string& text, const std::string& target = "/") const;

    struct Ran {
        int code = -1;
        std::string out, err;
    };
    /// Runs a command to its end.
    Ran execute(const std::vector<std::string>& command, const std::string& pod = {},
                const std::string& container = {}, const std::string& input = {}) const;
    /// The standard output of a shell script in a container.
    std::string shell(const std::string& script, const std::string& pod = {},
                      const std::string& container = {}) const;
    std::string log(const std::string& workload = {}, std::uint32_t tail = 10'000,
                    bool previous = false) const;
    bool has_event(const std::string& reason) const;
    void remove() const;
    /// Follows the log, removes the application when this was said, and gives all that was said until its
    /// end.
    std::string log_of_removal(const std::string& once_said) const;
};

/// Waits for any condition.
bool eventually(const std::function<bool()>& condition);

/// Empty when it went well: what a failed check shows.
template <class T>
std::string problem_of(const Result<T>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

bool contains(const std::string& text, const std::string& part);

/// A small container that runs this script.
lease::Container script(const std::string& text, const std::string& name = "web");
/// Its files are served on port 8080 until it is told to end.
inline constexpr char kServeTmp[] = "trap 'kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & s=$!; wait $s";
/// A script that serves this as its page.
std::string serving(const std::string& text);
lease::Workload workload(lease::WorkloadKind kind, const std::string& name, lease::Container container);
/// A deployment "web" with a service and an entrance at port 8080.
lease::Application web(lease::Container container);
void add_entrance(lease::Application& application, const std::string& workload, std::uint16_t port = 8080);

/// Says in the test's output what is not shown here and why; true when it cannot be shown.
bool not_shown(const ClusterUnderTest& cluster, const std::string& what);

}  // namespace grid::test
