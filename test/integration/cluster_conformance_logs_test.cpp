// Conformance of cluster drivers: what applications print, and what is told about them. See
// cluster_conformance.hpp.
#include <algorithm>
#include <thread>

#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;

TEST_CASE("cluster: logs come from the end and follow what is new until the application goes", "[cluster]") {
    const Tenant tenant;
    tenant.run(
        web(script("for i in 1 2 3 4 5; do echo old-$i; done; echo bad >&2; echo 'ok' >/tmp/index.html; "
                   "httpd -p 8080 -h /tmp; n=0; trap 'exit 0' TERM; "
                   "while true; do echo new-$n; n=$((n+1)); sleep 0.2; done")));
    CHECK(eventually([&] { return contains(tenant.log(), "new-0"); }));
    const auto all = tenant.log();
    CHECK(contains(all, "old-1\n"));
    CHECK(contains(all, "bad\n"));
    CHECK_FALSE(contains(tenant.log("", 1), "old-"));
    CHECK(tenant.log("no-such-workload").empty());
    std::string followed;
    std::size_t pieces = 0;
    std::thread reader([&] {
        tenant.cluster.driver().logs(
            {tenant.lease, tenant.app, "web", true, 1, false},
            [&](const std::string&, const std::string& piece) {
                followed += piece;
                return ++pieces < 5;  // the reader has enough
            },
            [] { return true; });
    });
    reader.join();
    CHECK(pieces == 5);
    CHECK_FALSE(contains(followed, "old-"));
    std::thread last([&] {
        tenant.cluster.driver().logs(
            {tenant.lease, tenant.app, "web", true, 1, false},
            [](const std::string&, const std::string&) { return true; }, [] { return true; });
    });
    tenant.remove();
    last.join();  // ends with the application
}

TEST_CASE(
    "cluster: what was printed by pods that an update or fewer replicas took away is kept, also over "
    "a restart of the driver, until the application goes",
    "[cluster]") {
    const Tenant tenant;
    const auto saying = [](const std::string& words) {
        return "echo " + words + " on $HOSTNAME; " + serving(words);
    };
    auto application = web(script(saying("one")));
    application.workloads[0].replicas = 2;
    tenant.run(application);
    CHECK(eventually([&] { return contains(tenant.log(), "one on"); }));
    application.workloads[0].replicas = 1;
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(tenant.wait([](const auto& s) { return s.pods.size() == 1; }).pods.size() == 1);
    const auto times = [&](const std::string& words) {
        const auto text = tenant.log();
        std::size_t n = 0;
        for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++n;
        return n;
    };
    CHECK(eventually([&] { return times("one on") == 2; }));
    application.workloads[0].containers[0] = script(saying("two"));
    tenant.run(application);
    CHECK(eventually([&] { return times("one on") == 2 && times("two on") == 1; }));
    CHECK(tenant.log("no-such-workload").empty());
    ++application.revision;  // a restart
    tenant.run(application);
    CHECK(eventually([&] { return times("two on") == 2; }));
    // What a pod prints is kept when it has gone, for which Kubernetes gives it some time.
    CHECK(eventually([&] { return times(", ended ") == 3; }));

    tenant.cluster.stop();
    tenant.cluster.begin();
    CHECK(eventually([&] { return times("one on") == 2 && times("two on") == 2; }));
    tenant.remove();
    CHECK(tenant.log().empty());
}

TEST_CASE("cluster: of the time before the last restart the last run alone is shown", "[cluster]") {
    const Tenant tenant;
    auto c =
        script("read n </count/n; n=$((n+1)); echo $n >/count/n; echo run-$n; test $n -lt 3 && exit 1; " +
               serving("up"));
    c.scratch = {{"count", "/count", false}};
    auto application = web(c);
    application.workloads[0].scratch = {{"count", 0, false}};
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(tenant.answers("up\n"));
    CHECK(tenant.log("", 100, true) == "run-2\n");
    CHECK(contains(tenant.log(), "run-3\n"));

    // It is known after a restart of the driver, too.
    tenant.cluster.stop();
    tenant.cluster.begin();
    CHECK(tenant.log("", 100, true) == "run-2\n");
}

TEST_CASE("cluster: events tell what happened", "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("ok"))));
    const auto events = tenant.cluster.driver().events(tenant.lease, tenant.app);
    REQUIRE(events);
    CHECK_FALSE(events->empty());
    CHECK(tenant.has_event("Started"));
    for (const auto& event : *events) {
        CHECK(event.time.seconds > 1'600'000'000);
        CHECK_FALSE(event.message.empty());
    }
    tenant.cluster.stop();
    tenant.cluster.begin();
    const auto after = tenant.cluster.driver().events(tenant.lease, tenant.app);
    REQUIRE(problem_of(after) == "");
    REQUIRE(after->size() >= events->size());
    CHECK(std::equal(events->begin(), events->end(), after->begin()));
    tenant.remove();
    const auto gone = tenant.cluster.driver().events(tenant.lease, tenant.app);
    REQUIRE(problem_of(gone) == "");
    CHECK(gone->empty());
}
