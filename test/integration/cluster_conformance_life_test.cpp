// Conformance of cluster drivers: the life of applications. See cluster_conformance.hpp.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <thread>

#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::WorkloadKind;
using messages::Health;

TEST_CASE("cluster: the same application again changes nothing, a higher revision restarts it", "[cluster]") {
    const Tenant tenant;
    auto application =
        web(script("cat /proc/sys/kernel/random/uuid >/tmp/index.html; " + std::string(kServeTmp)));
    tenant.run(application);
    const auto first = tenant.page();
    tenant.run(application);
    CHECK(tenant.page() == first);
    ++application.revision;
    tenant.run(application);
    CHECK(eventually([&] { return tenant.page() != first; }));
    CHECK(eventually([&] { return tenant.status().endpoints.size() == 1; }));
}

TEST_CASE("cluster: an update takes over when it is ready; one that fails leaves the old version",
          "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("one"))));
    CHECK(tenant.answers("one\n"));

    // While the new version is under way the old one answers.
    std::atomic<bool> done{false};
    auto watching = std::async(std::launch::async, [&] {
        std::size_t wrong = 0;
        while (!done) {
            const auto text = tenant.page();
            wrong += text != "one\n" && text != "two\n";
        }
        return wrong;
    });
    tenant.run(web(script("sleep 1; " + serving("two"))));
    CHECK(tenant.answers("two\n"));
    done = true;
    CHECK(watching.get() <= 1);  // an answer that was under way when its pod went

    const auto broken = tenant.apply(web(script("echo broken words; exit 3")));
    REQUIRE_FALSE(broken);
    INFO(broken.error().message);
    CHECK(broken.error().code == "failed_to_start");
    CHECK(contains(broken.error().message, "3"));
    CHECK(contains(broken.error().message, "broken words"));
    CHECK(tenant.wait(Health::ready).endpoints.size() == 1);
    CHECK(tenant.page() == "two\n");
    CHECK_FALSE(tenant.status().drifted);
}

TEST_CASE("cluster: an image that is not there is told, and nothing is left of a first deployment",
          "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("never"));
    c.image = "localhost/no-such-image:1";
    const auto applied = tenant.apply(web(c));
    REQUIRE_FALSE(applied);
    CHECK(applied.error().code == "image_unavailable");
    CHECK(contains(applied.error().message, "no-such-image"));
    CHECK(tenant.wait(Health::absent).health == Health::absent);
}

TEST_CASE("cluster: scaled up, down, to nothing and back", "[cluster]") {
    const Tenant tenant;
    auto application = web(script(serving("here")));
    const auto scale = [&](std::uint32_t replicas) {
        application.workloads[0].replicas = replicas;
        REQUIRE(problem_of(tenant.apply(application)) == "");
        return tenant.wait(
            [&](const auto& s) { return s.endpoints.size() == replicas && s.pods.size() == replicas; });
    };
    CHECK(scale(1).endpoints.size() == 1);
    CHECK(scale(3).endpoints.size() == 3);
    CHECK(scale(2).endpoints.size() == 2);
    CHECK(scale(0).health == Health::absent);
    CHECK_FALSE(tenant.status().drifted);
    CHECK(scale(1).health == Health::ready);
    CHECK(tenant.page() == "here\n");
}

TEST_CASE("cluster: what is removed is gone, with all of its lease, and again is fine", "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("here"))));
    const auto listed = [&] {
        const auto all = tenant.cluster.driver().list();
        return all && std::any_of(all->begin(), all->end(),
                                  [&](const auto& one) { return one.lease_key == tenant.lease; });
    };
    CHECK(listed());
    CHECK_FALSE(tenant.cluster.left_of(tenant.lease).empty());
    REQUIRE(problem_of(tenant.cluster.driver().remove(tenant.lease, {})) == "");
    CHECK_FALSE(listed());
    CHECK(tenant.cluster.left_of(tenant.lease) == std::vector<std::string>{});
    CHECK(tenant.status().health == Health::absent);
    CHECK(problem_of(tenant.cluster.driver().remove(tenant.lease, {})) == "");
}

TEST_CASE("cluster: two applications of a lease live apart and see each other", "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("first"))));
    lease::Application second;
    second.workloads.push_back(workload(WorkloadKind::deployment, "second", script(serving("second"))));
    add_entrance(second, "second");
    REQUIRE(problem_of(tenant.cluster.driver().apply(tenant.lease, "two", second, {8000, 8192, 16384, 0})) ==
            "");
    CHECK(eventually(
        [&] { return tenant.cluster.driver().status(tenant.lease, "two").health == Health::ready; }));
    if (!not_shown(tenant.cluster, "names"))
        CHECK(eventually([&] {
            return tenant.shell("busybox timeout 3 wget -q -O - http://second:8080/") == "second\n";
        }));
    REQUIRE(problem_of(tenant.cluster.driver().remove(tenant.lease, "two")) == "");
    CHECK(tenant.cluster.driver().status(tenant.lease, "two").health == Health::absent);
    CHECK(tenant.answers("first\n"));
}

TEST_CASE("cluster: commands run in containers with input, output, errors, terminal and exit code",
          "[cluster]") {
    const Tenant tenant;
    auto application = web(script(serving("ok")));
    application.workloads[0].containers.push_back(
        script("echo side >/tmp/side; trap 'exit 0' TERM; while true; do sleep 0.1; done", "side"));
    tenant.run(application);
    const auto read = not_shown(tenant.cluster, "end of input") ? "head -n 1" : "cat";
    const auto ran =
        tenant.execute({"/bin/sh", "-c", std::string(read) + "; echo oops >&2; exit 42"}, "", "", "given\n");
    CHECK(ran.out == "given\n");
    CHECK(ran.err == "oops\n");
    CHECK(ran.code == 42);
    CHECK(eventually([&] { return tenant.shell("cat /tmp/side", "", "side") == "side\n"; }));
    const auto big =
        tenant.execute({"/bin/sh", "-c", "head -c 300000 /dev/zero | wc -c; head -c 300000 /dev/zero"});
    CHECK(big.out.size() == 300000 + 7);

    auto terminal = tenant.cluster.driver().exec(
        {tenant.lease,
         tenant.app,
         "",
         "",
         {"/bin/sh", "-c",
          "read line; until busybox stty size 2>/dev/null | grep '40 100'; do sleep "
          "0.1; done; echo got $line"},
         true,
         100,
         40});
    REQUIRE(problem_of(terminal) == "");
    (*terminal)->resize(100, 40);
    (*terminal)->write("typed\n");
    std::string text;
    using Kind = adapters::ExecSession::Piece::Kind;
    for (auto piece = (*terminal)->read(std::chrono::seconds(20)); piece.kind == Kind::out;
         piece = (*terminal)->read(std::chrono::seconds(20)))
        text += piece.bytes;
    INFO(text);
    CHECK(contains(text, "got typed"));
    CHECK(contains(text, "40 100"));

    const auto code = [&](const std::string& pod, const std::string& container) {
        const auto made =
            tenant.cluster.driver().exec({tenant.lease, tenant.app, pod, container, {"/bin/true"}});
        return made ? std::string("ok") : made.error().code;
    };
    CHECK(code("web-99", "") == "not_found");
    CHECK(code("", "nobody") == "not_found");
}

TEST_CASE("cluster: a driver that comes back finds what runs", "[cluster]") {
    const Tenant tenant;
    const auto application =
        web(script("cat /proc/sys/kernel/random/uuid >/tmp/index.html; " + std::string(kServeTmp)));
    const auto before = tenant.run(application);
    const auto text = tenant.page();
    tenant.cluster.stop();
    CHECK(tenant.cluster.ask(before.endpoints.at(0), "/") == text);  // runs on
    tenant.cluster.begin();
    CHECK(tenant.wait(Health::ready).health == Health::ready);
    CHECK_FALSE(tenant.status().drifted);
    REQUIRE(problem_of(tenant.apply(application)) == "");
    CHECK(tenant.page() == text);
}

TEST_CASE("cluster: what no living lease needs is collected, what lives is not", "[cluster]") {
    const Tenant tenant;
    tenant.run(web(script(serving("ok"))));
    REQUIRE(problem_of(tenant.cluster.driver().collect({tenant.lease})) == "");
    CHECK(tenant.answers("ok\n"));
}

TEST_CASE("cluster: twenty applications at once", "[cluster]") {
    std::vector<std::unique_ptr<Tenant>> tenants;
    for (int i = 0; i < 20; ++i) tenants.push_back(std::make_unique<Tenant>("app-" + std::to_string(i)));
    std::vector<std::future<std::string>> applied;
    for (const auto& tenant : tenants)
        applied.push_back(std::async(std::launch::async, [&tenant] {
            return problem_of(tenant->apply(web(script(serving(tenant->app)))));
        }));
    for (auto& one : applied) CHECK(one.get() == "");
    for (const auto& tenant : tenants) CHECK(tenant->answers(tenant->app + "\n"));
    std::vector<std::future<std::string>> removed;
    for (const auto& tenant : tenants)
        removed.push_back(std::async(std::launch::async, [&tenant] {
            return problem_of(tenant->cluster.driver().remove(tenant->lease, {}));
        }));
    for (auto& one : removed) CHECK(one.get() == "");
}

// ---- killed in the middle
// -----------------------------------------------------------------------------------

namespace {

lease::Application interrupted(const std::string& text) {
    auto application = web(script(serving(text)));
    application.workloads[0].replicas = 3;
    auto init = script("sleep 0.3", "prepare");
    application.workloads[0].init_containers.push_back(init);
    return application;
}

}  // namespace

// No test by itself: the process that "a driver killed ..." kills.
TEST_CASE("cluster: victim", "[.cluster-victim]") {
    const char* lease = std::getenv("GRID_TEST_VICTIM_LEASE");
    REQUIRE(lease);
    auto& driver = cluster_under_test().driver();
    const auto begun = ::write(STDOUT_FILENO, "begun\n", 6);
    CHECK(begun == 6);
    const auto key = messages::Hash::parse(lease);
    REQUIRE(key);
    CHECK(problem_of(driver.apply(*key, "app", interrupted("two"), {8000, 8192, 16384, 0})) == "");
    const auto ended = ::write(STDOUT_FILENO, "applied\n", 8);
    CHECK(ended == 8);
}

TEST_CASE(
    "cluster: a driver killed in the middle of an update, at many moments, leaves nothing that the next "
    "one does not mend",
    "[cluster]") {
    const Tenant tenant;
    for (const int delay_ms : {0, 200, 600, 1200}) {
        INFO("killed after " << delay_ms << " ms");
        tenant.run(interrupted("one"));
        CHECK(tenant.answers("one\n"));
        tenant.cluster.stop();

        auto variables = tenant.cluster.victim_environment();
        variables["GRID_TEST_VICTIM_LEASE"] = tenant.lease.hex();
        std::vector<std::string> environment;
        for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
        for (char** one = environ; *one; ++one) environment.emplace_back(*one);
        std::vector<char*> envp;
        for (auto& one : environment) envp.push_back(one.data());
        envp.push_back(nullptr);
        int said[2];
        REQUIRE(::pipe2(said, O_CLOEXEC) == 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, said[1], STDOUT_FILENO);
        std::string program = "/proc/self/exe", chosen = "cluster: victim";
        char* argv[] = {program.data(), chosen.data(), nullptr};
        pid_t victim = -1;
        REQUIRE(::posix_spawn(&victim, program.c_str(), &actions, nullptr, argv, envp.data()) == 0);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(said[1]);
        char word[6] = {};
        CHECK(::read(said[0], word, sizeof word) == 6);  // it has its driver, and begins
        std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
        ::kill(victim, SIGKILL);
        ::waitpid(victim, nullptr, 0);
        ::close(said[0]);

        tenant.cluster.begin();
        CHECK(tenant.wait([](const auto& s) { return s.health != Health::unknown; }).health !=
              Health::failed);
        REQUIRE(problem_of(tenant.apply(interrupted("two"))) == "");
        const auto seen =
            tenant.wait([](const auto& s) { return s.endpoints.size() == 3 && s.pods.size() == 3; });
        CHECK(seen.endpoints.size() == 3);
        CHECK(seen.pods.size() == 3);
        CHECK_FALSE(seen.drifted);
        CHECK(tenant.page() == "two\n");
    }
    REQUIRE(problem_of(tenant.cluster.driver().remove(tenant.lease, {})) == "");
    CHECK(tenant.cluster.left_of(tenant.lease) == std::vector<std::string>{});
}
