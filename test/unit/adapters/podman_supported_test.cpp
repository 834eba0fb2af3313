#include "adapters/podman/supported.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace grid;
using adapters::podman::check_supported;

namespace {

lease::Application plain() {
    lease::Container container;
    container.name = "c";
    container.image = "nginx";
    container.readiness = lease::Probe{};
    container.files = {{"/etc/a", {{"x/y", "z"}}, 0444}};
    container.scratch = {{"tmp", "/tmp"}};
    lease::Workload workload;
    workload.name = "web";
    workload.containers = {container};
    workload.init_containers = {container};
    workload.scratch = {{"tmp", 10}};
    lease::Application application;
    application.workloads = {workload};
    application.services = {{"web", "web", {{"dns", 53, 53, lease::Protocol::udp}}, true}};
    return application;
}

}  // namespace

TEST_CASE("podman runs deployments and pods") {
    auto application = plain();
    CHECK(check_supported(application));
    application.workloads[0].kind = lease::WorkloadKind::pod;
    CHECK(check_supported(application));
}

TEST_CASE("what podman cannot run yet is refused by name, not run otherwise") {
    using lease::Container;
    using lease::Workload;
    const auto container = [](std::function<void(Container&)> change) {
        return [change](lease::Application& a) { change(a.workloads[0].init_containers[0]); };
    };
    const auto workload = [](std::function<void(Workload&)> change) {
        return [change](lease::Application& a) { change(a.workloads[0]); };
    };
    const struct {
        const char* message;
        std::function<void(lease::Application&)> change;
    } rows[] = {
        {"StatefulSet/web: this provider's driver (podman) cannot run a StatefulSet yet",
         workload([](auto& w) { w.kind = lease::WorkloadKind::stateful_set; })},
        {"Job/web: this provider's driver (podman) cannot run a Job yet",
         workload([](auto& w) { w.kind = lease::WorkloadKind::job; })},
        {"CronJob/web: this provider's driver (podman) cannot run a CronJob yet",
         workload([](auto& w) { w.kind = lease::WorkloadKind::cron_job; })},
        {"Deployment/web: this provider's driver (podman) cannot run strategy Recreate yet",
         workload([](auto& w) { w.rollout.recreate = true; })},
        {"Deployment/web: this provider's driver (podman) cannot run imagePullSecrets yet",
         workload([](auto& w) {
             w.registry_logins = {{"ghcr.io", "u", "p"}};
         })},
        {"Deployment/web: this provider's driver (podman) cannot run an emptyDir in memory yet",
         workload([](auto& w) { w.scratch[0].in_memory = true; })},
        {"Deployment/web: this provider's driver (podman) cannot run variables with the pod's name",
         container([](auto& c) { c.late_expansion = true; })},
        {"Deployment/web: this provider's driver (podman) cannot run variables with the pod's name",
         container([](auto& c) {
             c.environment = {{"A", "", lease::EnvironmentVariable::Source::pod_address}};
         })},
        {"Deployment/web: this provider's driver (podman) cannot run GPUs yet",
         container([](auto& c) { c.gpus = 1; })},
        {"Deployment/web: this provider's driver (podman) cannot run persistent volumes yet",
         container([](auto& c) {
             c.claims = {{"d", "/d"}};
         })},
        {"Deployment/web: this provider's driver (podman) cannot run startup probes yet",
         container([](auto& c) { c.startup = lease::Probe{}; })},
        {"Deployment/web: this provider's driver (podman) cannot run lifecycle hooks yet",
         container([](auto& c) { c.pre_stop = lease::Hook{}; })},
        {"Deployment/web: this provider's driver (podman) cannot run a subPath of an emptyDir yet",
         container([](auto& c) { c.scratch[0].sub_path = "a"; })},
        {"Deployment/web: this provider's driver (podman) cannot run headers of probes yet",
         container([](auto& c) {
             c.readiness->headers = {{"Host", "x"}};
         })},
        {"PersistentVolumeClaim/d: this provider's driver (podman) has no persistent volumes yet",
         [](auto& a) {
             a.claims = {{"d", 1}};
         }},
    };
    for (const auto& row : rows) {
        auto application = plain();
        row.change(application);
        const auto refused = check_supported(application);
        INFO(row.message);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "unsupported");
        CHECK(refused.error().message.starts_with(row.message));
    }
}
