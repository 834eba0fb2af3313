// A reorganisation takes blocks back under a lease: its order is created again, in another block, under
// another number, unactivated, or never again.
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace market_calls = grid::chain::calls::market;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);
const chain::Address kOther = account(3);

/// A gateway with an application under an order of kUser, and the chain as it was before that order.
struct Branch {
    Branch() {
        chain.register_provider(kProvider);
        chain.fund(kUser);
        chain.fund(kOther);
        before = chain.blocks.back().number;
        state = chain.state;
        order = chain.create_order(kUser, kProvider);
        created = chain.blocks.back().number;
        created_state = chain.state;
        world.emplace(disk, chain);
        gateway.emplace(*world, cluster);
        lease = gateway->accept(order, kUser).value();
        gateway->deploy(lease, manifest()).value();
    }
    /// The order, its activation and all that came after them are gone.
    void leave() {
        chain.fork(before);
        chain.state = state;
        chain.mine();
    }
    void blocks(std::uint64_t count) {
        while (count-- > 0) chain.mine();
        gateway->live(2);
    }
    bool serves() {
        return gateway->route(lease) && gateway->route(lease)->state == lease::RouteState::ready &&
               cluster.running.size() == 1 && cluster.removed == 0;
    }
    LeaseInfo told(const LeaseInfo& which) {
        return world->ask<LeaseInfo>(gateway->leases, find_atom_v, which.lease_key).value();
    }

    Disk disk;
    Chain chain;
    Cluster cluster;
    std::uint64_t before = 0;
    chain::State state;
    std::uint64_t created = 0;
    chain::State created_state;
    chain::OrderId order;
    std::optional<World> world;
    std::optional<Gateway> gateway;
    LeaseInfo lease;
};

}  // namespace

TEST_CASE("an order that is created again in another block keeps its lease, and is activated again") {
    Branch branch;
    branch.leave();
    branch.gateway->live(2);
    CHECK(branch.serves());
    CHECK(branch.chain.create_order(kUser, kProvider) == branch.order);
    branch.gateway->live(2);
    CHECK(branch.serves());
    const auto order = branch.chain.order(branch.order);
    CHECK(order.status == chain::OrderStatus::running);
    const auto told = branch.told(branch.lease);
    CHECK(told.ends_at == order.ends_at());
    // The projection names another key; the lease and its sessions keep theirs.
    CHECK(branch.world->ask<OrderRow>(branch.gateway->orders, find_atom_v, branch.order).value().lease_key !=
          branch.lease.lease_key);
    CHECK(branch.gateway->accept(branch.order, kUser).value().lease_key == branch.lease.lease_key);
    CHECK(branch.world->ask<std::vector<LeaseInfo>>(branch.gateway->leases, list_atom_v).value().size() == 1);
    // And it hears of the order's end at once.
    branch.chain.must(kUser, branch.chain.contracts.market, market_calls::cancel_order(branch.order));
    branch.world->run();
    CHECK(branch.told(branch.lease).state == LeaseState::gone);
    CHECK(branch.cluster.running.empty());
}

TEST_CASE("an order whose activation alone was taken back is activated again") {
    Branch branch;
    branch.chain.fork(branch.created);
    branch.chain.state = branch.created_state;
    branch.chain.time = branch.chain.time + chain::Seconds{5};
    branch.chain.mine();
    branch.gateway->live(2);
    CHECK(branch.serves());
    CHECK(branch.chain.order(branch.order).status == chain::OrderStatus::running);
    CHECK(branch.chain.transacted.size() == 2);
    CHECK(branch.told(branch.lease).ends_at == branch.chain.order(branch.order).ends_at());
    CHECK(branch.told(branch.lease).ends_at > branch.lease.ends_at);
}

TEST_CASE("an order that the chain has no more is served until the chain has said so for 32 blocks") {
    Branch branch;
    branch.leave();
    branch.blocks(0);
    CHECK(branch.serves());
    branch.blocks(31);
    CHECK(branch.serves());
    // A silent chain is no answer, however long.
    branch.chain.unreachable = true;
    branch.blocks(40);
    branch.gateway->live(60);
    CHECK(branch.serves());
    branch.chain.unreachable = false;
    branch.gateway->live(7);
    CHECK(branch.told(branch.lease).state == LeaseState::gone);
    CHECK(branch.cluster.running.empty());
    CHECK(branch.chain.transacted.size() == 1);

    // It comes after all: another lease of the same user.
    CHECK(branch.chain.create_order(kUser, kProvider) == branch.order);
    const auto again = branch.gateway->accept(branch.order, kUser).value();
    CHECK(again.lease_key != branch.lease.lease_key);
    CHECK(again.state == LeaseState::authorised);
    CHECK(branch.chain.order(branch.order).status == chain::OrderStatus::running);
    branch.gateway->deploy(again, manifest()).value();
    CHECK(branch.cluster.running.size() == 1);
}

TEST_CASE("an order that is created again under another number keeps its lease") {
    Branch branch;
    branch.leave();
    CHECK(branch.chain.create_order(kOther, kProvider) == branch.order);
    const auto now = branch.chain.create_order(kUser, kProvider);
    REQUIRE(now != branch.order);
    branch.gateway->live(3);
    CHECK(branch.serves());
    CHECK(branch.told(branch.lease).order == now);
    CHECK(branch.chain.order(now).status == chain::OrderStatus::running);
    CHECK(branch.gateway->accept(now, kUser).value().lease_key == branch.lease.lease_key);
    // The number belongs to somebody else, who is served, too.
    const auto others = branch.gateway->accept(branch.order, kOther).value();
    CHECK(others.lease_key != branch.lease.lease_key);
    CHECK(branch.gateway->accept(branch.order, kUser).code() == "not_yours");
    branch.chain.must(kUser, branch.chain.contracts.market, market_calls::cancel_order(now));
    branch.world->run();
    CHECK(branch.told(branch.lease).state == LeaseState::gone);
    CHECK(branch.told(others).state == LeaseState::authorised);
}

TEST_CASE("an order whose end was taken back is accepted again, and its sessions are good again") {
    Branch branch;
    const auto running = branch.chain.blocks.back().number;
    const auto state = branch.chain.state;
    branch.chain.must(kUser, branch.chain.contracts.market, market_calls::cancel_order(branch.order));
    branch.gateway->live(2);
    CHECK(branch.told(branch.lease).state == LeaseState::gone);
    CHECK(branch.gateway->accept(branch.order, kUser).code() == "wrong_state");
    CHECK(branch.gateway->sessions->ended()->contains(branch.lease.lease_key));
    branch.chain.fork(running);
    branch.chain.state = state;
    branch.chain.mine();
    branch.world->run();
    const auto again = branch.gateway->accept(branch.order, kUser).value();
    CHECK(again.lease_key == branch.lease.lease_key);
    CHECK(again.state == LeaseState::authorised);
    CHECK_FALSE(branch.gateway->sessions->ended()->contains(branch.lease.lease_key));
    branch.gateway->deploy(again, manifest()).value();
    branch.gateway->live(2);
    CHECK(branch.gateway->route(again)->state == lease::RouteState::ready);
    CHECK(branch.chain.transacted.size() == 1);
}

TEST_CASE("an acceptance that a reorganisation interrupts ends with one lease and one row") {
    Disk disk;
    Chain chain;
    Cluster cluster;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    const auto before = chain.blocks.back().number;
    const auto state = chain.state;
    const auto order = chain.create_order(kUser, kProvider);
    World world(disk, chain);
    Gateway gateway(world, cluster);
    chain.refuse_transact = 1;
    CHECK(gateway.accept(order, kUser).code() == "unavailable");
    CHECK(disk.rows("leases").size() == 1);
    chain.fork(before);
    chain.state = state;
    chain.mine();
    CHECK(chain.create_order(kUser, kProvider) == order);
    world.run();
    CHECK(gateway.accept(order, kUser).value().state == LeaseState::authorised);
    CHECK(disk.rows("leases").size() == 1);
}
