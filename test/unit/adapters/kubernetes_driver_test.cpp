// The Kubernetes driver against servers of any age and mood. Whole lives are lived in test/kubernetes.
#include "adapters/kubernetes/driver.hpp"

#include <catch2/catch.hpp>

#include "support/kubernetes_bench.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::test::kubernetes;
using adapters::KubernetesConfig;
using test::ScriptedServer;

namespace {

std::string target_of(const std::string& request) {
    return request.substr(0, request.find(" HTTP"));
}

/// What discovery asks a server of that minor version; empty: another request.
std::string discovery_answer(const std::string& target, const std::string& minor) {
    if (target == "GET /version") return R"({"minor":")" + minor + R"(","gitVersion":"v1.)" + minor + ".0\"}";
    if (target == "GET /api") return R"({"versions":[]})";
    if (target == "GET /apis") return R"({"groups":[]})";
    return {};
}

Discovery server_of(const std::string& minor) {
    Bench bench([&](std::size_t, const std::string& request) {
        return http(discovery_answer(target_of(request), minor));
    });
    return Discovery::ask(bench.api).value();
}

lease::Workload workload() {
    lease::Workload w;
    w.name = "web";
    w.containers.push_back({});
    w.containers[0].name = "web";
    w.containers[0].image = "docker.io/library/x:1";
    w.init_containers = w.containers;
    w.init_containers[0].name = "first";
    return w;
}

std::string list_of(const std::string& items) {
    return R"({"metadata":{"resourceVersion":"1"},"items":[)" + items + "]}";
}

}  // namespace

TEST_CASE("kubernetes: user namespaces are asked for where the server knows them") {
    KubernetesConfig config;
    for (const bool wanted : {true, false}) {
        config.user_namespaces = wanted;
        for (const auto& [minor, has] :
             {std::pair{"20", false}, {"29", false}, {"30", true}, {"34+", true}}) {
            CAPTURE(wanted, minor);
            const auto discovery = server_of(minor);
            std::vector<Planned> objects;
            const json::value pods = pod_template({config, discovery, {}}, "app", workload(), {}, objects);
            CHECK(object_at(pods, {"spec"}).contains("hostUsers") == (wanted && has));
        }
    }
}

TEST_CASE("kubernetes: init containers are as hard as the others") {
    const KubernetesConfig config;
    const auto discovery = server_of("20");
    std::vector<Planned> objects;
    const json::value pods = pod_template({config, discovery, {}}, "app", workload(), {}, objects);
    const auto& init = list_at(pods, {"spec", "initContainers"});
    const auto& others = list_at(pods, {"spec", "containers"});
    REQUIRE((init.size() == 1 && others.size() == 1));
    CHECK(object_at(init[0], {"securityContext"}) == object_at(others[0], {"securityContext"}));
    CHECK_FALSE(flag_at(init[0], {"securityContext", "allowPrivilegeEscalation"}, true));
}

TEST_CASE("kubernetes: no pod runs without policies, and no service account has a token") {
    KubernetesConfig config;
    config.egress = true;
    const auto discovery = server_of("34");  // this one told of no groups
    const PlanContext context{config, discovery, {}};
    const auto address = runtime::IpNetwork::parse("203.0.114.7").value();
    const auto network = runtime::IpNetwork::parse("2a05:d018::/56").value();
    const auto rails = guard_rails(context, {1000, 1024, 1024, 0}, {address, network});
    std::vector<std::string> names;
    for (const auto& one : rails) names.push_back(one.resource.kind + "/" + one.name());
    CHECK(names == std::vector<std::string>{"NetworkPolicy/grid-deny", "NetworkPolicy/grid-ingress",
                                            "NetworkPolicy/grid-egress", "ServiceAccount/grid",
                                            "ServiceAccount/default", "ResourceQuota/grid",
                                            "LimitRange/grid"});
    for (const auto& one : rails)
        if (one.resource == core::kServiceAccounts)
            CHECK_FALSE(flag_at(one.object, {"automountServiceAccountToken"}, true));
    const auto egress = json::serialize(rails[2].object);
    for (const char* denied : {"\"203.0.114.7/32\"", "\"2a05:d018::/56\"", "\"168.63.129.16/32\"",
                               "\"169.254.0.0/16\"", "\"100.64.0.0/10\""}) {
        CAPTURE(denied);
        CHECK(egress.find(denied) != std::string::npos);
    }
}

TEST_CASE("kubernetes: the cluster's own addresses are all found, or it is said that they are not") {
    const auto answer = [](const std::string& target) -> std::string {
        if (target.starts_with("GET /api/v1/nodes?"))
            return list_of(
                R"({"status":{"addresses":[{"type":"InternalIP","address":"10.1.1.1"},)"
                R"({"type":"ExternalIP","address":"203.0.114.1"},{"type":"Hostname","address":"n1"}]},)"
                R"("spec":{"podCIDR":"10.2.0.0/24","podCIDRs":["10.2.0.0/24","2a05:d018::/56"]}})");
        if (target.starts_with("GET /api/v1/services?"))
            return list_of(
                R"({"spec":{"externalIPs":["203.0.114.2"]},)"
                R"("status":{"loadBalancer":{"ingress":[{"ip":"203.0.114.3"},{"hostname":"h"}]}}})");
        if (target == "GET /api/v1/namespaces/default/endpoints/kubernetes")
            return R"({"subsets":[{"addresses":[{"ip":"203.0.114.4"}]}]})";
        return {};
    };
    Bench bench([&](std::size_t, const std::string& request) { return http(answer(target_of(request))); });
    const auto found = cluster_addresses(bench.api);
    REQUIRE(found);
    std::set<std::string> texts;
    for (const auto& one : *found) texts.insert(one.base.text() + "/" + std::to_string(one.prefix));
    CHECK(texts == std::set<std::string>{"10.1.1.1/32", "10.2.0.0/24", "127.0.0.1/32", "2a05:d018::/56",
                                         "203.0.114.1/32", "203.0.114.2/32", "203.0.114.3/32",
                                         "203.0.114.4/32"});
    for (const char* broken : {"nodes?", "services?", "endpoints/kubernetes"}) {
        CAPTURE(broken);
        Bench partly([&](std::size_t, const std::string& request) {
            const auto target = target_of(request);
            return target.find(broken) != std::string::npos ? http("oops", "500 X") : http(answer(target));
        });
        CHECK(cluster_addresses(partly.api).error().code == "server_error");
    }
}

TEST_CASE("kubernetes: pods count as the scheduler counts them, sidecars too") {
    const auto container = [](const char* cpu, const char* more = "") {
        return std::string(R"({"resources":{"requests":{"cpu":")") + cpu + "\"}}" + more + "}";
    };
    const auto pod_of = [](const std::string& init, const std::string& containers) {
        return R"({"metadata":{"namespace":"ours"},"spec":{"initContainers":[)" + init +
               R"(],"containers":[)" + containers + "]}}";
    };
    struct Row {
        std::string pod;
        std::uint64_t cpu_milli;
    };
    const char* sidecar = R"(,"restartPolicy":"Always")";
    const Row rows[] = {
        {pod_of("", container("100m") + "," + container("200m")), 300},
        {pod_of(container("1"), container("100m")), 1000},
        {pod_of(container("50m", sidecar), container("100m")), 150},
        {pod_of(container("50m", sidecar) + "," + container("400m"), container("100m")), 450},
        {pod_of(container("400m") + "," + container("50m", sidecar), container("100m")), 400},
    };
    KubernetesConfig config;
    config.total = messages::Resources{8000, 1, 1, 0};
    for (const auto& row : rows) {
        CAPTURE(row.pod);
        Bench bench([&](std::size_t, const std::string&) { return http(list_of(row.pod)); });
        const auto inventory =
            read_inventory(bench.api, config, [](const std::string& name) { return name == "ours"; });
        REQUIRE(inventory);
        CHECK(inventory->used.cpu_milli == row.cpu_milli);
    }
}

TEST_CASE("kubernetes: a namespace that was made in spite of the answer is used, not awaited") {
    const test::TemporaryDirectory directory;
    KubernetesConfig config;
    config.gateway_id = "g";
    config.data_dir = directory.path();
    config.request_timeout = milliseconds(10'000);
    const auto ownership = Ownership::open(config).value();
    const messages::Hash lease;
    const auto ours = json::serialize(namespace_object(config, ownership, lease));
    std::vector<std::string> seen;
    std::atomic<int> looks{0}, posts{0};
    ScriptedServer server([&](const std::string& request, int connection) {
        const auto target = target_of(request);
        auto answer = discovery_answer(target, "34");
        if (answer.empty()) seen.push_back(target);
        if (!answer.empty())
            answer = http(answer);
        else if (target.starts_with("GET /api/v1/namespaces/"))
            answer = looks++ == 0 ? http(status_body(404, "NotFound", "no"), "404 X") : http(ours);
        else if (target.starts_with("POST "))
            answer = posts++ == 0 ? http("", "504 Gateway Timeout")
                                  : http(status_body(409, "AlreadyExists", "it is there"), "409 X");
        else
            answer = http(status_body(500, "InternalError", "so far"), "500 X");
        ScriptedServer::send(connection, answer);
    });
    Driver driver(config, access_to(server.port()), ownership);
    lease::Application app;
    app.workloads.push_back(workload());
    app.workloads[0].kind = lease::WorkloadKind::pod;
    app.workloads[0].restart = lease::RestartPolicy::never;
    const auto outcome = driver.apply(lease, "app", app, {1000, 1024, 1024, 0});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == "cluster_unavailable");
    CHECK(outcome.error().message.find("so far") != std::string::npos);
    REQUIRE_FALSE(seen.empty());
    CHECK(seen.back().starts_with("PATCH /api/v1/namespaces/" + ownership.namespace_of(lease)));
    for (const auto& one : seen) CHECK(one.find("watch=true") == std::string::npos);
}
