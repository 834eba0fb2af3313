// The client on a real API server.
#include <future>

#include "adapters/kubernetes/discovery.hpp"
#include "adapters/kubernetes/extract.hpp"
#include "adapters/kubernetes/mirror.hpp"
#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;
using std::chrono::steady_clock;

namespace {

void make_namespace(Api& api, const std::string& name) {
    REQUIRE(problem(api.create(
                core::kNamespaces.path(""),
                {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", json::object{{"name", name}}}})) ==
            "");
}

json::object config_map(const std::string& name, json::object data) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", json::object{{"name", name}, {"labels", json::object{{"t", "x"}}}}},
            {"data", std::move(data)}};
}

}  // namespace

TEST_CASE("kubernetes client: discovery finds what a server of 1.20 has") {
    auto& world = World::get();
    const auto found = Discovery::ask(world.api());
    REQUIRE(problem(found) == "");
    CHECK(found->version() == "v1.20.2");
    CHECK(found->minor() == 20);
    CHECK(*found->find("apps", "deployments") == kDeployments);
    CHECK(*found->find("batch", "jobs") == kJobs);
    CHECK(*found->find("batch", "cronjobs") == kCronJobs);
    CHECK(*found->find("networking.k8s.io", "networkpolicies") == kPolicies);
    CHECK(found->find("node.k8s.io", "runtimeclasses")->group_version == "node.k8s.io/v1");
    CHECK(*found->find("", "pods") == core::kPods);
    CHECK_FALSE(found->find("apps", "gadgets"));
}

TEST_CASE("kubernetes client: the server's refusals have their codes") {
    auto& api = World::get().api();
    CHECK(api.get(core::kPods, "default", "none").error().code == "not_found");
    CHECK(api.create(core::kNamespaces.path(""), {{"apiVersion", "v1"},
                                                  {"kind", "Namespace"},
                                                  {"metadata", json::object{{"name", "default"}}}})
              .error()
              .code == "already_exists");
    auto odd = config_map("Not A Name", {});
    CHECK(api.apply(core::kConfigMaps, "default", odd).error().code == "invalid");
    // The wrong shape is a 500 on this version.
    odd = config_map("odd", {});
    odd["data"] = json::array{"x"};
    CHECK(api.apply(core::kConfigMaps, "default", odd).error().code == "invalid");
    Stop stop;
    auto stranger = World::get().cluster().access();
    stranger.token = "wrong";
    stranger.source.clear();  // or the right one would be found there
    CHECK(Api(stranger, {}, stop).get("/api/v1/nodes").error().code == "unauthorized");
    auto distrustful = World::get().cluster().access();
    distrustful.authorities = {};
    CHECK(Api(distrustful, {}, stop).get("/version").error().code == "tls_failed");
    auto elsewhere = World::get().cluster().access();
    elsewhere.server_name = "other.example";
    CHECK(Api(elsewhere, {}, stop).get("/version").error().code == "tls_failed");
}

TEST_CASE("kubernetes client: fields are applied, kept by others, taken, and dropped") {
    auto& api = World::get().api();
    make_namespace(api, "t-apply");
    const auto first = api.apply(core::kConfigMaps, "t-apply", config_map("c", {{"a", "1"}, {"b", "2"}}));
    REQUIRE(problem(first) == "");
    // Another owner's field stays; one that both want is ours.
    REQUIRE(
        api.merge(core::kConfigMaps.path("t-apply", "c") + "?x=y", {{"data", json::object{{"z", "26"}}}}));
    const auto second = api.apply(core::kConfigMaps, "t-apply", config_map("c", {{"a", "3"}}));
    REQUIRE(problem(second) == "");
    CHECK(json::serialize(object_at(*second, {"data"})) == R"({"a":"3","z":"26"})");
    // The same again is no change.
    const auto third = api.apply(core::kConfigMaps, "t-apply", config_map("c", {{"a", "3"}}));
    CHECK(text_at(*third, {"metadata", "resourceVersion"}) ==
          text_at(*second, {"metadata", "resourceVersion"}));
    CHECK(api.remove(core::kConfigMaps, "t-apply", "c", "Background", "other-uid").error().code ==
          "conflict");
    CHECK(problem(api.remove(core::kConfigMaps, "t-apply", "c")) == "");
    CHECK(api.remove(core::kConfigMaps, "t-apply", "c").value() == false);
}

TEST_CASE("kubernetes client: what was applied can be read back from the live object") {
    auto& api = World::get().api();
    make_namespace(api, "t-extract");
    const auto parsed = parse_json(R"({
        "apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"a":"b","c/d":"e"}},
        "spec":{"replicas":2,"selector":{"matchLabels":{"app":"d"}},
          "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},
          "template":{"metadata":{"labels":{"app":"d"}},"spec":{
            "containers":[
              {"name":"two","image":"i2","args":["x","y"],"env":[{"name":"B","value":"1"},{"name":"A","value":"2"}],
               "ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81,"protocol":"UDP","name":"u"}]},
              {"name":"one","image":"i1","resources":{"limits":{"cpu":"100m"},"requests":{"cpu":"100m"}},
               "securityContext":{"capabilities":{"drop":["ALL"]}},
               "volumeMounts":[{"name":"v","mountPath":"/v"}]}],
            "volumes":[{"name":"v","emptyDir":{"medium":"Memory"}}]}}}})");
    REQUIRE(parsed);
    const auto& wanted = parsed->get_object();
    REQUIRE(problem(api.apply(kDeployments, "t-extract", wanted)) == "");
    // A controller and another client change it, too.
    REQUIRE(eventually([&] {
        return number_at(*api.get(kDeployments, "t-extract", "d"), {"status", "observedGeneration"}) > 0;
    }));
    const auto live = api.get(kDeployments, "t-extract", "d");
    const auto back = extract_applied(*live, kFieldManager);
    REQUIRE(back);
    CHECK(json::value(*back) == *parsed);
    CHECK_FALSE(extract_applied(*live, "somebody-else"));
    // So it can be undone.
    auto changed = wanted;
    changed["spec"].as_object()["replicas"] = 3;
    changed["spec"]
        .as_object()["template"]
        .as_object()["spec"]
        .as_object()["containers"]
        .as_array()
        .pop_back();
    REQUIRE(problem(api.apply(kDeployments, "t-extract", changed)) == "");
    const auto undone = api.apply(kDeployments, "t-extract", *back);
    REQUIRE(problem(undone) == "");
    CHECK(json::value(*extract_applied(*undone, kFieldManager)) == *parsed);
}

TEST_CASE("kubernetes client: lists come in pages, and selected") {
    auto& world = World::get();
    make_namespace(world.api(), "t-list");
    for (int i = 0; i < 7; ++i)
        REQUIRE(world.api().apply(core::kConfigMaps, "t-list", config_map("c" + std::to_string(i), {})));
    ApiLimits limits;
    limits.page = 2;
    Stop stop;
    Api api(world.cluster().access(), limits, stop);
    const auto all = api.list(core::kConfigMaps, "t-list", {{"labelSelector", "t=x"}});
    REQUIRE(problem(all) == "");
    CHECK(all->items.size() == 7);
    CHECK(api.list(core::kConfigMaps, "t-list", {{"labelSelector", "t=y"}})->items.empty());
    CHECK(api.list(core::kConfigMaps, "t-list", {{"fieldSelector", "metadata.name=c3"}})->items.size() == 1);
}

TEST_CASE("kubernetes client: a mirror sees what happens, over the ends of its watches") {
    auto& world = World::get();
    make_namespace(world.api(), "t-watch");
    Stop stop;
    Api api(world.cluster().access(), {}, stop);
    Mirror mirror(api, core::kConfigMaps, "t-watch", {{"labelSelector", "t=x"}});
    std::promise<void> begun;
    bool told = false;
    auto watching = std::async(std::launch::async, [&] {
        std::vector<std::string> seen;
        const auto end = mirror.run(steady_clock::now() + std::chrono::seconds(60), std::chrono::seconds(1),
                                    stop, [&](const Mirror::Objects& objects) {
                                        if (!told) begun.set_value();
                                        told = true;
                                        std::string names;
                                        for (const auto& [key, one] : objects)
                                            names += text_at(one, {"data", "v"});
                                        if (seen.empty() || seen.back() != names) seen.push_back(names);
                                        return names != "end";
                                    });
        CHECK(problem(end) == "");
        return seen;
    });
    begun.get_future().wait();
    const auto step = [&](const char* value) {
        REQUIRE(world.api().apply(core::kConfigMaps, "t-watch", config_map("c", {{"v", value}})));
    };
    step("1");
    step("2");
    // A watch of one second ends in between.
    const auto until = steady_clock::now() + std::chrono::milliseconds(1500);
    REQUIRE(eventually([&] { return steady_clock::now() > until; }));
    step("3");
    REQUIRE(world.api().remove(core::kConfigMaps, "t-watch", "c"));
    step("end");
    CHECK(watching.get() == std::vector<std::string>{"", "1", "2", "3", "", "end"});
    // History that the server never had.
    const auto gone = api.watch(
        core::kConfigMaps, "t-watch", {}, "1", std::chrono::seconds(1), [](WatchEvent&&) { return true; },
        nullptr);
    CHECK((gone || gone.error().code == "gone"));
}
