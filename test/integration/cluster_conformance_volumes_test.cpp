// Conformance of cluster drivers: what persists, and who is called what. See cluster_conformance.hpp.
#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::WorkloadKind;
using messages::Health;

namespace {

/// Each pod keeps what it has in a volume of its own and shows it.
lease::Application database(const std::string& version) {
    lease::Application application;
    auto w = workload(WorkloadKind::stateful_set, "db",
                      script("echo " + version +
                             " >/tmp/version; test -e /data/kept || busybox hostname >/data/kept; "
                             "busybox cp /data/kept /tmp/index.html; " +
                             std::string(kServeTmp)));
    w.replicas = 2;
    w.governing_service = "db";
    w.claim_templates = {{"data", 16, ""}};
    w.containers[0].claims = {{"data", "/data"}};
    application.workloads.push_back(w);
    application.services = {{"db", "db", {{"http", 8080, 8080}}, true}};
    application.entrances = {{"db", "db", 8080}};
    return application;
}

bool both_ready(const messages::AppStatus& s) {
    return s.endpoints.size() == 2 && s.pods.size() == 2;
}

}  // namespace

TEST_CASE("cluster: pods of a stateful set have their numbers, names and volumes, over restarts and updates",
          "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes")) return;
    REQUIRE(problem_of(tenant.apply(database("one"))) == "");
    auto seen = tenant.wait(both_ready);
    REQUIRE(seen.pods.size() == 2);
    CHECK(seen.pods[0].name == "db-0");
    CHECK(seen.pods[1].name == "db-1");
    CHECK(tenant.shell("busybox hostname; cat /data/kept", "db-1") == "db-1\ndb-1\n");
    if (!not_shown(tenant.cluster, "names")) {
        CHECK(eventually(
            [&] { return tenant.shell("wget -q -O - http://db-1.db:8080/", "db-0") == "db-1\n"; }));
        CHECK(eventually(
            [&] { return tenant.shell("wget -q -O - http://db-0.db:8080/", "db-1") == "db-0\n"; }));
    }
    tenant.shell("echo mine-0 >/data/kept", "db-0");
    tenant.shell("echo mine-1 >/data/kept", "db-1");

    // A new version, pod by pod, on the same volumes.
    REQUIRE(problem_of(tenant.apply(database("two"))) == "");
    tenant.wait(both_ready);
    CHECK(eventually([&] { return tenant.shell("cat /tmp/version /data/kept", "db-0") == "two\nmine-0\n"; }));
    CHECK(eventually([&] { return tenant.shell("cat /tmp/version /data/kept", "db-1") == "two\nmine-1\n"; }));

    // Smaller and larger again: the volume has waited.
    auto smaller = database("two");
    smaller.workloads[0].replicas = 1;
    REQUIRE(problem_of(tenant.apply(smaller)) == "");
    CHECK(tenant.wait([](const auto& s) { return s.pods.size() == 1; }).pods.at(0).name == "db-0");
    REQUIRE(problem_of(tenant.apply(database("two"))) == "");
    tenant.wait(both_ready);
    CHECK(eventually([&] { return tenant.shell("cat /data/kept", "db-1") == "mine-1\n"; }));

    // The application goes, its volumes stay with the lease.
    tenant.remove();
    REQUIRE(problem_of(tenant.apply(database("three"))) == "");
    tenant.wait(both_ready);
    CHECK(tenant.shell("cat /data/kept", "db-0") == "mine-0\n");
    REQUIRE(problem_of(tenant.cluster.driver().remove(tenant.lease, {})) == "");
    CHECK(tenant.cluster.left_of(tenant.lease) == std::vector<std::string>{});
}

TEST_CASE("cluster: an update of a stateful set that fails brings the old pods back", "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes")) return;
    REQUIRE(problem_of(tenant.apply(database("one"))) == "");
    tenant.wait(both_ready);
    tenant.shell("echo precious >/data/kept", "db-1");
    auto broken = database("two");
    broken.workloads[0].containers[0].command = {"/bin/sh", "-c", "echo cannot migrate; exit 9"};
    const auto applied = tenant.apply(broken);
    REQUIRE_FALSE(applied);
    INFO(applied.error().message);
    CHECK(contains(applied.error().message, "cannot migrate"));
    const auto seen = tenant.wait(both_ready);
    CHECK(seen.health == Health::ready);
    CHECK(
        eventually([&] { return tenant.shell("cat /tmp/version /data/kept", "db-1") == "one\nprecious\n"; }));
    CHECK_FALSE(tenant.status().drifted);
}

TEST_CASE("cluster: a volume is shared by who claims it, in parts by subPath, and given to a group",
          "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes")) return;
    auto c = script(serving("ok"));
    c.claims = {{"shared", "/all"}, {"shared", "/part", false, "a/b"}, {"shared", "/look", true, "a"}};
    c.run_as_user = lease::UserId{1000};
    c.run_as_group = lease::UserId{1000};
    auto application = web(c);
    application.workloads[0].volume_group = lease::UserId{4000};
    application.claims = {{"shared", 16, ""}};
    tenant.run(application);
    CHECK(tenant.shell("echo x >/part/file; cat /all/a/b/file /look/b/file") == "x\nx\n");
    CHECK(tenant.shell("echo y >/look/b/file 2>/dev/null || echo closed") == "closed\n");
    CHECK(contains(tenant.shell("id -G"), "4000"));
    CHECK(tenant.shell("busybox stat -c %g /all") == "4000\n");

    // A link in the place of a part leads nowhere.
    tenant.shell("busybox ln -s /etc /all/link; rm -r /all/a");
    auto sly = application;
    sly.workloads[0].containers[0].claims = {{"shared", "/part", false, "link"}};
    ++sly.revision;
    const auto applied = tenant.apply(sly);
    REQUIRE_FALSE(applied);
    INFO(applied.error().message);
    CHECK(contains(applied.error().message, "subPath"));
    CHECK(tenant.answers("ok\n"));
}

TEST_CASE("cluster: who writes more than a volume has is stopped with the reason", "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes") || not_shown(tenant.cluster, "volume sizes")) return;
    auto c = script("busybox dd if=/dev/zero of=/data/big bs=1M count=9 2>/dev/null; " + serving("ok"));
    c.claims = {{"data", "/data"}};
    auto application = web(c);
    application.claims = {{"data", 8, ""}};
    REQUIRE(problem_of(tenant.apply(application)) == "");
    const auto failed = tenant.wait(Health::failed);
    INFO(failed.reason);
    CHECK(contains(failed.reason, "8 MiB"));
}

TEST_CASE("cluster: with strategy Recreate two versions never run at once", "[cluster]") {
    const Tenant tenant;
    if (not_shown(tenant.cluster, "volumes")) return;
    const auto locked = [](const std::string& text) {
        auto c = script(
            "test -e /data/lock && { echo locked; exit 1; }; touch /data/lock; echo '" + text +
            "' >/tmp/index.html; trap 'rm /data/lock; kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & "
            "s=$!; wait $s");
        c.claims = {{"data", "/data"}};
        auto application = web(c);
        application.claims = {{"data", 8, ""}};
        application.workloads[0].rollout.recreate = true;
        application.workloads[0].termination_grace_s = 5;
        return application;
    };
    tenant.run(locked("one"));
    tenant.run(locked("two"));
    CHECK(tenant.answers("two\n"));
}

TEST_CASE("cluster: a scratch volume in memory, and a part of one", "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("ok"));
    c.scratch = {{"memory", "/memory"}, {"disk", "/part", false, "deep/part"}, {"disk", "/disk"}};
    auto application = web(c);
    auto& w = application.workloads[0];
    w.scratch = {{"memory", 4, true}, {"disk", 8, false}};
    auto side = script("trap 'exit 0' TERM; while true; do sleep 0.1; done", "side");
    side.scratch = {{"memory", "/memory"}};
    w.containers.push_back(side);
    tenant.run(application);
    CHECK(contains(tenant.shell("busybox stat -f -c %T /memory"), "tmpfs"));
    tenant.shell("echo shared >/memory/x; echo part >/part/y");
    CHECK(tenant.shell("cat /memory/x", "", "side") == "shared\n");
    CHECK(tenant.shell("cat /disk/deep/part/y") == "part\n");
    CHECK(contains(tenant.shell("head -c 8m /dev/zero >/memory/big 2>&1 || echo full"), "full"));
}
