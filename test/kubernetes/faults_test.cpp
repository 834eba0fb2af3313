// The Kubernetes driver when the cluster, other gateways and strangers are not as one would like them.
#include <fstream>
#include <future>

#include "support/fault_gate.hpp"
#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;

namespace {

/// A driver whose API server stands behind a gate.
std::shared_ptr<Driver> gated_driver(World& world, const FaultGate& gate, const std::string& gateway) {
    auto config = world.config(gateway);
    config.request_timeout = std::chrono::seconds(3);
    auto access = world.cluster().access();
    access.server_name = access.host;
    access.host = "127.0.0.1";
    access.port = gate.port();
    return std::make_shared<Driver>(config, access, Ownership::open(config).value());
}

bool ready(Driver& driver, const Hash& lease) {
    return eventually([&] { return driver.status(lease, "app").health == Health::ready; });
}

}  // namespace

TEST_CASE("kubernetes: an API server that is away is unknown, never failed, and nothing is torn down") {
    auto& world = World::get();
    FaultGate gate(world.cluster().access().port);
    const auto driver = gated_driver(world, gate, "away");
    const auto lease = lease_number(20);
    REQUIRE(problem(driver->apply(lease, "app", web_app(), kBought)) == "");
    REQUIRE(ready(*driver, lease));
    for (const auto fault : {FaultGate::Fault::refuse, FaultGate::Fault::stall}) {
        gate.set(fault);
        const auto status = driver->status(lease, "app");
        CHECK(status.health == Health::unknown);
        CHECK_FALSE(status.reason.empty());
        CHECK(driver->list().error().code == "cluster_unavailable");
        CHECK(driver->inventory().error().code == "cluster_unavailable");
        CHECK(driver->events(lease, "app").error().code == "cluster_unavailable");
        CHECK(driver->remove(lease, "").error().code == "cluster_unavailable");
        const auto update = driver->apply(lease, "app", web_app("web", 2), kBought);
        REQUIRE_FALSE(update);
        CHECK(update.error().code == "cluster_unavailable");
        gate.set(FaultGate::Fault::none);
        CHECK(driver->status(lease, "app").health == Health::ready);
    }
    CHECK(problem(driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: a token that is refused makes everything unknown until it is mended") {
    auto& world = World::get();
    const auto file = world.cluster().scratch() + "/token-file";
    const auto write = [&](const std::string& token) { std::ofstream(file, std::ios::trunc) << token; };
    auto access = world.cluster().access();
    write(access.token);
    access.token_file = file;
    access.source.clear();
    const auto config = world.config("token");
    Driver driver(config, access, Ownership::open(config).value());
    const auto lease = lease_number(21);
    REQUIRE(problem(driver.apply(lease, "app", web_app(), kBought)) == "");
    REQUIRE(ready(driver, lease));
    // A server that forgets a token refuses what we cached; ours is wrong only on the disk until then.
    Driver late(
        config,
        [&] {
            auto other = access;
            write("expired");
            return other;
        }(),
        Ownership::open(config).value());
    const auto status = late.status(lease, "app");
    CHECK(status.health == Health::unknown);
    CHECK(status.reason.find("401") != std::string::npos);
    write(access.token);
    CHECK(late.status(lease, "app").health == Health::ready);
    write(access.token);
    CHECK(problem(driver.remove(lease, "")) == "");
}

TEST_CASE("kubernetes: two gateways on one cluster do not see each other") {
    auto& world = World::get();
    const auto one = world.driver("first");
    const auto two = world.driver("second");
    const auto lease = lease_number(22);
    REQUIRE(problem(one->apply(lease, "app", web_app(), kBought)) == "");
    REQUIRE(problem(two->apply(lease, "app", web_app(), kBought)) == "");
    CHECK(one->list()->size() == 1);
    CHECK(two->list()->size() == 1);
    REQUIRE(problem(one->remove(lease, "")) == "");
    CHECK(two->list()->size() == 1);
    CHECK(ready(*two, lease));
    CHECK(problem(two->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: namespaces with forged labels are left alone") {
    auto& world = World::get();
    const auto driver = world.driver("mine");
    const auto real = lease_number(23);
    const auto forged = lease_number(24);
    REQUIRE(problem(driver->apply(real, "app", web_app(), kBought)) == "");
    const auto proof =
        text_at(world.api().get(core::kNamespaces, "", World::namespace_of("mine", real)).value(),
                {"metadata", "annotations", "grid.proof"});
    REQUIRE_FALSE(proof.empty());
    // A stranger copies everything that can be seen, to the name that our namespace would have.
    const auto name = World::namespace_of("mine", forged);
    REQUIRE(world.api().create(
        core::kNamespaces.path(""),
        {{"apiVersion", "v1"},
         {"kind", "Namespace"},
         {"metadata",
          json::object{{"name", name},
                       {"labels", json::object{{"grid.gateway", "mine"},
                                               {"grid.lease", lease_digits(forged).substr(0, 40)}}},
                       {"annotations",
                        json::object{{"grid.lease-key", lease_digits(forged)}, {"grid.proof", proof}}}}}}));
    REQUIRE(world.api().apply(core::kConfigMaps, name,
                              {{"apiVersion", "v1"},
                               {"kind", "ConfigMap"},
                               {"metadata", json::object{{"name", "grid-app-app"},
                                                         {"labels", json::object{{"grid.gateway", "mine"},
                                                                                 {"grid.record", "app"}}}}},
                               {"data", json::object{{"record", R"({"app":"app"})"}}}}));
    CHECK(driver->list().value() == std::vector<messages::RunningApp>{{real, "app"}});
    CHECK(driver->collect({})->empty());
    const auto taken = driver->apply(forged, "app", web_app(), kBought);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message.find("was not made by this gateway") != std::string::npos);
    CHECK(problem(driver->remove(forged, "")) == "");  // there is nothing of ours
    CHECK(world.has(core::kNamespaces, "", name));
    CHECK(world.objects(core::kPods, name).empty());
    CHECK(problem(driver->remove(real, "")) == "");
    CHECK(world.api().remove(core::kNamespaces, "", name));
}

TEST_CASE("kubernetes: a gateway that comes back adopts what it left, at whatever point it was") {
    auto& world = World::get();
    const auto lease = lease_number(25);
    const auto name_space = World::namespace_of("back", lease);
    {
        const auto before = world.driver("back");
        REQUIRE(problem(before->apply(lease, "app", web_app(), kBought)) == "");
    }
    // Killed in the middle of an update: some objects are of the new version, the record of the old.
    REQUIRE(world.api().merge(
        kDeployments.path(name_space, "app-web"),
        {{"spec",
          json::object{{"template",
                        json::object{{"metadata", json::object{{"labels", json::object{{"grid.template",
                                                                                        "other"}}}}}}}}}}));
    const auto after = world.driver("back");
    CHECK(after->list().value() == std::vector<messages::RunningApp>{{lease, "app"}});
    REQUIRE(eventually([&] { return after->status(lease, "app").drifted; }));
    REQUIRE(problem(after->apply(lease, "app", web_app(), kBought)) == "");
    CHECK_FALSE(after->status(lease, "app").drifted);
    // Something of the application was taken away behind our back.
    REQUIRE(world.api().remove(kDeployments, name_space, "app-web"));
    REQUIRE(eventually([&] { return after->status(lease, "app").drifted; }));
    REQUIRE(problem(after->apply(lease, "app", web_app(), kBought)) == "");
    CHECK(ready(*after, lease));
    CHECK(problem(after->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: a namespace that is stuck in deletion is awaited, then told") {
    auto& world = World::get();
    auto config = world.config("stuck");
    config.remove_timeout = std::chrono::seconds(4);
    const auto driver = world.driver(config);
    const auto lease = lease_number(26);
    const auto name_space = World::namespace_of("stuck", lease);
    REQUIRE(problem(driver->apply(lease, "app", web_app(), kBought)) == "");
    const auto finalizers = [&](json::array list) {
        return world.api().merge(core::kServices.path(name_space, "web"),
                                 {{"metadata", json::object{{"finalizers", std::move(list)}}}});
    };
    REQUIRE(problem(finalizers({"example.org/stuck"})) == "");
    const auto waiting = driver->remove(lease, "");
    REQUIRE_FALSE(waiting);
    CHECK(waiting.error().code == "cluster_unavailable");
    INFO(waiting.error().message);
    CHECK(waiting.error().message.find("still being deleted") != std::string::npos);
    CHECK(driver->status(lease, "app").health == Health::absent);
    // A deployment waits for it too.
    const auto early = driver->apply(lease, "app", web_app(), kBought);
    REQUIRE_FALSE(early);
    CHECK(early.error().code == "cluster_unavailable");
    REQUIRE(problem(finalizers({})) == "");
    auto patient = world.config("stuck");
    const auto later = world.driver(patient);
    REQUIRE(problem(later->apply(lease, "app", web_app(), kBought)) == "");
    CHECK(ready(*later, lease));
    CHECK(problem(later->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: a removal breaks off a deployment that waits") {
    auto& world = World::get();
    const auto driver = world.driver("hasty");
    const auto lease = lease_number(27);
    world.kubelets().play("slow", [](const std::string&, const json::value&) { return json::object{}; });
    auto deploying =
        std::async(std::launch::async, [&] { return driver->apply(lease, "app", web_app("slow"), kBought); });
    const auto name_space = World::namespace_of("hasty", lease);
    REQUIRE(eventually([&] {
        const auto pods = world.api().list(core::kPods, name_space);
        return pods && !pods->items.empty();
    }));
    CHECK(problem(driver->remove(lease, "")) == "");
    const auto outcome = deploying.get();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message.find("being removed") != std::string::npos);
    CHECK_FALSE(world.has(core::kNamespaces, "", name_space));
}

TEST_CASE("kubernetes: removing one application leaves the deployment of another alone") {
    auto& world = World::get();
    const auto driver = world.driver("aside");
    const auto lease = lease_number(31);
    world.kubelets().play("slow", [](const std::string&, const json::value&) { return json::object{}; });
    auto deploying =
        std::async(std::launch::async, [&] { return driver->apply(lease, "app", web_app("slow"), kBought); });
    const auto name_space = World::namespace_of("aside", lease);
    REQUIRE(eventually([&] {
        const auto pods = world.api().list(core::kPods, name_space);
        return pods && !pods->items.empty();
    }));
    auto removing = std::async(std::launch::async, [&] { return driver->remove(lease, "other"); });
    // Nobody tells that the removal waits for its turn; a deployment that it stops is done at once.
    CHECK(deploying.wait_for(std::chrono::seconds(1)) == std::future_status::timeout);
    world.kubelets().play("slow", [](const std::string&, const json::value& pod) {
        return Kubelets::running(pod, "198.51.100.60");
    });
    for (const auto& pod : world.objects(core::kPods, name_space))
        REQUIRE(world.api().remove(core::kPods, name_space, text_at(pod, {"metadata", "name"})));
    CHECK(problem(deploying.get()) == "");
    CHECK(problem(removing.get()) == "");
    CHECK(ready(*driver, lease));
    CHECK(problem(driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: an application cannot take another's names in the same lease") {
    auto& world = World::get();
    const auto driver = world.driver("names");
    const auto lease = lease_number(28);
    REQUIRE(problem(driver->apply(lease, "one", web_app(), kBought)) == "");
    const auto second = driver->apply(lease, "two", web_app(), kBought);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("Service web belongs to application one") != std::string::npos);
    CHECK(driver->list().value() == std::vector<messages::RunningApp>{{lease, "one"}});
    // Volumes have names of the manifest, too.
    auto with_volume = web_app();
    with_volume.claims = {{"data", 16, ""}};
    REQUIRE(problem(driver->apply(lease, "one", with_volume, kBought)) == "");
    auto greedy = web_app("other");
    greedy.claims = with_volume.claims;
    const auto third = driver->apply(lease, "two", greedy, kBought);
    REQUIRE_FALSE(third);
    CHECK(third.error().message.find("PersistentVolumeClaim data belongs to application one") !=
          std::string::npos);
    CHECK(world.has(core::kClaims, World::namespace_of("names", lease), "data"));
    CHECK(problem(driver->apply(lease, "two", web_app("other"), kBought)) == "");
    CHECK(driver->list()->size() == 2);
    CHECK(problem(driver->remove(lease, "two")) == "");
    CHECK(eventually([&] { return driver->status(lease, "one").health == Health::ready; }));
    CHECK(problem(driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: what no living lease needs is collected, and inventory counts what runs") {
    auto& world = World::get();
    auto config = world.config("count");
    config.total = Resources{8000, 16384, 65536, 2};
    const auto driver = world.driver(config);
    const auto kept = lease_number(29), dead = lease_number(30);
    REQUIRE(problem(driver->apply(kept, "app", web_app("web", 3), kBought)) == "");
    REQUIRE(problem(driver->apply(dead, "app", web_app(), kBought)) == "");
    const auto inventory = driver->inventory();
    REQUIRE(problem(inventory) == "");
    CHECK(inventory->total == Resources{8000, 16384, 65536, 2});
    CHECK(inventory->used == Resources{400, 128, 64, 0});
    REQUIRE(problem(driver->remove(dead, "app")) == "");
    REQUIRE(problem(driver->remove(kept, "app")) == "");
    const auto gone = driver->collect({kept});
    REQUIRE(problem(gone) == "");
    REQUIRE(gone->size() == 1);
    CHECK((*gone)[0].find(dead.hex()) != std::string::npos);
    CHECK(driver->inventory()->used == Resources{});
    CHECK(eventually(
        [&] {
            return driver->list().value() == std::vector<messages::RunningApp>{{kept, ""}};
        },
        std::chrono::seconds(120)));
    CHECK(problem(driver->remove(kept, "")) == "");
}

TEST_CASE("kubernetes: capabilities are told, and what is required must be there") {
    auto& world = World::get();
    const auto driver = world.driver("able");
    const auto all = driver->probe();
    const auto enforced = [&](const std::string& name) {
        for (const auto& one : all)
            if (one.name == name) return one.enforced;
        FAIL("no capability " + name);
        return false;
    };
    CHECK(enforced("cluster"));
    CHECK(enforced("rights"));
    CHECK(enforced("memory_limit"));
    CHECK_FALSE(enforced("pod_security"));  // 1.20
    CHECK_FALSE(enforced("egress_rules"));  // no API tells it
    CHECK_FALSE(enforced("volumes"));       // there is no class "fast"
    auto config = world.config("able");
    config.required = {"memory_limit"};
    CHECK(problem(world.driver(config)->begin()) == "");
    config.required = {"pod_security"};
    CHECK(world.driver(config)->begin().error().code == "capability_missing");
}
