// config/kubernetes/rbac.yaml is enough, and the driver says what is missing.
#include "lease/standard_base64.hpp"
#include "lease/yaml.hpp"
#include "support/file_content.hpp"
#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;

namespace {

json::value to_json(const lease::YamlNode& node) {
    using Kind = lease::YamlNode::Kind;
    switch (node.kind) {
        case Kind::null:
            return nullptr;
        case Kind::scalar:
            return json::value(node.text);
        case Kind::sequence: {
            json::array out;
            for (const auto& item : node.items) out.push_back(to_json(item));
            return out;
        }
        case Kind::mapping: {
            json::object out;
            for (std::size_t i = 0; i < node.keys.size(); ++i) out[node.keys[i]] = to_json(node.items[i]);
            return out;
        }
    }
    return nullptr;
}

const Resource kClusterRoles{"rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", false};
const Resource kBindings{"rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", false};

/// The access of the service account that the file makes.
Access gateway_access(World& world) {
    const auto text = file_content(std::string(GRID_SOURCE_DIR) + "/config/kubernetes/rbac.yaml");
    const auto documents = lease::parse_yaml(text);
    REQUIRE(documents);
    for (const auto& document : *documents) {
        const auto object = to_json(document).as_object();
        const auto kind = text_at(object, {"kind"});
        const auto resource = kind == "Namespace"        ? core::kNamespaces
                              : kind == "ServiceAccount" ? core::kServiceAccounts
                              : kind == "ClusterRole"    ? kClusterRoles
                                                         : kBindings;
        REQUIRE(problem(world.api().apply(resource, "grid-system", object)) == "");
    }
    auto access = world.cluster().access();
    REQUIRE(eventually([&] {
        for (const auto& secret : world.objects(core::kSecrets, "grid-system"))
            if (text_at(secret, {"metadata", "name"}).starts_with("gateway-token-"))
                access.token = lease::decode_standard_base64(text_at(secret, {"data", "token"})).value_or("");
        return access.token != world.cluster().access().token && !access.token.empty();
    }));
    return access;
}

}  // namespace

TEST_CASE("kubernetes: the rights of config/kubernetes are enough for a whole life, and no more") {
    auto& world = World::get();
    const auto access = gateway_access(world);
    const auto config = world.config("rights");
    Driver driver(config, access, Ownership::open(config).value());
    std::string missing;
    REQUIRE(eventually([&] {  // the API server learns of a binding a moment later
        for (const auto& one : driver.probe())
            if (one.name == "rights") {
                missing = one.detail;
                return one.enforced;
            }
        return false;
    }));
    INFO(missing);
    const auto lease = lease_number(40);
    auto app = web_app();
    app.workloads.push_back(workload_of("db", lease::WorkloadKind::stateful_set));
    app.workloads.push_back(workload_of("once", lease::WorkloadKind::job));
    app.workloads.push_back(workload_of("daily", lease::WorkloadKind::cron_job));
    app.workloads[3].schedule.cron = "@daily";
    app.claims = {{"data", 16, ""}};
    REQUIRE(problem(driver.apply(lease, "app", app, kBought)) == "");
    CHECK(eventually([&] { return driver.status(lease, "app").health == Health::ready; }));
    CHECK(problem(driver.events(lease, "app")) == "");
    CHECK(problem(driver.inventory()) == "");
    REQUIRE(problem(driver.apply(lease, "app", web_app(), kBought)) == "");
    CHECK(driver.list()->size() == 1);
    CHECK(problem(driver.collect({lease})) == "");
    CHECK(problem(driver.remove(lease, "app")) == "");
    CHECK(problem(driver.remove(lease, "")) == "");
    // Nothing beyond.
    Stop stop;
    Api api(access, {}, stop);
    CHECK(api.get(kClusterRoles.path("")).error().code == "forbidden");
    CHECK(api.merge(core::kNodes.path("", "n"), {}).error().code == "forbidden");
    CHECK(api.create("/apis/apps/v1/namespaces/default/daemonsets",
                     {{"apiVersion", "apps/v1"}, {"kind", "DaemonSet"}})
              .error()
              .code == "forbidden");
}

TEST_CASE("kubernetes: who has no rights is told which are missing, and nothing is called failed") {
    auto& world = World::get();
    auto access = world.cluster().access();
    REQUIRE(eventually([&] {
        for (const auto& secret : world.objects(core::kSecrets, "default"))
            if (text_at(secret, {"metadata", "name"}).starts_with("default-token-"))
                access.token = lease::decode_standard_base64(text_at(secret, {"data", "token"})).value_or("");
        return access.token != world.cluster().access().token;
    }));
    auto config = world.config("powerless");
    Driver driver(config, access, Ownership::open(config).value());
    for (const auto& one : driver.probe())
        if (one.name == "rights") {
            CHECK_FALSE(one.enforced);
            CHECK(one.detail.find("create namespaces") != std::string::npos);
        }
    const auto status = driver.status(lease_number(41), "app");
    CHECK(status.health == Health::unknown);
    CHECK(status.reason.find("403") != std::string::npos);
    CHECK(driver.apply(lease_number(41), "app", web_app(), kBought).error().code == "cluster_unavailable");
    config.required = {"rights"};
    Driver strict(config, access, Ownership::open(config).value());
    CHECK(strict.begin().error().code == "capability_missing");
}
