// What becomes of containers that end, on a real podman, see podman_world.hpp.
#include "test/integration/podman_world.hpp"

using namespace grid;
using namespace grid::test;

namespace {

std::string label_of(const Hash& lease) {
    return "grid.lease=" + lease.hex().substr(2);
}

}  // namespace

TEST_CASE("podman: too much memory is killed, a crash loop is failed, both with the reason", "[podman]") {
    auto& world = World::get();
    const auto hungry = lease_number(11);
    REQUIRE(problem(world.apply(hungry, "app", app_of(shell("tail -c 200m /dev/zero")))) == "");
    const auto killed = world.wait_for(hungry, "app", Health::failed);
    INFO(killed.reason);
    CHECK(killed.health == Health::failed);
    CHECK(killed.reason.find("137") != std::string::npos);
    CHECK(killed.reason.find("32 MiB of memory") != std::string::npos);
    CHECK(problem(world.remove(world.podman(), hungry)) == "");

    const auto crashing = lease_number(12);
    REQUIRE(problem(world.apply(crashing, "app", app_of(shell("echo my last words; exit 5")))) == "");
    const auto failed = world.wait_for(crashing, "app", Health::failed);
    INFO(failed.reason);
    CHECK(failed.reason.find("exited with code 5") != std::string::npos);
    CHECK(failed.reason.find("my last words") != std::string::npos);
    CHECK(failed.reason.find("restarted") != std::string::npos);
    CHECK(problem(world.remove(world.podman(), crashing)) == "");

    const auto once = lease_number(13);
    auto app = app_of(shell("exit 0"), 0);
    app.workloads[0].restart = lease::RestartPolicy::never;
    REQUIRE(problem(world.apply(once, "app", app)) == "");
    CHECK(world.wait_for(once, "app", Health::ready).endpoints.empty());
    CHECK(problem(world.remove(world.podman(), once)) == "");
}

TEST_CASE("podman: one crash is repaired by a restart", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(14);
    REQUIRE(problem(world.apply(lease, "app",
                                app_of(shell("test -e /tmp/second && { echo again >/tmp/index.html; " +
                                             std::string(kServe) + "; }; touch /tmp/second; exit 1")))) ==
            "");
    CHECK(page(world.wait_for(lease, "app", Health::ready)) == "again\n");

    // No trace of the first run has kept its address: the last that goes takes the bridge with it.
    const auto network = world.api().networks(label_of(lease)).value().at(0);
    CHECK(fs::exists("/sys/class/net/" + network.interface));
    CHECK(problem(world.remove(world.podman(), lease)) == "");
    CHECK_FALSE(fs::exists("/sys/class/net/" + network.interface));
}
