// Deployments that a kill interrupted and that fail afterwards: nobody waits for their answer, and they are
// taken back all the same.
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"
#include "chain/calls.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;
using namespace std::chrono_literals;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

struct Market {
    Market() {
        chain.node = kProvider;
        chain.register_provider(kProvider);
        chain.fund(kUser);
        order = chain.create_order(kUser, kProvider, {4 * 3600});
    }
    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
};

std::vector<AppInfo> apps_of(World& world, Gateway& gateway, const LeaseInfo& lease) {
    return world.ask<LeaseInfo>(gateway.leases, find_atom_v, lease.lease_key).value().apps;
}

}  // namespace

TEST_CASE("a first deployment that a kill interrupted and that fails leaves nothing") {
    enum class Fails { refused, crashes, never_ready };
    const auto how = GENERATE(Fails::refused, Fails::crashes, Fails::never_ready);
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        market.cluster.hold_apply = true;
        CHECK_FALSE(gateway.deploy(lease, manifest()).answered());
        market.cluster.running.clear();
    }
    market.cluster.hold_apply = false;
    if (how == Fails::refused)
        market.cluster.refuse_apply = Error{"image_unavailable", "there is no such image"};
    if (how == Fails::crashes) market.cluster.begins = Health::failed;
    if (how == Fails::never_ready) market.cluster.begins = Health::starting;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(how == Fails::never_ready ? 59 : 15);
    if (how == Fails::never_ready) {
        CHECK(market.cluster.running.size() == 1);
        gateway.live(10);
    }
    CHECK(market.cluster.running.empty());
    CHECK(apps_of(world, gateway, lease).empty());
    CHECK(gateway.state(lease) == LeaseState::authorised);
    // The name is free again.
    market.cluster.refuse_apply.reset();
    market.cluster.begins = Health::ready;
    CHECK(gateway.deploy(lease, manifest()).value().state == AppState::ready);
    gateway.live(120);
    CHECK(market.cluster.running.size() == 1);
}

TEST_CASE("a deployment that a kill interrupted waits for a cluster that is out") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        market.cluster.hold_apply = true;
        CHECK_FALSE(gateway.deploy(lease, manifest()).answered());
        market.cluster.running.clear();
    }
    market.cluster.hold_apply = false;
    market.cluster.unreachable = true;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(3600);
    CHECK(apps_of(world, gateway, lease).size() == 1);
    market.cluster.unreachable = false;
    gateway.live(5);
    CHECK(market.cluster.running.size() == 1);
    CHECK(apps_of(world, gateway, lease).at(0).state == AppState::ready);
}

TEST_CASE("what a long fault of the cluster left undone is done within a reconcile period of its end") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.reconcile_interval = 60s; });
    const auto lease = gateway.accept(market.order, kUser).value();
    CHECK(gateway.deploy(lease, manifest()).value().state == AppState::ready);
    // It is away, and the cluster refuses to start anything: the waits between tries grow.
    market.cluster.running.clear();
    market.cluster.refuse_apply = Error{"cluster_unavailable", "503"};
    gateway.live(1800);
    CHECK(market.cluster.running.empty());
    market.cluster.refuse_apply.reset();
    gateway.live(60);
    CHECK(market.cluster.running.size() == 1);
    CHECK(apps_of(world, gateway, lease).at(0).state == AppState::ready);
}
