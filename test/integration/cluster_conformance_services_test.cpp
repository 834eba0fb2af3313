// Conformance of cluster drivers: names, endpoints, and what is out of reach. See cluster_conformance.hpp.
#include <set>

#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::Protocol;
using lease::WorkloadKind;
using messages::Health;

TEST_CASE("cluster: every ready replica is an endpoint of its entrance", "[cluster]") {
    const Tenant tenant;
    auto application = web(script("busybox hostname >/tmp/index.html; " + std::string(kServeTmp)));
    application.workloads[0].replicas = 3;
    tenant.run(application);
    const auto seen = tenant.wait([](const auto& s) { return s.endpoints.size() == 3; });
    REQUIRE(seen.endpoints.size() == 3);
    std::set<std::string> pages;
    for (const auto& endpoint : seen.endpoints) {
        CHECK(endpoint.entrance == "web");
        pages.insert(tenant.cluster.ask(endpoint, "/"));
    }
    CHECK(pages.size() == 3);
    CHECK(seen.pods.size() == 3);
}

TEST_CASE("cluster: entrances lead to their workloads and ports", "[cluster]") {
    const Tenant tenant;
    auto application = web(script(serving("front")));
    application.workloads.push_back(workload(
        WorkloadKind::deployment, "admin",
        script("echo back >/tmp/index.html; trap 'kill $s; exit 0' TERM; httpd -f -p 9090 -h /tmp & s=$!; "
               "wait $s")));
    add_entrance(application, "admin", 9090);
    tenant.run(application);
    CHECK(tenant.wait([](const auto& s) { return s.endpoints.size() == 2; }).endpoints.size() == 2);
    CHECK(tenant.page("/", "web") == "front\n");
    CHECK(tenant.page("/", "admin") == "back\n");
}

TEST_CASE("cluster: services are names inside the lease", "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "names")) return;
    lease::Application application;
    application.workloads.push_back(workload(WorkloadKind::deployment, "store", script(serving("stored"))));
    application.services = {{"backend", "store", {{"http", 8080, 8080}, {"web", 80, 8080}}},
                            {"direct", "store", {{"http", 8080, 8080}}, true}};
    application.workloads.push_back(workload(WorkloadKind::deployment, "web", script(serving("front"))));
    add_entrance(application, "web");
    tenant.run(application);
    const auto fetch = [&](const std::string& url) {
        const auto pod = tenant.wait([](const auto& s) { return !s.endpoints.empty(); });
        std::string web_pod;
        for (const auto& one : pod.pods)
            if (one.workload == "web") web_pod = one.name;
        return tenant.shell("busybox timeout 3 wget -q -O - " + url, web_pod);
    };
    CHECK(eventually([&] { return fetch("http://backend:8080/") == "stored\n"; }));
    CHECK(eventually([&] { return fetch("http://direct:8080/") == "stored\n"; }));
    CHECK(eventually([&] { return fetch("http://backend/") == "stored\n"; }));  // port 80 leads to 8080
    CHECK(fetch("http://nobody:8080/").empty());
}

TEST_CASE("cluster: names of one lease are unknown in another", "[cluster]") {
    const Tenant tenant, neighbour("other");
    if (not_shown(tenant.cluster, "names")) return;
    neighbour.run(web(script(serving("private"))));
    auto application = web(script(serving("mine")));
    application.services = {{"mine", "web", {{"http", 8080, 8080}}}};
    application.entrances = {{"mine", "web", 8080}};
    tenant.run(application);
    CHECK(tenant.shell("busybox timeout 3 wget -q -O - http://mine:8080/") == "mine\n");
    CHECK(tenant.shell("busybox timeout 3 wget -q -O - http://web:8080/ 2>/dev/null").empty());
}

TEST_CASE("cluster: from inside a container host, private and metadata addresses do not answer",
          "[cluster]") {
    const Tenant tenant, neighbour("other");
    if (not_shown(tenant.cluster, "egress")) return;
    neighbour.run(web(script(serving("private"))));
    tenant.run(web(script(serving("mine"))));
    const auto other = neighbour.status().endpoints.at(0);
    const auto reached = tenant.shell(
        "gate=$(ip -4 addr show eth0 | grep inet | { read a b c; echo ${b%.*}.1; }); "
        "for to in $gate 169.254.169.254 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1; do "
        "for port in 22 80 443 8080; do nc -w 1 $to $port </dev/null 2>/dev/null && echo REACHED $to; done; "
        "done; "
        "busybox timeout 3 wget -q -O - http://" +
        other.address + ":8080/ 2>/dev/null; echo end");
    CHECK(reached == "end\n");
}
