#include "lease/demand.hpp"

#include <catch2/catch.hpp>

#include "lease/manifest.hpp"

using namespace grid;

namespace {

constexpr chain::Resources kBought{2000, 2048, 4096, 0};

lease::Workload workload(lease::WorkloadKind kind, std::uint32_t replicas) {
    lease::Workload w;
    w.kind = kind;
    w.name = "w";
    w.replicas = replicas;
    lease::Container c;
    c.cpu_milli = 100;
    c.memory_mib = 64;
    c.storage_mib = 10;
    w.containers = {c, c};
    return w;
}

chain::Resources of(lease::Workload w) {
    lease::Application application;
    application.workloads = {std::move(w)};
    return lease::demand_of(application);
}

lease::ManifestLimits limits(chain::Resources bought) {
    lease::ManifestLimits l;
    l.bought = bought;
    return l;
}

std::string deployment(const std::string& strategy, int replicas) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec:\n  replicas: " +
           std::to_string(replicas) + "\n" + strategy +
           "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n"
           "      containers: [{name: c, image: c, resources: {limits: {cpu: 100m, memory: 64Mi}}}]\n";
}

std::string job(const std::string& spec) {
    return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n" + spec +
           "  template:\n    spec:\n      restartPolicy: Never\n"
           "      containers: [{name: c, image: c, resources: {limits: {cpu: 100m}}}]\n";
}

lease::Workload lowered(const std::string& yaml, const chain::Resources& bought = kBought) {
    const auto application = lease::lower_manifest(yaml, limits(bought));
    INFO((application ? "" : application.error().message));
    REQUIRE(application);
    return application->workloads.at(0);
}

}  // namespace

TEST_CASE("a pod needs the sum of its containers or its greatest init container, and its overhead") {
    auto w = workload(lease::WorkloadKind::deployment, 3);
    CHECK(of(w) == chain::Resources{600, 384, 60, 0});
    lease::Container init;
    init.cpu_milli = 500;
    init.memory_mib = 100;
    init.gpus = 1;
    w.init_containers = {init, init};
    CHECK(of(w) == chain::Resources{1500, 384, 60, 3});
    w.overhead_cpu_milli = 10;
    w.overhead_memory_mib = 5;
    CHECK(of(w) == chain::Resources{1530, 399, 60, 3});
}

TEST_CASE("surge counts where it was bought, runs of a cron job always") {
    auto w = workload(lease::WorkloadKind::deployment, 2);
    w.rollout.max_surge = 2;
    CHECK(lease::pods_at_once(w) == 2);
    w.rollout.surge_bought = true;
    CHECK(lease::pods_at_once(w) == 4);
    CHECK(of(w) == chain::Resources{800, 512, 80, 0});
    w.rollout.recreate = true;
    CHECK(lease::pods_at_once(w) == 2);
    w.rollout.recreate = false;
    w.replicas = 0;
    CHECK(lease::pods_at_once(w) == 0);  // stopped
    auto cron = workload(lease::WorkloadKind::cron_job, 3);
    cron.schedule.runs_at_once = 2;
    CHECK(lease::pods_at_once(cron) == 6);
    CHECK(lease::pods_at_once(workload(lease::WorkloadKind::job, 3)) == 3);
}

TEST_CASE("volumes are storage, those of a template for every replica") {
    auto w = workload(lease::WorkloadKind::stateful_set, 3);
    w.claim_templates = {{"data", 1000}, {"log", 1}};
    lease::Application application;
    application.workloads = {w};
    application.claims = {{"shared", 7}};
    CHECK(lease::demand_of(application).storage_mib == 3 * 20 + 3 * 1001 + 7);
}

TEST_CASE("sums do not wrap around") {
    auto w = workload(lease::WorkloadKind::deployment, 4);
    w.containers[0].cpu_milli = UINT64_MAX - 10;
    w.containers[1].memory_mib = UINT64_MAX / 2;
    CHECK(of(w).cpu_milli == UINT64_MAX);
    CHECK(of(w).memory_mib == UINT64_MAX);
}

TEST_CASE("numbers and percentages of a rolling update come out as Kubernetes has them") {
    const struct {
        const char* strategy;
        int replicas;
        std::uint32_t surge, unavailable;
        bool bought;
    } rows[] = {
        {"", 1, 1, 0, false},  // 25 %, surge rounded up, unavailable down
        {"", 4, 1, 1, false},
        {"", 10, 3, 2, false},
        {"", 0, 0, 0, false},
        {"  strategy: {type: RollingUpdate}\n", 5, 2, 1, false},
        {"  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n", 3, 1, 0, true},
        {"  strategy: {rollingUpdate: {maxSurge: 50%}}\n", 3, 2, 0, true},
        {"  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 50%}}\n", 3, 0, 1, false},
        {"  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 10%}}\n", 3, 0, 1, false},
        {"  strategy: {rollingUpdate: {maxSurge: '100%', maxUnavailable: 9}}\n", 3, 3, 3, true},
    };
    for (const auto& row : rows) {
        INFO(row.strategy << row.replicas << " replicas");
        const auto w = lowered(deployment(row.strategy, row.replicas));
        CHECK(w.rollout.max_surge == row.surge);
        CHECK(w.rollout.max_unavailable == row.unavailable);
        CHECK(w.rollout.surge_bought == row.bought);
    }
}

TEST_CASE("a surge that was asked for must have been bought, one by default not") {
    const auto bought = limits({300, 192, 0, 0});
    CHECK(lease::lower_manifest(deployment("", 3), bought));
    CHECK_FALSE(lease::lower_manifest(deployment("  strategy: {rollingUpdate: {maxSurge: 1}}\n", 3), bought));
    CHECK(lease::lower_manifest(deployment("  strategy: {rollingUpdate: {maxSurge: 1}}\n", 3),
                                limits({400, 256, 0, 0})));
}

TEST_CASE("the overhead of the runtime counts for every pod") {
    auto policy = limits({330, 222, 0, 0});
    policy.pod_overhead_cpu_milli = 10;
    policy.pod_overhead_memory_mib = 10;
    CHECK(lease::lower_manifest(deployment("", 3), policy));
    policy.bought.cpu_milli = 329;
    const auto refused = lease::lower_manifest(deployment("", 3), policy);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "asked for 330m of cpu (all pods at once), the order bought 329m");
}

TEST_CASE("a job runs as many pods at once as it has work for") {
    CHECK(lowered(job("")).replicas == 1);
    CHECK(lowered(job("")).completion.completions == 1);
    CHECK(lowered(job("  completions: 5\n")).replicas == 1);
    CHECK(lowered(job("  completions: 5\n  parallelism: 3\n")).replicas == 3);
    CHECK(lowered(job("  completions: 2\n  parallelism: 3\n")).replicas == 2);
    CHECK(lowered(job("  parallelism: 3\n")).replicas == 3);
    CHECK(lowered(job("  parallelism: 3\n")).completion.completions == 0);  // a queue of work
    CHECK(lowered(job("  parallelism: 0\n")).replicas == 0);
}

TEST_CASE("a pod needs its greatest init container or the sum of its containers, whichever is more") {
    const auto yaml = [](const char* init) {
        return std::string(
                   "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  initContainers:\n"
                   "  - {name: a, image: a, resources: {limits: {cpu: ") +
               init +
               "}}}\n  - {name: b, image: b, resources: {limits: {cpu: 1500m}}}\n  containers:\n"
               "  - {name: c, image: c, resources: {limits: {cpu: 600m}}}\n  - {name: d, image: d}\n";
    };
    const auto pod = lowered(yaml("2"));
    CHECK(pod.containers[1].cpu_milli == 1400);  // beside c; the init containers run before
    CHECK(pod.init_containers[0].cpu_milli == 2000);
    CHECK(pod.init_containers[1].cpu_milli == 1500);
    const auto refused = lease::lower_manifest(yaml("2001m"), limits(kBought));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "too_large");
}

TEST_CASE("exactly what was bought fits, and one unit more does not") {
    const auto yaml = [](const std::string& memory) {
        return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec:\n  replicas: 2\n"
               "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n  "
               "    containers:\n"
               "      - {name: c, image: c, resources: {limits: {cpu: 1, memory: " +
               memory + ", ephemeral-storage: 2Gi}}}\n";
    };
    CHECK(lease::lower_manifest(yaml("1Gi"), limits(kBought)));
    CHECK_FALSE(lease::lower_manifest(yaml("1025Mi"), limits(kBought)));
    CHECK_FALSE(lease::lower_manifest(yaml("1073741825"), limits(kBought)));  // a byte more is a MiB more
    CHECK_FALSE(lease::lower_manifest(yaml("1Gi"), limits({1999, 2048, 4096, 0})));
    CHECK_FALSE(lease::lower_manifest(yaml("1Gi"), limits({2000, 2048, 4095, 0})));
}

TEST_CASE("an order without storage runs what does not ask for any") {
    CHECK(
        lowered("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a}]}\n",
                {100, 64, 0, 0})
            .containers[0]
            .storage_mib == 0);
    CHECK_FALSE(lease::lower_manifest(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a}]}\n",
        limits({100, 3, 0, 0})));
}

TEST_CASE("a workload of no replicas costs nothing") {
    const auto none = lowered(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec:\n  replicas: 0\n"
        "  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      "
        "initContainers: "
        "[{name: i, image: i}]\n      containers: [{name: c, image: c, resources: {limits: {cpu: "
        "'18446744073709551'}}}, {name: d, "
        "image: d, resources: {limits: {cpu: '18446744073709551'}}}]\n");
    CHECK(none.replicas == 0);
}
