// The Kubernetes driver on a real API server with real controllers; kubelets are played. What this version
// and a control plane alone cannot show is shown by content: network policies, pod security, volumes.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // a listener
#include <future>

#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;

namespace {

struct WorldEnds : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats&) override { World::current().reset(); }
};
CATCH_REGISTER_LISTENER(WorldEnds)

AppStatus await(Driver& driver, const Hash& lease, Health health, const std::string& app = "app") {
    AppStatus seen;
    eventually([&] { return (seen = driver.status(lease, app)).health == health; });
    return seen;
}

std::string image_of(World& world, const std::string& name_space, const std::string& deployment) {
    const auto object = world.api().get(kDeployments, name_space, deployment);
    if (!object) return object.error().code;
    return text_at(list_at(*object, {"spec", "template", "spec", "containers"})[0], {"image"});
}

}  // namespace

TEST_CASE("kubernetes: an application runs in a namespace of its lease, and goes without a trace") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(1);
    const auto name_space = World::namespace_of("g1", lease);
    CHECK(driver->status(lease, "app").health == Health::absent);
    const auto made = driver->apply(lease, "app", web_app("web", 2), kBought);
    REQUIRE(problem(made) == "");
    const auto status = await(*driver, lease, Health::ready);
    REQUIRE(status.health == Health::ready);
    CHECK(status.endpoints.size() == 2);
    CHECK(status.endpoints[0].entrance == "web");
    CHECK(status.endpoints[0].port == 8080);
    CHECK(status.endpoints[0].address.starts_with("198.51.100."));
    CHECK(status.pods.size() == 2);
    CHECK_FALSE(status.drifted);
    CHECK(driver->list().value() == std::vector<messages::RunningApp>{{lease, "app"}});

    // The same again changes nothing.
    const auto before = world.api().get(kDeployments, name_space, "app-web").value();
    REQUIRE(problem(driver->apply(lease, "app", web_app("web", 2), kBought)) == "");
    const auto after = world.api().get(kDeployments, name_space, "app-web").value();
    CHECK(number_at(before, {"metadata", "generation"}) == number_at(after, {"metadata", "generation"}));

    REQUIRE(problem(driver->remove(lease, "app")) == "");
    CHECK(driver->status(lease, "app").health == Health::absent);
    CHECK(world.objects(core::kPods, name_space).empty());
    CHECK(world.objects(core::kServices, name_space).empty());
    CHECK(driver->list().value() == std::vector<messages::RunningApp>{{lease, ""}});
    REQUIRE(problem(driver->remove(lease, "")) == "");
    CHECK_FALSE(world.has(core::kNamespaces, "", name_space));
    CHECK(driver->list().value().empty());
    CHECK(problem(driver->remove(lease, "")) == "");  // again is fine
}

TEST_CASE("kubernetes: pods are as hard as the policy says (by content)") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(2);
    const auto name_space = World::namespace_of("g1", lease);
    auto app = web_app();
    auto& c = app.workloads[0].containers[0];
    c.environment = {{"PLAIN", "a $(B) $$", {}, false},
                     {"SECRET", "s3cr3t", {}, true},
                     {"WHERE", "", lease::EnvironmentVariable::Source::pod_address, false}};
    c.files = {{"/etc/app", {{"a.conf", "A"}, {"sub/b.conf", "B"}}, 0400, {}, false, true}};
    app.workloads[0].scratch = {{"tmp", 8, true}};
    c.scratch = {{"tmp", "/tmp", false, ""}};
    app.workloads[0].labels = {{"app", "mine"}, {"grid.lease", "forged"}};
    REQUIRE(problem(driver->apply(lease, "app", app, kBought)) == "");
    const auto pods = world.objects(core::kPods, name_space);
    REQUIRE(pods.size() == 1);
    const auto& pod = pods[0];
    CHECK(text_at(pod, {"metadata", "labels", "app"}) == "mine");
    CHECK(text_at(pod, {"metadata", "labels", "grid.lease"}) == lease_digits(lease).substr(0, 40));
    CHECK(text_at(pod, {"spec", "serviceAccountName"}) == "grid");
    CHECK(flag_at(pod, {"spec", "automountServiceAccountToken"}, true) == false);
    CHECK(flag_at(pod, {"spec", "enableServiceLinks"}, true) == false);
    CHECK(text_at(pod, {"spec", "securityContext", "seccompProfile", "type"}) == "RuntimeDefault");
    const auto& container = list_at(pod, {"spec", "containers"})[0];
    CHECK(flag_at(container, {"securityContext", "allowPrivilegeEscalation"}, true) == false);
    CHECK(json::serialize(list_at(container, {"securityContext", "capabilities", "drop"})) == R"(["ALL"])");
    CHECK(json::serialize(object_at(container, {"resources", "limits"})) ==
          R"({"cpu":"100m","ephemeral-storage":"16Mi","memory":"32Mi"})");
    CHECK(object_at(container, {"resources", "limits"}) == object_at(container, {"resources", "requests"}));
    CHECK(text_at(container, {"imagePullPolicy"}) == "Never");
    const auto& variables = list_at(container, {"env"});
    CHECK(text_at(variables[0], {"value"}) == "a $$(B) $$$$");
    CHECK(text_at(variables[1], {"value"}).empty());
    const auto secret = text_at(variables[1], {"valueFrom", "secretKeyRef", "name"});
    const auto stored = world.api().get(core::kSecrets, name_space, secret);
    REQUIRE(stored);
    CHECK(text_at(*stored, {"data", text_at(variables[1], {"valueFrom", "secretKeyRef", "key"})}) ==
          "czNjcjN0");
    CHECK(text_at(variables[2], {"valueFrom", "fieldRef", "fieldPath"}) == "status.podIP");
    const auto& volumes = list_at(pod, {"spec", "volumes"});
    REQUIRE(volumes.size() == 2);
    CHECK(number_at(volumes[0], {"secret", "defaultMode"}) == 0400);
    CHECK(text_at(list_at(volumes[0], {"secret", "items"})[1], {"path"}) == "sub/b.conf");
    CHECK(text_at(volumes[1], {"emptyDir", "medium"}) == "Memory");

    const auto space = world.api().get(core::kNamespaces, "", name_space).value();
    CHECK(text_at(space, {"metadata", "labels", "pod-security.kubernetes.io/enforce"}) == "baseline");
    const auto quota = world.api().get(core::kResourceQuotas, name_space, "grid").value();
    CHECK(text_at(quota, {"spec", "hard", "limits.cpu"}) == "8");
    CHECK(text_at(quota, {"spec", "hard", "requests.memory"}) == "8Gi");
    CHECK(text_at(quota, {"spec", "hard", "services.nodeports"}) == "0");
    CHECK(problem(driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: network policies let in the gateway and out what is public (by content)") {
    auto& world = World::get();
    auto config = world.config("g1");
    config.denied_egress = {runtime::IpNetwork::parse("198.41.0.4/32").value()};
    const auto driver = world.driver(config);
    const auto lease = lease_number(3);
    const auto name_space = World::namespace_of("g1", lease);
    REQUIRE(problem(driver->apply(lease, "app", web_app(), kBought)) == "");
    const auto deny = world.api().get(kPolicies, name_space, "grid-deny").value();
    CHECK(object_at(deny, {"spec", "podSelector"}).empty());
    CHECK(json::serialize(list_at(deny, {"spec", "policyTypes"})) == R"(["Ingress","Egress"])");
    const auto in = world.api().get(kPolicies, name_space, "grid-ingress").value();
    CHECK(json::serialize(list_at(in, {"spec", "ingress"})) ==
          R"([{"from":[{"podSelector":{}},{"ipBlock":{"cidr":"192.0.2.0/24"}}]}])");
    const auto out = world.api().get(kPolicies, name_space, "grid-egress").value();
    const auto text = json::serialize(out);
    for (const char* network : {"\"10.0.0.0/8\"", "\"100.64.0.0/10\"", "\"169.254.0.0/16\"",
                                "\"172.16.0.0/12\"", "\"192.168.0.0/16\"", "\"127.0.0.0/8\"",
                                "\"198.41.0.4/32\"", "\"2000::/3\"", "\"2002::/16\"", "\"0.0.0.0/0\""}) {
        CAPTURE(network);
        CHECK(text.find(network) != std::string::npos);
    }
    CHECK(problem(driver->remove(lease, "")) == "");
    // Nothing public where egress is not sold.
    config.egress = false;
    const auto shut = world.driver(config);
    REQUIRE(problem(shut->apply(lease, "app", web_app(), kBought)) == "");
    const auto closed = world.api().get(kPolicies, name_space, "grid-egress").value();
    CHECK(json::serialize(closed).find("ipBlock") == std::string::npos);
    CHECK(problem(shut->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: every kind of workload is made, told and removed") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(4);
    const auto name_space = World::namespace_of("g1", lease);
    using Kind = lease::WorkloadKind;
    auto app = web_app();
    app.workloads.push_back(workload_of("db", Kind::stateful_set));
    app.workloads[1].claim_templates = {{"data", 64, ""}};
    app.workloads[1].containers[0].claims = {{"data", "/data", false, ""}};
    app.workloads[1].governing_service = "db";
    app.workloads.push_back(workload_of("migrate", Kind::job));
    app.workloads.push_back(workload_of("nightly", Kind::cron_job));
    app.workloads[3].schedule.cron = "0 3 * * *";
    app.workloads.push_back(workload_of("alone", Kind::pod));
    app.workloads[4].restart = lease::RestartPolicy::never;
    app.services.push_back({"db", "db", {{"sql", 5432, 5432}}, true, true});
    app.claims = {{"shared", 128, "fast"}};
    app.workloads[0].containers[0].claims = {{"shared", "/shared", false, "part"}};
    REQUIRE(problem(driver->apply(lease, "app", app, kBought)) == "");
    const auto status = await(*driver, lease, Health::ready);
    CHECK(status.health == Health::ready);
    CHECK(status.reason == "");
    CHECK(status.pods.size() == 4);
    CHECK(world.has(kStatefulSets, name_space, "db"));
    CHECK(world.has(core::kPods, name_space, "db-0"));
    CHECK(world.objects(kCronJobs, name_space).size() == 1);
    CHECK(world.objects(core::kClaims, name_space).size() == 2);
    CHECK(text_at(world.api().get(core::kServices, name_space, "db").value(), {"spec", "clusterIP"}) ==
          "None");

    // A job that has succeeded is no loss.
    world.kubelets().play("migrate", [](const std::string&, const json::value& pod) {
        auto done = Kubelets::running(pod, "198.51.100.7");
        done["phase"] = "Succeeded";
        return done;
    });
    REQUIRE(eventually([&] {
        for (const auto& job : world.objects(kJobs, name_space))
            for (const auto& one : list_at(job, {"status", "conditions"}))
                if (text_at(one, {"type"}) == "Complete") return true;
        return false;
    }));
    CHECK(driver->status(lease, "app").health == Health::ready);

    // A new version of the job is another job, and the workloads that are gone are pruned; volumes stay.
    auto smaller = app;
    smaller.workloads.erase(smaller.workloads.begin() + 3, smaller.workloads.end());
    smaller.workloads[2].containers[0].arguments = {"again"};
    REQUIRE(problem(driver->apply(lease, "app", smaller, kBought)) == "");
    CHECK(world.objects(kCronJobs, name_space).empty());
    REQUIRE(eventually([&] { return world.objects(kJobs, name_space).size() == 1; }));
    REQUIRE(problem(driver->remove(lease, "app")) == "");
    CHECK(world.objects(kStatefulSets, name_space).empty());
    CHECK(world.objects(core::kClaims, name_space).size() == 2);
    CHECK(problem(driver->remove(lease, "")) == "");

    auto foreign = web_app();
    foreign.claims = {{"x", 1, "gold"}};
    const auto refused = driver->apply(lease, "app", foreign, kBought);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "unsupported");
    CHECK(refused.error().message.find("gold") != std::string::npos);
    CHECK_FALSE(world.has(core::kNamespaces, "", name_space));
}

TEST_CASE("kubernetes: an update runs before the old version goes; one that fails leaves the old") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(5);
    const auto name_space = World::namespace_of("g1", lease);
    const auto version = [](const std::string& image) {
        auto app = web_app("front", 2);
        app.workloads[0].containers[0].image = image;
        return app;
    };
    // Pods of images named "bad" crash.
    world.kubelets().play("front", [](const std::string&, const json::value& pod) {
        const auto image = text_at(list_at(pod, {"spec", "containers"})[0], {"image"});
        if (image.find("bad") == std::string::npos) return Kubelets::running(pod, "198.51.100.20");
        if (image.find("missing") != std::string::npos)
            return Kubelets::with_container(
                pod,
                {{"waiting", json::object{{"reason", "ImagePullBackOff"}, {"message", "no such image"}}}});
        return Kubelets::with_container(pod, {{"waiting", json::object{{"reason", "CrashLoopBackOff"}}}},
                                        {{"terminated", json::object{{"exitCode", 3}, {"reason", "Error"}}}},
                                        1);
    });
    REQUIRE(problem(driver->apply(lease, "app", version("localhost/one:1"), kBought)) == "");
    REQUIRE(await(*driver, lease, Health::ready).health == Health::ready);
    REQUIRE(problem(driver->apply(lease, "app", version("localhost/two:1"), kBought)) == "");
    CHECK(image_of(world, name_space, "app-front") == "localhost/two:1");
    REQUIRE(eventually([&] { return world.objects(core::kPods, name_space).size() == 2; }));

    auto broken = version("localhost/bad:1");
    broken.workloads.push_back(workload_of("extra", lease::WorkloadKind::deployment));
    broken.services.push_back({"extra", "extra", {{"", 1, 1}}});
    const auto crashed = driver->apply(lease, "app", broken, kBought);
    REQUIRE_FALSE(crashed);
    CHECK(crashed.error().code == "failed_to_start");
    INFO(crashed.error().message);
    CHECK(crashed.error().message.find("the old one stays") != std::string::npos);
    CHECK(crashed.error().message.find("exit code 3") != std::string::npos);
    CHECK(image_of(world, name_space, "app-front") == "localhost/two:1");
    CHECK_FALSE(world.has(kDeployments, name_space, "app-extra"));
    CHECK_FALSE(world.has(core::kServices, name_space, "extra"));
    // All the while two pods of the old version were ready.
    const auto kept = await(*driver, lease, Health::ready);
    CHECK(kept.health == Health::ready);
    CHECK(kept.endpoints.size() == 2);
    CHECK_FALSE(kept.drifted);
    REQUIRE(eventually([&] { return world.objects(core::kPods, name_space).size() == 2; }));

    const auto missing = driver->apply(lease, "app", version("localhost/bad-missing:1"), kBought);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == "image_unavailable");
    CHECK(image_of(world, name_space, "app-front") == "localhost/two:1");

    // The same content with a higher revision is a restart.
    auto again = version("localhost/two:1");
    again.revision = 7;
    const auto before = world.objects(core::kPods, name_space);
    REQUIRE(problem(driver->apply(lease, "app", again, kBought)) == "");
    REQUIRE(eventually([&] {
        const auto pods = world.objects(core::kPods, name_space);
        return pods.size() == 2 && pods[0] != before[0] && pods[1] != before[1];
    }));
    // Stopped.
    again.workloads[0].replicas = 0;
    REQUIRE(problem(driver->apply(lease, "app", again, kBought)) == "");
    CHECK(driver->status(lease, "app").health == Health::absent);
    CHECK(problem(driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes: a first deployment that fails leaves nothing and says why") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(6);
    const auto name_space = World::namespace_of("g1", lease);
    world.kubelets().play("nope", [](const std::string&, const json::value& pod) {
        return Kubelets::with_container(
            pod, {{"waiting", json::object{{"reason", "ErrImageNeverPull"}, {"message", "is not present"}}}});
    });
    auto app = web_app("nope");
    app.claims = {{"data", 16, ""}};
    const auto failed = driver->apply(lease, "app", app, kBought);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == "image_unavailable");
    CHECK(failed.error().message.find("ErrImageNeverPull") != std::string::npos);
    CHECK(driver->status(lease, "app").health == Health::absent);
    REQUIRE(eventually([&] { return world.objects(core::kPods, name_space).empty(); }));
    CHECK(world.objects(kDeployments, name_space).empty());
    CHECK(world.objects(core::kServices, name_space).empty());
    CHECK(world.objects(core::kClaims, name_space).empty());
    CHECK(driver->list().value() == std::vector<messages::RunningApp>{{lease, ""}});
    // The next try begins at once, and finds its place; a smaller volume is another one.
    app.claims = {{"data", 8, ""}};
    world.kubelets().play("nope", [](const std::string&, const json::value& pod) {
        return Kubelets::running(pod, "198.51.100.40");
    });
    REQUIRE(problem(driver->apply(lease, "app", app, kBought)) == "");
    CHECK(await(*driver, lease, Health::ready).health == Health::ready);
    // What an earlier version has written outlives an update that fails, what that one made does not.
    world.kubelets().play("nope", [](const std::string&, const json::value& pod) {
        return Kubelets::with_container(pod, {{"waiting", json::object{{"reason", "ErrImageNeverPull"}}}});
    });
    auto update = app;
    update.workloads[0].containers[0].image = "localhost/two:1";
    update.claims.push_back({"more", 8, ""});
    CHECK(driver->apply(lease, "app", update, kBought).error().code == "image_unavailable");
    CHECK(world.has(core::kClaims, name_space, "data"));
    CHECK_FALSE(world.has(core::kClaims, name_space, "more"));
    REQUIRE(problem(driver->remove(lease, "")) == "");

    auto greedy = web_app();
    greedy.workloads[0].replicas = 41;
    const auto over = driver->apply(lease, "app", greedy, kBought);
    REQUIRE_FALSE(over);
    CHECK(over.error().message.find("4100 millicores, the order has 4000") != std::string::npos);
    CHECK_FALSE(world.has(core::kNamespaces, "", name_space));
}

TEST_CASE("kubernetes: the state of pods is told in words") {
    auto& world = World::get();
    const auto driver = world.driver();
    const auto lease = lease_number(7);
    struct Row {
        const char* what;
        Kubelets::Play play;
        Health health;
        const char* says;
    };
    const auto ended = [](const char* reason, int code) {
        return json::object{{"terminated", json::object{{"exitCode", code}, {"reason", reason}}}};
    };
    const auto waiting = [](const char* reason) {
        return json::object{{"waiting", json::object{{"reason", reason}}}};
    };
    const Row rows[] = {
        {"crashes a little",
         [=](auto&, auto& pod) {
             return Kubelets::with_container(pod, waiting("CrashLoopBackOff"), ended("Error", 2), 1);
         },
         Health::starting, "CrashLoopBackOff, 1 restarts): it ended with exit code 2"},
        {"crashes again and again",
         [=](auto&, auto& pod) {
             return Kubelets::with_container(pod, waiting("CrashLoopBackOff"), ended("Error", 2), 5);
         },
         Health::failed, "5 restarts): it ended with exit code 2"},
        {"killed for memory",
         [=](auto&, auto& pod) {
             return Kubelets::with_container(pod, waiting("CrashLoopBackOff"), ended("OOMKilled", 137), 9);
         },
         Health::failed, "OOMKilled"},
        {"cannot be run",
         [=](auto&, auto& pod) {
             return Kubelets::with_container(pod, waiting("CreateContainerConfigError"));
         },
         Health::failed, "CreateContainerConfigError"},
        {"not ready",
         [](auto&, auto& pod) {
             return Kubelets::with_container(
                 pod, {{"running", json::object{{"startedAt", "2026-11-28T06:00:00Z"}}}});
         },
         Health::starting, "is not ready yet"},
        {"evicted",
         [](auto&, auto& pod) {
             auto status = Kubelets::running(pod, "198.51.100.30");
             status["phase"] = "Failed";
             status["reason"] = "Evicted";
             status["message"] = "the node was low on memory";
             status["conditions"] = json::array{};
             return status;
         },
         Health::failed, "Evicted the node was low on memory"},
        {"its node is lost",
         [](auto&, auto& pod) {
             auto status = Kubelets::running(pod, "198.51.100.31");
             status["conditions"] = json::array{Kubelets::condition("Ready", "False"),
                                                Kubelets::condition("ContainersReady", "True"),
                                                Kubelets::condition("PodScheduled", "True")};
             return status;
         },
         Health::unknown, "does not answer"},
        {"no room",
         [](auto&, auto&) {
             auto condition = Kubelets::condition("PodScheduled", "False");
             condition["reason"] = "Unschedulable";
             condition["message"] = "0/1 nodes are available: 1 Insufficient cpu.";
             return json::object{{"conditions", json::array{condition}}};
         },
         Health::failed, "Insufficient cpu"},
    };
    REQUIRE(problem(driver->apply(lease, "app", web_app("state"), kBought)) == "");
    REQUIRE(await(*driver, lease, Health::ready).health == Health::ready);
    const auto name_space = World::namespace_of("g1", lease);
    for (const auto& row : rows) {
        CAPTURE(row.what);
        world.kubelets().play("state", row.play);
        const auto status = await(*driver, lease, row.health);
        CHECK(status.health == row.health);
        CAPTURE(status.reason);
        CHECK(eventually(
            [&] { return driver->status(lease, "app").reason.find(row.says) != std::string::npos; }));
        CHECK(status.endpoints.empty());
        // The next row has pods of its own: what has failed or succeeded stays so.
        for (const auto& pod : world.objects(core::kPods, name_space))
            REQUIRE(world.api().remove(core::kPods, name_space, text_at(pod, {"metadata", "name"})));
    }
    CHECK(problem(driver->remove(lease, "")) == "");
}
