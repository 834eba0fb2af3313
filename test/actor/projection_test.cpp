#include <catch2/catch.hpp>

#include "actor/world.hpp"
#include "actors/order.hpp"
#include "actors/registry.hpp"
#include "lease/lease_key.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

struct Projections {
    explicit Projections(World& world)
        : orders(world.own(
              actors::order(world.system(), world.disk.storage(), world.chain_info(), world.chain_handle()))),
          registry(world.own(actors::registry(world.system(), world.disk.storage(), world.chain_info(),
                                              world.chain_handle()))) {
        world.run();
    }
    order_actor orders;
    registry_actor registry;
};

// What the projections hold of a chain with a provider and three orders, one of them ended.
void trade(Chain& chain) {
    chain.register_provider(kProvider);
    for (std::uint32_t user = 2; user < 5; ++user) {
        chain.fund(account(user));
        chain.create_order(account(user), kProvider);
    }
    chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order({1}));
    chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order({2}));
    chain.time = chain.time + chain::Seconds{600};
    chain.must(account(3), chain.contracts.market, chain::calls::market::cancel_order({2}));
}

order_watcher_actor watcher_into(World& world, const std::shared_ptr<std::vector<OrderChanged>>& heard) {
    return world.own(world.system().spawn(
        [heard](order_watcher_actor::pointer, caf::unit_t) {
            return order_watcher_actor::behavior_type{
                [heard](const OrderChanged& change) { heard->push_back(change); }};
        },
        caf::unit));
}

std::vector<std::map<store::Bytes, store::Bytes>> all_rows(Disk& disk) {
    return {disk.rows("orders"),    disk.rows("order.blocks"),    disk.rows("order.undo"),
            disk.rows("providers"), disk.rows("registry.blocks"), disk.rows("registry.undo")};
}

}  // namespace

TEST_CASE("an order's row is what the contract says of the order") {
    Disk disk;
    Chain chain;
    trade(chain);
    World world(disk, chain);
    Projections node(world);
    for (std::uint64_t id = 1; id <= 3; ++id) {
        const auto row = world.ask<OrderRow>(node.orders, find_atom_v, OrderId{id}).value();
        auto expected = chain.order({id});
        auto seen = row.order;
        // Not in any event, and of no use outside the contract.
        seen.user_check = expected.user_check;
        seen.provider_check = expected.provider_check;
        seen.settled_at = expected.settled_at;
        seen.settle_height = expected.settle_height;
        CHECK(seen == expected);
    }
    const auto row = world.ask<OrderRow>(node.orders, find_atom_v, OrderId{1}).value();
    CHECK(row.lease_key == lease::lease_key(chain::kEmbeddedChainId, chain.contracts.market, kProvider, kUser,
                                            {1}, chain.blocks[row.created_height].hash));
}

TEST_CASE("an order's row follows suspensions, extensions, reports and the fee") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    auto entry = *chain.state.provider(kProvider);
    entry.renewable = true;
    entry.probation = {100};
    chain.must(kProvider, chain.contracts.registry, chain::calls::registry::set(entry));
    auto parameters = chain.state.parameters();
    parameters.market.fee_bp = 500;
    chain.state.set_parameters(parameters);
    chain.fund(kUser);
    const auto id = chain.create_order(kUser, kProvider);
    World world(disk, chain);
    Projections node(world);
    const auto act = [&](const chain::Address& by, const chain::Bytes& call, std::uint64_t after) {
        chain.time = chain.time + chain::Seconds{after};
        chain.must(by, chain.contracts.market, call);
        world.run();
        const auto expected = chain.order(id);
        auto seen = world.ask<OrderRow>(node.orders, find_atom_v, id).value().order;
        seen.settled_at = expected.settled_at;
        CHECK(seen == expected);
    };
    namespace market = chain::calls::market;
    act(kProvider, market::activate_order(id), 1);
    act(kUser, market::report_unserved(id), 10);
    act(kProvider, market::suspend(id), 10);
    act(kProvider, market::resume(id), 1'000);
    act(kUser, market::extend_order(id, {600}), 10);
    act(kProvider, market::suspend(id), 500);
    act(kProvider, market::settle(id), 10);
    act(kProvider, market::resume(id), 10);
    act(kUser, market::cancel_order(id), 10);
    CHECK_FALSE(chain.order(id).paid_fee.is_zero());
}

TEST_CASE("a provider's row follows registration and reservations") {
    Disk disk;
    Chain chain;
    trade(chain);
    World world(disk, chain);
    Projections node(world);
    const auto row = world.ask<ProviderRow>(node.registry, find_atom_v, kProvider).value();
    CHECK(row.provider == *chain.state.provider(kProvider));
    CHECK(row.provider.available.cpu_milli == 6000);
    CHECK(world.ask<ProviderRow>(node.registry, find_atom_v, kUser).code() == "not_found");
}

TEST_CASE("blocks are acknowledged only when they are durable") {
    Disk disk;
    Chain chain;
    trade(chain);
    disk.held = true;
    World world(disk, chain);
    Projections node(world);
    CHECK(disk.waiting() > 0);
    CHECK(chain.acknowledged == 0);
    disk.write();
    world.run();
    CHECK(chain.acknowledged == chain.blocks.back().number);
}

TEST_CASE("a query that names a block waits until that block is durable") {
    Disk disk;
    Chain chain;
    World world(disk, chain);
    Projections node(world);
    chain.register_provider(kProvider);
    chain.fund(kUser);
    chain.create_order(kUser, kProvider);
    const auto head = chain.blocks.back().number;
    disk.held = true;
    auto asked = world.ask<OrderRow>(node.orders, find_atom_v, OrderId{1}, head);
    CHECK_FALSE(asked.answered());
    disk.held = false;
    disk.write();
    world.run();
    CHECK(asked.value().order.user == kUser);
    auto never = world.ask<OrderRow>(node.orders, find_atom_v, OrderId{1}, head + 1);
    CHECK_FALSE(never.answered());
    world.pass(std::chrono::seconds{31}, std::chrono::seconds{1});
    CHECK(never.code() == "timeout");
}

TEST_CASE("watchers hear of an order after the change is durable") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    World world(disk, chain);
    Projections node(world);
    const auto heard = std::make_shared<std::vector<OrderChanged>>();
    const auto watcher = watcher_into(world, heard);
    CHECK(world.ask<OrderPage>(node.orders, live_atom_v, watcher).value().rows.empty());
    disk.held = true;
    chain.create_order(kUser, kProvider);
    world.run();
    CHECK(heard->empty());
    disk.write();
    world.run();
    REQUIRE(heard->size() == 1);
    CHECK(heard->front().row.order.status == chain::OrderStatus::unactivated);
    CHECK(heard->front().height == chain.blocks.back().number);
}

TEST_CASE("a node that is killed at any commit ends with the rows of one that was not") {
    Disk whole;
    Chain chain;
    trade(chain);
    {
        World world(whole, chain);
        Projections node(world);
    }
    const auto expected = all_rows(whole);
    CHECK(expected[0].size() == 3);
    for (std::size_t commits = 0; commits < 2 * chain.blocks.size(); ++commits) {
        Disk disk;
        disk.held = true;
        {
            World world(disk, chain);
            Projections node(world);
            disk.write(commits);
        }
        disk.held = false;
        World world(disk, chain);
        Projections node(world);
        CHECK(all_rows(disk) == expected);
        CHECK(world.ask<OrderPage>(node.orders, list_atom_v, OrderQuery{}).value().rows.size() == 3);
    }
}

TEST_CASE("a reorganisation takes back what it orphans, in rows and in memory") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    const auto fork = chain.blocks.back().number;
    World world(disk, chain);
    Projections node(world);
    const auto before = disk.rows("orders");
    const auto id = chain.create_order(kUser, kProvider);
    chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order(id));
    const auto logs = chain.blocks[fork + 1].logs;
    world.run();
    const auto orphaned = world.ask<OrderRow>(node.orders, find_atom_v, id).value();
    CHECK(orphaned.order.status == chain::OrderStatus::running);

    chain.fork(fork);
    const auto mined = chain.mine();
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{mined}}).value() == fork + 1);
    CHECK(disk.rows("orders") == before);
    CHECK(world.ask<OrderRow>(node.orders, find_atom_v, id).code() == "not_found");

    // The same order again, in another block: another lease.
    const auto again = chain.mine(logs);
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{again}}).value() == fork + 2);
    const auto row = world.ask<OrderRow>(node.orders, find_atom_v, id).value();
    CHECK(row.order.status == chain::OrderStatus::unactivated);
    CHECK(row.lease_key != orphaned.lease_key);
}

TEST_CASE("watchers hear what a reorganisation made of the orders that they know") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    const auto kept = chain.create_order(kUser, kProvider);
    chain.fund(account(3));
    const auto fork = chain.blocks.back().number;
    World world(disk, chain);
    Projections node(world);
    const auto heard = std::make_shared<std::vector<OrderChanged>>();
    const auto watcher = watcher_into(world, heard);
    world.ask<OrderPage>(node.orders, live_atom_v, watcher).value();
    chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order(kept));
    const auto left = chain.create_order(account(3), kProvider);
    world.run();
    REQUIRE(heard->size() == 2);
    const auto created = heard->back().row;
    heard->clear();

    chain.fork(fork);
    chain.mine();
    world.run();
    REQUIRE(heard->size() == 2);
    if (heard->front().row.order.id == left) std::swap(heard->front(), heard->back());
    CHECK(heard->front().row.order.id == kept);
    CHECK(heard->front().row.order.status == chain::OrderStatus::unactivated);
    CHECK(heard->front().row == world.ask<OrderRow>(node.orders, find_atom_v, kept).value());
    CHECK(heard->back().row.order.id == left);
    CHECK(heard->back().row.order.status == chain::OrderStatus::none);
    CHECK(heard->back().row.lease_key == created.lease_key);
    CHECK(heard->back().row.order.user == account(3));
}

TEST_CASE("blocks that leave a gap or build on nothing known are refused") {
    Disk disk;
    Chain chain;
    for (int i = 0; i < 5; ++i) chain.mine();
    World world(disk, chain);
    Projections node(world);
    auto far = chain.blocks.back();
    far.number += 2;
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{far}}).code() == "gap");
    auto foreign = chain.blocks.back();
    foreign.number += 1;
    foreign.hash.bytes[0] ^= 1;
    foreign.parent.bytes[0] ^= 1;
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{foreign}}).code() == "unknown_parent");
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{chain.blocks[3]}}).value() == 5);
}

TEST_CASE("a projection whose store refuses says so and stops") {
    Disk disk;
    Chain chain;
    World world(disk, chain);
    Projections node(world);
    disk.fails = Error{"disk_full", "no space"};
    const auto block = chain.mine();
    CHECK(world.ask<std::uint64_t>(node.orders, BlockBatch{{block}}).code() == "projection_failed");
    CHECK(world.ask<OrderPage>(node.orders, list_atom_v, OrderQuery{}).code() == "unavailable");
}
