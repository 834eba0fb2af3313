#include <catch2/catch.hpp>

#include "actor/gateway.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);
const chain::Address kStranger = account(3);

/// A provider, a rival, and an unactivated order of kUser with each.
struct Market {
    Market() {
        chain.register_provider(kProvider);
        chain.register_provider(account(9));
        chain.fund(kUser);
        order = chain.create_order(kUser, kProvider);
        rivals = chain.create_order(kUser, account(9));
    }
    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
    chain::OrderId rivals;
};

}  // namespace

TEST_CASE("accepting an order activates it and makes a lease") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    CHECK(lease.state == LeaseState::authorised);
    CHECK(lease.user == kUser);
    const auto order = market.chain.order(market.order);
    CHECK(order.status == chain::OrderStatus::running);
    CHECK(lease.ends_at == order.ends_at());
    CHECK(lease.resources == order.resources);
    CHECK(lease.lease_key ==
          world.ask<OrderRow>(gateway.orders, find_atom_v, market.order).value().lease_key);
    CHECK(world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v, kUser).value().size() == 1);
    CHECK(world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v, kStranger).value().empty());
}

TEST_CASE("accepting twice answers the same lease and sends one transaction") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    auto first = world.start<LeaseInfo>(gateway.leases, accept_atom_v, market.order, kUser);
    auto second = world.start<LeaseInfo>(gateway.leases, accept_atom_v, market.order, kUser);
    world.run();
    CHECK(first.value().lease_key == second.value().lease_key);
    CHECK(gateway.accept(market.order, kUser).value().lease_key == first.value().lease_key);
    CHECK(market.chain.transacted.size() == 1);
}

TEST_CASE("an order that its provider activated already is accepted") {
    Market market;
    market.chain.must(kProvider, market.chain.contracts.market,
                      chain::calls::market::activate_order(market.order));
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(gateway.accept(market.order, kUser).value().state == LeaseState::authorised);
    CHECK(market.chain.transacted.empty());
}

TEST_CASE("orders that are foreign, stale or unknown are refused, and nothing is left of the attempt") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(gateway.accept(market.rivals, kUser).code() == "not_yours");
    CHECK(gateway.accept(market.order, kStranger).code() == "not_yours");
    CHECK(gateway.accept({77}, kUser).code() == "not_found");
    market.chain.must(kUser, market.chain.contracts.market, chain::calls::market::cancel_order(market.order));
    CHECK(gateway.accept(market.order, kUser).code() == "wrong_state");

    const auto late = market.chain.create_order(kUser, kProvider);
    market.chain.time = market.chain.order(late).activation_deadline;
    CHECK(gateway.accept(late, kUser).code() == "wrong_state");

    CHECK(market.chain.transacted.empty());
    CHECK(market.disk.rows("leases").empty());
    CHECK(world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v).value().empty());
}

TEST_CASE("a running order past its end is refused") {
    Market market;
    market.chain.must(kProvider, market.chain.contracts.market,
                      chain::calls::market::activate_order(market.order));
    market.chain.time = market.chain.order(market.order).ends_at();
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(gateway.accept(market.order, kUser).code() == "wrong_state");
}

TEST_CASE("users on the operator's deny list are refused") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.policy.deny.insert(kUser); });
    CHECK(gateway.accept(market.order, kUser).code() == "not_acceptable");
}

TEST_CASE("a silent chain is no answer: the order is accepted when it speaks again") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    market.chain.unreachable = true;
    CHECK(gateway.accept(market.order, kUser).code() == "unavailable");
    market.chain.unreachable = false;
    market.chain.refuse_transact = 1;
    CHECK(gateway.accept(market.order, kUser).code() == "unavailable");
    CHECK(gateway.accept(market.order, kUser).value().state == LeaseState::authorised);
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::running);
}

TEST_CASE("a node killed at any commit of an acceptance finishes it at its next start") {
    // 0: before the intent; 1: intent written, activation sent; 2: authorisation written, nobody was told.
    for (std::size_t commits = 0; commits <= 2; ++commits) {
        Market market;
        bool intent = false;
        {
            World world(market.disk, market.chain);
            Gateway gateway(world, market.cluster);
            market.disk.held = true;
            auto asked = world.ask<LeaseInfo>(gateway.leases, accept_atom_v, market.order, kUser);
            for (std::size_t i = 0; i < commits; ++i) {
                // Blocks of the activation wait for the disk as well: let exactly our rows through.
                while (market.disk.waiting() > 0 &&
                       market.disk.rows("leases").size() < std::min<std::size_t>(i + 1, 1)) {
                    market.disk.write(1);
                    world.run();
                }
                if (i == 1) {
                    market.disk.write();
                }
            }
            CHECK_FALSE(asked.answered());
            intent = !market.disk.rows("leases").empty();
            CHECK(intent == (commits > 0));
        }
        market.disk.held = false;
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        const auto live = world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v).value();
        CHECK(live.size() == (intent ? 1 : 0));
        CHECK(gateway.accept(market.order, kUser).value().state == LeaseState::authorised);
        CHECK(market.chain.order(market.order).status == chain::OrderStatus::running);
        CHECK(market.disk.rows("leases").size() == 1);
    }
}

TEST_CASE("an activation whose answer was lost is found on the chain") {
    Market market;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        market.chain.hold_transact = true;
        auto asked = gateway.accept(market.order, kUser);
        CHECK_FALSE(asked.answered());
        CHECK(market.chain.order(market.order).status == chain::OrderStatus::running);
    }
    market.chain.hold_transact = false;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v, kUser).value().size() == 1);
    CHECK(gateway.accept(market.order, kUser).value().state == LeaseState::authorised);
    CHECK(market.chain.transacted.size() == 1);
}
