// Jobs of the Kubernetes driver on a real API server, with played pods.
#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;

TEST_CASE("kubernetes: a job that fails is told with its reason and the last words of its pod") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(41);
    world.kubelets().play("failing", [](const std::string&, const json::value& pod) {
        auto status = Kubelets::with_container(
            pod, {{"terminated",
                   json::object{{"exitCode", 3}, {"reason", "Error"}, {"message", "no such table\n"}}}});
        status["phase"] = "Failed";
        return status;
    });
    world.kubelets().play("late", [](const std::string&, const json::value& pod) {
        return Kubelets::running(pod, "198.51.100.40");
    });
    const auto reason_of = [&](const char* app, const lease::Workload& job) {
        lease::Application application;
        application.workloads.push_back(job);
        CHECK(problem(driver->apply(lease, app, application, kBought)) == "");
        AppStatus seen;
        CHECK(eventually([&] { return (seen = driver->status(lease, app)).health == Health::failed; }));
        return seen.reason;
    };
    auto failing = workload_of("failing", lease::WorkloadKind::job);
    failing.restart = lease::RestartPolicy::never;
    failing.completion.completions = 1;
    failing.completion.backoff_limit = 0;
    CHECK(reason_of("one", failing) ==
          "the job failed (BackoffLimitExceeded): Job has reached the specified backoff limit; container web "
          "ended with exit code 3: no such table");
    auto late = workload_of("late", lease::WorkloadKind::job);
    late.restart = lease::RestartPolicy::never;
    late.completion.deadline = chain::Seconds{1};
    CHECK(reason_of("two", late) ==
          "the job failed (DeadlineExceeded): Job was active longer than specified deadline");
    CHECK(problem(driver->remove(lease, "")) == "");
}
