#include <catch2/catch.hpp>

#include "actor/world.hpp"
#include "actors/keeper.hpp"
#include "actors/order.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;
using namespace std::chrono_literals;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

struct Node {
    explicit Node(World& w, std::optional<chain::Address> provider = std::nullopt)
        : world(w),
          orders(w.own(actors::order(w.system(), w.disk.storage(), w.chain_info(), w.chain_handle()))),
          keeper(w.own(actors::keeper(w.system(), w.clock(), w.chain.contracts.market, orders,
                                      w.chain_handle(), provider, 0ms))) {
        w.run();
    }
    void tick() {
        caf::anon_send(keeper, tick_atom_v);
        world.run();
    }
    World& world;
    order_actor orders;
    keeper_actor keeper;
};

/// A chain on which an order of ten minutes runs.
struct Served {
    Served() {
        chain.register_provider(kProvider);
        chain.fund(kUser);
        id = chain.create_order(kUser, kProvider, {600});
        chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order(id));
    }
    Disk disk;
    Chain chain;
    chain::OrderId id;
};

/// The same with a keeper.
struct Kept : Served {
    World world{disk, chain};
    Node node{world};
};

}  // namespace

TEST_CASE_METHOD(Kept, "the keeper settles an order at its end, once") {
    const auto end = chain.order(id).ends_at();
    chain.time = {end.seconds - 1};
    node.tick();
    CHECK(chain.transacted.empty());
    chain.time = end;
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
    CHECK(chain.order(id).paid_provider == chain.order(id).deposit);
    for (int i = 0; i < 100; ++i) {
        chain.time = chain.time + chain::Seconds{10};
        node.tick();
    }
    CHECK(chain.transacted.size() == 1);
}

TEST_CASE_METHOD(Kept, "the keeper settles again what a reorganisation took back") {
    chain.time = chain.order(id).ends_at();
    const auto before = chain.blocks.back().number;
    const auto state = chain.state;
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
    chain.fork(before);
    chain.state = state;
    chain.mine();
    world.run();
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
    CHECK(chain.transacted.size() == 2);
}

TEST_CASE_METHOD(Kept, "the keeper tries again until the chain has settled") {
    chain.time = chain.order(id).ends_at();
    chain.refuse_transact = 3;
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::running);
    node.tick();
    CHECK(chain.transacted.size() == 1);  // not before its wait is over
    for (int i = 0; i < 60; ++i) {
        chain.time = chain.time + chain::Seconds{1};
        node.tick();
    }
    CHECK(chain.transacted.size() == 4);
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
}

TEST_CASE_METHOD(Kept, "a settlement that the projection does not know yet is not paid for twice") {
    chain.time = chain.order(id).ends_at();
    disk.held = true;
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
    for (int i = 0; i < 20; ++i) {
        chain.time = chain.time + chain::Seconds{1};
        node.tick();
    }
    CHECK(chain.transacted.size() == 1);
    disk.held = false;
    disk.write();
    world.run();
    for (int i = 0; i < 100; ++i) {
        chain.time = chain.time + chain::Seconds{1};
        node.tick();
    }
    CHECK(chain.transacted.size() == 1);
}

TEST_CASE_METHOD(Kept, "a settlement whose answer is awaited is not asked for again") {
    chain.time = chain.order(id).ends_at();
    chain.hold_transact = true;
    disk.held = true;
    for (int i = 0; i < 20; ++i) {
        node.tick();
        chain.time = chain.time + chain::Seconds{1};
    }
    CHECK(chain.transacted.size() == 1);
}

TEST_CASE_METHOD(Served, "an order that ended while the keeper was down is settled at its next start") {
    {
        World world(disk, chain);
        Node node(world);
    }
    chain.time = chain.order(id).ends_at() + chain::Seconds{1000};
    World world(disk, chain);
    Node node(world);
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
}

TEST_CASE("an order that nobody activated is cancelled after its deadline, with a full refund") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    const auto before = chain.state.credit_balance(kUser);
    const auto id = chain.create_order(kUser, kProvider);
    World world(disk, chain);
    Node node(world);
    chain.time = {chain.order(id).activation_deadline.seconds - 1};
    node.tick();
    CHECK(chain.transacted.empty());
    chain.time = chain.order(id).activation_deadline;
    node.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::cancelled);
    CHECK(chain.state.credit_balance(kUser) == before);
}

TEST_CASE("orders that end together are settled in batches of a hundred, none is lost") {
    actors::KeeperSchedule schedule;
    for (std::uint64_t id = 1; id <= 250; ++id) {
        chain::Order order;
        order.id = {id};
        order.status = chain::OrderStatus::running;
        order.activated_at = {1000};
        order.duration = {100};
        schedule.update(order);
    }
    CHECK(schedule.take({1099}, 100).settle.empty());
    std::set<std::uint64_t> settled;
    std::vector<std::vector<chain::OrderId>> batches;
    for (std::size_t expected : {100u, 100u, 50u}) {
        const auto due = schedule.take({1100}, 100);
        REQUIRE(due.settle.size() == 1);
        CHECK(due.settle.front().size() == expected);
        for (auto id : due.settle.front()) settled.insert(id.value);
        batches.push_back(due.settle.front());
    }
    CHECK(schedule.take({1100}, 100).settle.empty());
    CHECK(settled.size() == 250);
    // Not confirmed: they are due again after the first wait, in the same company.
    CHECK(schedule.take({1102}, 1000).settle == batches);
}

TEST_CASE("an order whose end is not known is not settled, and is at the end that comes of it") {
    actors::KeeperSchedule schedule;
    chain::Order order;
    order.id = {1};
    order.status = chain::OrderStatus::running;
    order.activated_at = {1000};
    order.probation = {50};
    order.duration = {100};
    schedule.update(order);
    order.suspended_since = {1049};
    schedule.update(order);
    CHECK(schedule.take({99'999}, 10).settle.empty());
    order.suspended_since = {};
    order.probation = {1050};
    schedule.update(order);
    CHECK(schedule.take({2149}, 10).settle.empty());
    CHECK(schedule.take({2150}, 10).settle.size() == 1);
}

TEST_CASE("an order whose end moves is not settled at the old one") {
    actors::KeeperSchedule schedule;
    chain::Order order;
    order.id = {1};
    order.status = chain::OrderStatus::running;
    order.activated_at = {1000};
    order.duration = {100};
    schedule.update(order);
    order.duration = {200};
    schedule.update(order);
    CHECK(schedule.take({1199}, 10).settle.empty());
    CHECK(schedule.take({1200}, 10).settle.size() == 1);
    order.status = chain::OrderStatus::completed;
    schedule.update(order);
    CHECK(schedule.size() == 0);
}

TEST_CASE("orders that were tried together are tried together again, also when others become due") {
    actors::KeeperSchedule schedule;
    chain::Order order;
    order.status = chain::OrderStatus::running;
    order.activated_at = {1000};
    const auto with = [&](std::uint64_t id, std::uint64_t duration) {
        order.id = {id};
        order.duration = {duration};
        schedule.update(order);
    };
    using Batches = std::vector<std::vector<chain::OrderId>>;
    with(1, 100);
    with(2, 100);
    with(3, 102);
    CHECK(schedule.take({1100}, 10).settle == Batches{{{1}, {2}}});
    // One of the two has ended; the call stays what it was, so that it joins the transaction under way.
    order.status = chain::OrderStatus::completed;
    with(1, 100);
    order.status = chain::OrderStatus::running;
    CHECK(schedule.take({1102}, 10).settle == Batches{{{1}, {2}}, {{3}}});
    // The other was extended: the batch is nobody's any more.
    with(2, 1000);
    CHECK(schedule.take({1106}, 10).settle == Batches{{{3}}});
    CHECK(schedule.take({2000}, 10).settle == Batches{{{3}}, {{2}}});
}

TEST_CASE_METHOD(Served, "a keeper of one provider leaves the orders at others alone") {
    World world(disk, chain);
    Node other(world, account(7));
    chain.time = chain.order(id).ends_at();
    other.tick();
    CHECK(chain.transacted.empty());
    Node own(world, kProvider);
    own.tick();
    CHECK(chain.order(id).status == chain::OrderStatus::completed);
}
