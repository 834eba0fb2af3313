// Conformance of cluster drivers: jobs and cron jobs. See cluster_conformance.hpp.
#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::RestartPolicy;
using lease::WorkloadKind;
using messages::Health;

namespace {

lease::Workload job(const std::string& name, const std::string& text, std::uint32_t completions = 1) {
    auto w = workload(WorkloadKind::job, name, script(text, "work"));
    w.restart = RestartPolicy::never;
    w.completion.completions = completions;
    return w;
}

lease::Application of(lease::Workload w) {
    lease::Application application;
    application.workloads.push_back(std::move(w));
    return application;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
    return n;
}

}  // namespace

TEST_CASE("cluster: a job runs its pods to the end, so many at once, and is not run again", "[cluster]") {
    const Tenant tenant;
    auto w = job("task", "echo begun; sleep 1; echo done", 3);
    w.replicas = 2;
    const auto application = of(w);
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(eventually([&] { return count(tenant.log(), "begun") == 2; }));
    CHECK(count(tenant.log(), "begun") <= 2 + count(tenant.log(), "done"));
    CHECK(eventually([&] { return tenant.has_event("Completed"); }));
    CHECK(tenant.wait(Health::ready).endpoints.empty());
    CHECK(count(tenant.log(), "done") == 3);
    REQUIRE(problem_of(tenant.apply(application)) == "");
    tenant.cluster.stop();
    tenant.cluster.begin();
    CHECK(tenant.wait(Health::ready).health == Health::ready);
    CHECK(count(tenant.log(), "begun") == 3);
    CHECK_FALSE(tenant.status().drifted);
}

TEST_CASE("cluster: a job fails after so many failed pods, with the reason", "[cluster]") {
    const Tenant tenant;
    auto w = job("task", "echo no such table; exit 3");
    w.completion.backoff_limit = 1;
    REQUIRE(problem_of(tenant.apply(of(w))) == "");
    const auto failed = tenant.wait(Health::failed);
    INFO(failed.reason);
    CHECK(failed.health == Health::failed);
    CHECK(contains(failed.reason, "BackoffLimitExceeded"));
    CHECK(contains(failed.reason, "3"));
    CHECK(contains(failed.reason, "no such table"));
    CHECK(count(tenant.log(), "no such table") == 2);
}

TEST_CASE("cluster: a job that takes longer than its deadline is ended", "[cluster]") {
    const Tenant tenant;
    auto w = job("task", "trap 'exit 0' TERM; while true; do sleep 0.1; done");
    w.completion.deadline = chain::Seconds{2};
    REQUIRE(problem_of(tenant.apply(of(w))) == "");
    const auto failed = tenant.wait(Health::failed);
    INFO(failed.reason);
    CHECK(contains(failed.reason, "DeadlineExceeded"));
    CHECK(tenant.wait([](const auto& s) { return s.pods.empty(); }).pods.empty());
}

TEST_CASE("cluster: a job's pod that failed is restarted in its place by on_failure, with its scratch",
          "[cluster]") {
    const Tenant tenant;
    auto w = job("task", "test -e /shared/second && { echo made it; exit 0; }; touch /shared/second; exit 1");
    w.restart = RestartPolicy::on_failure;
    w.scratch = {{"work", 8, false}};
    w.containers[0].scratch = {{"work", "/shared"}};
    REQUIRE(problem_of(tenant.apply(of(w))) == "");
    CHECK(eventually([&] { return contains(tenant.log(), "made it"); }));
    CHECK(eventually([&] { return tenant.has_event("Completed"); }));
    CHECK(tenant.status().health == Health::ready);
}

TEST_CASE("cluster: an update of the rest does not run a job again, one of the job does", "[cluster]") {
    const Tenant tenant;
    auto application = web(script(serving("one")));
    application.workloads.push_back(job("migrate", "echo migrated"));
    tenant.run(application);
    CHECK(eventually([&] { return tenant.has_event("Completed"); }));
    application.workloads[0] = web(script(serving("two"))).workloads[0];
    tenant.run(application);
    CHECK(tenant.answers("two\n"));
    CHECK(count(tenant.log("migrate"), "migrated") == 1);
    application.workloads[1] = job("migrate", "echo again migrated");
    tenant.run(application);
    CHECK(eventually([&] { return contains(tenant.log("migrate"), "again"); }));
    CHECK(tenant.page() == "two\n");
}

TEST_CASE("cluster: a cron job runs once for its minute, whoever looks and comes back", "[cluster]") {
    const Tenant tenant;
    auto w = job("tick", "echo ticked");
    w.kind = WorkloadKind::cron_job;
    w.schedule.cron = "* * * * *";
    const auto application = of(w);
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(tenant.wait(Health::ready).health == Health::ready);  // it waits
    CHECK(tenant.log().empty());
    tenant.cluster.pass_minute();
    CHECK(eventually([&] { return contains(tenant.log(), "ticked"); }));
    CHECK(eventually([&] { return tenant.has_event("Completed"); }));
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(count(tenant.log(), "ticked") == 1);
    tenant.cluster.stop();
    tenant.cluster.begin();
    REQUIRE(problem_of(tenant.apply(application)) == "");
    tenant.cluster.pass_minute();
    CHECK(eventually([&] { return count(tenant.log(), "ticked") >= 2; }));
    CHECK(count(tenant.log(), "ticked") == 2);
    CHECK_FALSE(tenant.status().drifted);
}

TEST_CASE("cluster: a cron job waits for its run before, or takes its place, as it is told", "[cluster]") {
    const Tenant patient("patient"), hasty("hasty");
    auto w = job("tick", "echo ticked; trap 'exit 0' TERM; while true; do sleep 0.1; done");
    w.kind = WorkloadKind::cron_job;
    w.schedule.cron = "* * * * *";
    w.schedule.concurrency = lease::Schedule::Concurrency::forbid;
    REQUIRE(problem_of(patient.apply(of(w))) == "");
    w.schedule.concurrency = lease::Schedule::Concurrency::replace;
    REQUIRE(problem_of(hasty.apply(of(w))) == "");
    const auto pod = [](const Tenant& tenant) {
        const auto seen = tenant.wait([](const auto& s) { return s.pods.size() == 1; });
        return seen.pods.empty() ? std::string() : seen.pods[0].name;
    };
    patient.cluster.pass_minute();
    CHECK(eventually([&] { return contains(patient.log(), "ticked") && contains(hasty.log(), "ticked"); }));
    const auto first = pod(hasty), stays = pod(patient);
    CHECK_FALSE(first.empty());
    patient.cluster.pass_minute();
    CHECK(eventually([&] {
        const auto now = pod(hasty);
        return !now.empty() && now != first;
    }));
    CHECK(pod(patient) == stays);
}
