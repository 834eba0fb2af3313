// Conformance of cluster drivers: names, endpoints, and what is out of reach. See cluster_conformance.hpp.
#include <fstream>
#include <iterator>
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

TEST_CASE("cluster: services lead to their workloads inside the lease, by name and port", "[cluster]") {
    const Tenant tenant;
    lease::Application application;
    application.workloads.push_back(workload(WorkloadKind::deployment, "store", script(serving("stored"))));
    application.services = {{"backend", "store", {{"http", 8080, 8080}, {"web", 80, 8080}}},
                            {"direct", "store", {{"http", 8080, 8080}}, true}};
    application.workloads.push_back(workload(WorkloadKind::deployment, "web", script(serving("front"))));
    add_entrance(application, "web");
    tenant.run(application);
    const auto fetch = [&](const std::string& url) {
        return tenant.shell("busybox timeout 3 wget -q -O - " + url, tenant.pod_of("web"));
    };
    const auto backend = "http://" + tenant.cluster.host_of(tenant.lease, "backend");
    CHECK(eventually([&] { return fetch(backend + ":8080/") == "stored\n"; }));
    CHECK(eventually([&] { return fetch(backend + "/") == "stored\n"; }));  // port 80 leads to 8080
    CHECK(fetch(backend + ":8081/").empty());
    if (not_shown(tenant.cluster, "names")) return;
    CHECK(eventually([&] { return fetch("http://direct:8080/") == "stored\n"; }));
    CHECK(fetch("http://nobody:8080/").empty());
}

TEST_CASE("cluster: a service leads UDP and TCP of the same port apart", "[cluster]") {
    const Tenant tenant;
    std::ifstream file(GRID_UDP_ANSWER, std::ios::binary);
    const std::string program((std::istreambuf_iterator<char>(file)), {});
    REQUIRE_FALSE(program.empty());
    auto server = script(serving("over TCP"), "names");
    server.ports = {{"dns", 5353, Protocol::udp}, {"http", 8080, Protocol::tcp}};
    auto answers = script("", "answers");
    answers.command = {"/opt/test/answer"};
    answers.files = {{"/opt/test", {{"answer", program}}, 0555}};
    lease::Application application;
    application.workloads.push_back(workload(WorkloadKind::deployment, "names", server));
    application.workloads[0].containers.push_back(answers);
    application.services = {
        {"names", "names", {{"dns", 53, 5353, Protocol::udp}, {"dns-tcp", 53, 8080, Protocol::tcp}}}};
    application.workloads.push_back(workload(WorkloadKind::deployment, "web", script(serving("front"))));
    add_entrance(application, "web");
    tenant.run(application);
    const auto host = tenant.cluster.host_of(tenant.lease, "names");
    const auto asked = [&](const std::string& command) {
        return tenant.shell("busybox timeout 5 " + command + " 2>&1", tenant.pod_of("web"));
    };
    CHECK(eventually([&] {
        return contains(asked("nslookup -type=a some.example " + host), "can't find some.example: NXDOMAIN");
    }));
    CHECK(eventually([&] { return asked("wget -q -O - http://" + host + ":53/") == "over TCP\n"; }));
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
