// What users may ask of a lease, how often, and what asking again does.
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;
using namespace std::chrono_literals;
using Verb = ChangeRequest::Verb;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

struct Market {
    Market() {
        chain.register_provider(kProvider);
        chain.fund(kUser);
        order = chain.create_order(kUser, kProvider);
    }
    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
};

Asked<AppInfo> deploy(Gateway& gateway, const LeaseInfo& lease, const std::string& yaml, std::string key) {
    auto request = gateway.request(lease, yaml);
    request.idempotency_key = std::move(key);
    return gateway.world.ask<AppInfo>(gateway.leases, deploy_atom_v, request);
}

std::string image_of(const lease::Application& application) {
    return application.workloads.front().containers.front().image;
}

}  // namespace

TEST_CASE("the same idempotency key deploys once, and is for nothing else, also after a restart") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        const auto first = deploy(gateway, lease, manifest(), "k1").value();
        CHECK(deploy(gateway, lease, manifest(), "k1").value() == first);
        CHECK(market.cluster.applied == 1);
        CHECK(gateway.change(lease, Verb::scale, 2, "c1").value().state == AppState::ready);
    }
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(3);
    const auto applied = market.cluster.applied;
    CHECK(deploy(gateway, lease, manifest(), "k1").value().state == AppState::ready);
    CHECK(deploy(gateway, lease, manifest("docker.io/library/web:2"), "k1").code() ==
          "idempotency_key_reused");
    CHECK(gateway.change(lease, Verb::scale, 2, "c1").value().state == AppState::ready);
    CHECK(gateway.change(lease, Verb::scale, 1, "c1").code() == "idempotency_key_reused");
    CHECK(gateway.change(lease, Verb::stop, 0, "c1").code() == "idempotency_key_reused");
    CHECK(market.cluster.applied == applied);
    CHECK(deploy(gateway, lease, manifest("docker.io/library/web:2"), "k2").value().state == AppState::ready);
    CHECK(market.cluster.applied == applied + 1);
}

TEST_CASE("an update over one whose outcome nobody knows keeps the version before both when it fails") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest("docker.io/library/web:1")).value();
    market.cluster.begins = Health::starting;
    auto second = world.start<AppInfo>(gateway.leases, deploy_atom_v,
                                       gateway.request(lease, manifest("docker.io/library/web:2")));
    gateway.live(1);
    market.cluster.unreachable = true;
    gateway.live(70);
    CHECK(second.code() == "cluster_unavailable");
    market.cluster.unreachable = false;
    market.cluster.begins = Health::ready;
    market.cluster.bad_image = "docker.io/library/web:3";
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:3")).code() == "failed_to_start");
    gateway.live(2);
    REQUIRE(market.cluster.running.size() == 1);
    CHECK(image_of(market.cluster.running.begin()->second.application) == "docker.io/library/web:1");
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
}

TEST_CASE("a lease has so many applications, each so many pods, and no more") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) {
        settings.max_apps = 3;
        settings.manifest.pods = 2;
    });
    const auto lease = gateway.accept(market.order, kUser).value();
    for (const char* name : {"web", "two", "three"})
        gateway.deploy(lease, manifest("docker.io/library/web:1", 10), name).value();
    const auto fourth = gateway.deploy(lease, manifest("docker.io/library/web:1", 10), "four");
    CHECK(fourth.code() == "too_large");
    CHECK(gateway.change(lease, Verb::scale, 2).value().state == AppState::ready);
    CHECK(gateway.change(lease, Verb::scale, 3).code() == "too_large");
    CHECK(gateway.change(lease, Verb::stop).value().state == AppState::stopped);
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 10), "four").code() == "too_large");
    world.ask<caf::unit_t>(gateway.leases, remove_atom_v, lease.lease_key, std::string("web")).value();
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 10), "four").value().state ==
          AppState::ready);
}

TEST_CASE("the cluster is asked once for all who want to know at a time") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    const auto before = market.cluster.asked;
    std::vector<Asked<AppDetail>> waiting;
    for (int i = 0; i < 5; ++i)
        waiting.push_back(
            world.start<AppDetail>(gateway.leases, status_atom_v, lease.lease_key, std::string("web")));
    world.run();
    for (const auto& asked : waiting) CHECK(asked.value().app.state == AppState::ready);
    CHECK(market.cluster.asked == before + 1);
}

TEST_CASE("leases are known from the first turn on, so that nobody takes what they run for a stranger's") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
    }
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, {}, false);
    // In its mailbox before it has begun: answered before any actor of a lease has had its first turn.
    caf::scoped_actor self(world.system());
    std::vector<LeaseInfo> known;
    auto asked = self->request(gateway.leases, caf::infinite, list_atom_v);
    world.run();
    asked.receive([&](const std::vector<LeaseInfo>& leases) { known = leases; },
                  [](const caf::error& error) { FAIL(from_caf(error).message); });
    REQUIRE(known.size() == 1);
    CHECK(known.front().lease_key == lease.lease_key);
    REQUIRE(known.front().apps.size() == 1);
    CHECK(known.front().apps.front().name == "web");
    // What the cluster says is not known yet: the lease's own actor has not asked.
    CHECK(known.front().apps.front().state == AppState::unknown);
}
