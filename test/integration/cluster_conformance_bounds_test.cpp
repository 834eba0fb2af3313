// Conformance of cluster drivers: what an application cannot have, and how an update is bounded. See
// cluster_conformance.hpp.
#include <algorithm>
#include <atomic>
#include <future>

#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::Probe;
using messages::Health;

namespace {

/// Three pods, each of which notes its begin and its end on a volume that they share.
lease::Application three(const std::string& text, std::uint32_t surge, std::uint32_t unavailable) {
    auto c = script(
        "echo + >>/shared/runs; trap 'echo - >>/shared/runs; kill $s; exit 0' TERM; sleep 0.5; echo '" +
        text + "' >/tmp/index.html; httpd -f -p 8080 -h /tmp & s=$!; wait $s");
    c.claims = {{"shared", "/shared"}};
    auto application = web(c);
    application.claims = {{"shared", 8, ""}};
    application.workloads[0].replicas = 3;
    application.workloads[0].termination_grace_s = 5;
    application.workloads[0].rollout.max_surge = surge;
    application.workloads[0].rollout.max_unavailable = unavailable;
    return application;
}

/// What was seen of three pods while others took their place.
struct Seen {
    int most = 3, fewest = 3;  ///< that ran at once, as they noted it
    std::size_t fewest_endpoints = 3;
};

/// Applies, and looks at the application all the time until the new version alone is left.
Seen watched_update(const Tenant& tenant, const lease::Application& application) {
    CHECK(tenant.shell("echo -n >/shared/runs; wc -c </shared/runs") == "0\n");
    std::atomic<bool> done{false};
    auto watching = std::async(std::launch::async, [&] {
        std::size_t fewest = 3;
        while (!done) {
            const auto status = tenant.status();
            if (status.health != Health::unknown) fewest = std::min(fewest, status.endpoints.size());
        }
        return fewest;
    });
    CHECK(problem_of(tenant.apply(application)) == "");
    std::string runs;
    CHECK(eventually([&] {
        runs = tenant.shell("cat /shared/runs");
        return runs.find_first_not_of("+-\n") == std::string::npos &&
               std::count(runs.begin(), runs.end(), '-') == 3;
    }));
    tenant.wait([](const auto& s) { return s.pods.size() == 3 && s.endpoints.size() == 3; });
    done = true;
    INFO(runs);
    CHECK(std::count(runs.begin(), runs.end(), '+') == 3);
    Seen seen;
    seen.fewest_endpoints = watching.get();
    int now = 3;
    for (const char c : runs) {
        now += c == '+' ? 1 : c == '-' ? -1 : 0;
        seen.most = std::max(seen.most, now);
        seen.fewest = std::min(seen.fewest, now);
    }
    return seen;
}

/// Fails its readiness for ever.
lease::Container never_ready() {
    auto c = script(serving("never"));
    c.readiness = Probe{Probe::Kind::exec, "", 0, {"/bin/false"}, 0, 1, 1, 1, 1};
    return c;
}

}  // namespace

TEST_CASE("cluster: an update never runs more pods than its surge allows, nor fewer than may be missing",
          "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes")) return;
    tenant.run(three("one", 1, 0));
    tenant.wait([](const auto& s) { return s.endpoints.size() == 3; });

    const auto surging = watched_update(tenant, three("two", 1, 0));
    CHECK(surging.most == 4);
    CHECK(surging.fewest == 3);
    CHECK(surging.fewest_endpoints == 3);
    CHECK(tenant.page() == "two\n");

    const auto swapping = watched_update(tenant, three("three", 0, 1));
    CHECK(swapping.most == 3);
    CHECK(swapping.fewest == 2);
    CHECK(swapping.fewest_endpoints >= 2);
    CHECK(tenant.page() == "three\n");
}

TEST_CASE("cluster: what is never ready gets no visitors, and does not replace what is", "[cluster]") {
    const Tenant fresh("fresh"), tenant;
    REQUIRE(problem_of(fresh.apply(web(never_ready()))) == "");
    const auto seen = fresh.wait([](const auto& s) { return contains(s.reason, "ready"); });
    INFO(seen.reason);
    CHECK(seen.health == Health::starting);
    CHECK(contains(seen.reason, "web"));
    CHECK(contains(seen.reason, "ready"));
    CHECK(seen.endpoints.empty());

    tenant.run(web(script(serving("one"))));
    const auto applied = tenant.apply(web(never_ready()));
    REQUIRE_FALSE(applied);
    INFO(applied.error().message);
    CHECK(applied.error().code == "failed_to_start");
    CHECK(contains(applied.error().message, "not ready within"));
    CHECK(tenant.wait([](const auto& s) { return s.pods.size() == 1; }).endpoints.size() == 1);
    CHECK(tenant.page() == "one\n");
    CHECK_FALSE(tenant.status().drifted);
}

TEST_CASE("cluster: what asks for more than there is is refused with the reason, and leaves nothing",
          "[cluster]") {
    const Tenant tenant;
    const auto inventory = tenant.cluster.driver().inventory();
    REQUIRE(problem_of(inventory) == "");
    const auto huge = [&](std::uint64_t memory_mib) {
        auto application = web(script(serving("huge")));
        application.workloads[0].containers[0].memory_mib = memory_mib;
        return tenant.cluster.driver().apply(tenant.lease, tenant.app, application,
                                             {8000, memory_mib, 16384, 0});
    };
    const auto applied = huge(inventory->total.memory_mib + 100'000);
    REQUIRE_FALSE(applied);
    INFO(applied.error().message);
    CHECK(applied.error().code == "failed_to_start");
    CHECK(contains(applied.error().message, "memory"));
    CHECK(tenant.wait(Health::absent).health == Health::absent);
    CHECK(tenant.status().pods.empty());

    // The old version stays where the new one has no room.
    tenant.run(web(script(serving("one"))));
    CHECK_FALSE(huge(inventory->total.memory_mib + 100'000));
    CHECK(tenant.answers("one\n"));
    CHECK(tenant.wait([](const auto& s) { return s.pods.size() == 1; }).health == Health::ready);

    // More than the order has is not even tried.
    auto application = web(script(serving("dear")));
    application.workloads[0].containers[0].cpu_milli = 5000;
    const auto dear =
        tenant.cluster.driver().apply(tenant.lease, tenant.app, application, {4000, 8192, 16384, 0});
    REQUIRE_FALSE(dear);
    CHECK(contains(dear.error().message, "5000 millicores, the order has 4000"));
    CHECK(tenant.page() == "one\n");
}

TEST_CASE("cluster: an image that no registry has is told; an update to it leaves the old version",
          "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("one"))));
    auto c = script(serving("never"));
    c.image = "registry.invalid/no/such:1";
    c.pull_always = true;
    const auto applied = tenant.apply(web(c));
    REQUIRE_FALSE(applied);
    INFO(applied.error().message);
    CHECK(applied.error().code == "image_unavailable");
    CHECK(contains(applied.error().message, "registry.invalid/no/such:1"));
    CHECK(tenant.wait([](const auto& s) { return s.pods.size() == 1; }).health == Health::ready);
    CHECK(tenant.page() == "one\n");
    CHECK_FALSE(tenant.status().drifted);
}
