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

TEST_CASE("podman runs every kind of workload") {
    auto application = plain();
    for (const auto kind : {lease::WorkloadKind::deployment, lease::WorkloadKind::pod,
                            lease::WorkloadKind::stateful_set, lease::WorkloadKind::job}) {
        application.workloads[0].kind = kind;
        CHECK(check_supported(application));
    }
    application.workloads[0].completion.completions = 100'000;
    CHECK(check_supported(application));
    application.workloads[0].kind = lease::WorkloadKind::cron_job;
    application.workloads[0].schedule.cron = "@hourly";
    CHECK(check_supported(application));
    application.workloads[0].schedule.cron = "every day";
    CHECK(check_supported(application).error().code == "bad_application");
}

TEST_CASE("what podman cannot run is refused by name, not run otherwise") {
    const struct {
        const char* message;
        std::function<void(lease::Application&)> change;
    } rows[] = {
        {"Deployment/web: this provider's driver (podman) cannot run GPUs",
         [](auto& a) { a.workloads[0].init_containers[0].gpus = 1; }},
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
