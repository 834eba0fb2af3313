// The Kubernetes driver on a real API server whose pods are played: see control-plane.sh.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "adapters/kubernetes.hpp"
#include "adapters/kubernetes/driver.hpp"
#include "messages/error.hpp"
#include "test/kubernetes/cluster.hpp"

namespace grid::test {

using adapters::KubernetesConfig;
using messages::AppStatus;
using messages::Hash;
using messages::Health;
using messages::Resources;

inline Hash lease_number(unsigned n) {
    Hash h;
    h.bytes[0] = 0xab;
    h.bytes[31] = static_cast<std::uint8_t>(n);
    h.bytes[5] = static_cast<std::uint8_t>(n);
    return h;
}

/// Plays the kubelets: every pod of leases is given an address and runs, unless a test says otherwise.
class Kubelets {
public:
    /// What becomes of a pod: its status, from the name of its workload; empty: left alone.
    using Play = std::function<json::object(const std::string& workload, const json::value& pod)>;

    explicit Kubelets(const Access& access) : api_(access, {}, stop_) {
        thread_ = std::thread([this] { run(); });
    }
    ~Kubelets() {
        stop_.stop();
        thread_.join();
    }
    Kubelets(const Kubelets&) = delete;
    Kubelets& operator=(const Kubelets&) = delete;

    /// For pods of this workload from now on (also those that are there).
    void play(const std::string& workload, Play play) {
        const std::lock_guard lock(mutex_);
        plays_[workload] = std::move(play);
        played_.clear();
    }

    static json::object running(const json::value& pod, const std::string& address) {
        json::array containers;
        for (const auto& c : list_at(pod, {"spec", "containers"}))
            containers.push_back(json::object{
                {"name", text_at(c, {"name"})},
                {"image", text_at(c, {"image"})},
                {"imageID", "x"},
                {"ready", true},
                {"restartCount", 0},
                {"state", json::object{{"running", json::object{{"startedAt", "2026-11-28T06:00:00Z"}}}}}});
        return {{"phase", "Running"},
                {"podIP", address},
                {"podIPs", json::array{json::object{{"ip", address}}}},
                {"conditions", json::array{condition("Ready", "True"), condition("ContainersReady", "True"),
                                           condition("PodScheduled", "True")}},
                {"containerStatuses", std::move(containers)}};
    }
    /// One container in this state; the rest as it comes.
    static json::object with_container(const json::value& pod, json::object state, json::object last = {},
                                       int restarts = 0, const std::string& address = "198.51.100.9") {
        auto status = running(pod, address);
        status["conditions"] = json::array{condition("Ready", "False"), condition("PodScheduled", "True")};
        auto& container = status["containerStatuses"].as_array()[0].as_object();
        container["ready"] = false;
        container["restartCount"] = restarts;
        container["state"] = std::move(state);
        if (!last.empty()) container["lastState"] = std::move(last);
        return status;
    }
    static json::object condition(const char* type, const char* status) {
        return {{"type", type}, {"status", status}, {"lastTransitionTime", "2026-11-28T06:00:00Z"}};
    }

private:
    void run() {
        Mirror mirror(api_, core::kPods, "", {});
        (void)mirror.run(Deadline::max(), std::chrono::seconds(1), stop_, [&](const Mirror::Objects& pods) {
            for (const auto& [key, pod] : pods) one(pod);
            return true;
        });
    }
    void one(const json::value& pod) {
        const auto workload = text_at(pod, {"metadata", "labels", label::kWorkload});
        if (workload.empty()) return;
        const auto name_space = text_at(pod, {"metadata", "namespace"});
        const auto name = text_at(pod, {"metadata", "name"});
        // No scheduler gave it a node, so nobody has to confirm its end.
        if (!text_at(pod, {"metadata", "deletionTimestamp"}).empty()) return;
        json::object status;
        {
            const std::lock_guard lock(mutex_);
            if (!played_.insert(text_at(pod, {"metadata", "uid"})).second) return;
            const auto play = plays_.find(workload);
            status = play != plays_.end() ? play->second(workload, pod)
                                          : running(pod, "198.51.100." + std::to_string(1 + next_++ % 250));
        }
        if (status.empty()) return;
        (void)api_.merge(core::kPods.path(name_space, name, "status"), {{"status", std::move(status)}});
    }

    Stop stop_;
    Api api_;
    std::mutex mutex_;
    std::map<std::string, Play> plays_;
    std::set<std::string> played_;
    unsigned next_ = 0;
    std::thread thread_;
};

/// One control plane for the whole program.
class World {
public:
    World() : cluster_("control-plane"), kubelets_(cluster_.access()), api_(cluster_.access(), {}, stop_) {}

    static World& get() {
        if (!current()) current() = std::make_unique<World>();
        return *current();
    }
    static std::unique_ptr<World>& current() {
        static std::unique_ptr<World> world;
        return world;
    }

    KubernetesConfig config(const std::string& gateway) const {
        KubernetesConfig c;
        c.gateway_id = gateway;
        c.data_dir = cluster_.scratch() + "/" + gateway;
        c.kubeconfig = cluster_.kubeconfig();
        c.storage_classes = {"fast"};
        c.egress = true;
        c.gateway_networks = {runtime::IpNetwork::parse("192.0.2.0/24").value()};
        c.start_timeout = std::chrono::seconds(30);
        c.ready_timeout = std::chrono::seconds(30);
        c.remove_timeout = std::chrono::seconds(120);
        c.restart_limit = 2;
        return c;
    }
    std::shared_ptr<Driver> driver(const KubernetesConfig& config) const {
        const auto access = read_kubeconfig(config.kubeconfig, config.context).value();
        return std::make_shared<Driver>(config, access, Ownership::open(config).value());
    }
    std::shared_ptr<Driver> driver(const std::string& gateway = "g1") const {
        return driver(config(gateway));
    }

    const Cluster& cluster() const { return cluster_; }
    Kubelets& kubelets() { return kubelets_; }
    Api& api() { return api_; }

    std::vector<json::value> objects(const Resource& resource, const std::string& name_space) {
        return api_.list(resource, name_space).value().items;
    }
    bool has(const Resource& resource, const std::string& name_space, const std::string& name) {
        return api_.get(resource, name_space, name).has_value();
    }
    static std::string namespace_of(const std::string& gateway, const Hash& lease) {
        return "grid-" + gateway + "-" + lease_digits(lease).substr(0, 12);
    }

private:
    Cluster cluster_;
    Kubelets kubelets_;
    Stop stop_;
    Api api_;
};

inline lease::Container web_container(const std::string& name = "web") {
    lease::Container c;
    c.name = name;
    c.image = "localhost/grid-sample:1";
    c.cpu_milli = 100;
    c.memory_mib = 32;
    c.storage_mib = 16;
    c.pull_always = false;
    return c;
}

inline lease::Workload workload_of(const std::string& name, lease::WorkloadKind kind) {
    lease::Workload w;
    w.kind = kind;
    w.name = name;
    w.containers.push_back(web_container());
    w.termination_grace_s = 1;
    if (kind == lease::WorkloadKind::job || kind == lease::WorkloadKind::cron_job)
        w.restart = lease::RestartPolicy::never;
    return w;
}

inline lease::Application web_app(const std::string& name = "web", std::uint32_t replicas = 1) {
    lease::Application app;
    app.workloads.push_back(workload_of(name, lease::WorkloadKind::deployment));
    app.workloads[0].replicas = replicas;
    app.services.push_back({name, name, {{"http", 80, 8080}}});
    app.entrances.push_back({name, name, 8080});
    return app;
}

inline constexpr Resources kBought{4000, 4096, 8192, 0};

inline const Resource kDeployments{"apps/v1", "deployments", "Deployment", true};
inline const Resource kStatefulSets{"apps/v1", "statefulsets", "StatefulSet", true};
inline const Resource kJobs{"batch/v1", "jobs", "Job", true};
inline const Resource kCronJobs{"batch/v1beta1", "cronjobs", "CronJob", true};
inline const Resource kPolicies{"networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", true};

}  // namespace grid::test
