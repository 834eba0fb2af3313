// A lease follows what becomes of its order: suspended, extended, replaced.
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"
#include "chain/settlement.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace market_calls = grid::chain::calls::market;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);
constexpr chain::Resources kResources{1000, 512, 1024, 0};

/// A provider, and orders of a user that begin or go on by its quotes: an hour after ten minutes of
/// probation.
struct Market {
    Market() {
        chain.register_provider(kProvider);
        chain.fund(kUser);
        order = by_quote({});
    }
    chain::OrderId by_quote(chain::OrderId replaces, const chain::Resources& resources = kResources) {
        chain::Quote quote;
        quote.provider = kProvider;
        quote.user = kUser;
        quote.resources = resources;
        quote.prices = {1000, 1000, 10, 0};
        quote.duration = {3600};
        quote.probation = {600};
        quote.renewable = true;
        quote.valid_until = chain.time + chain::Seconds{60};
        quote.replaces = replaces;
        quote.salt.bytes[0] = ++salts;
        const auto signature =
            key_of(1).sign(chain::quote_digest(quote, chain::kEmbeddedChainId, chain.contracts.market)).rsv();
        const auto call = replaces.value == 0 ? market_calls::create_order_with_quote(quote, signature)
                                              : market_calls::replace_order(quote, signature);
        return *chain::calls::decode_order_id(chain.must(kUser, chain.contracts.market, call).output);
    }
    void provider_calls(const chain::Bytes& call) { chain.must(kProvider, chain.contracts.market, call); }

    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
    std::uint8_t salts = 0;
};

LeaseInfo told(World& world, Gateway& gateway, const LeaseInfo& lease) {
    return world.ask<LeaseInfo>(gateway.leases, find_atom_v, lease.lease_key).value();
}

}  // namespace

TEST_CASE("a lease that is suspended in probation has no end until it is resumed") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    const auto since = market.chain.time;
    market.provider_calls(market_calls::suspend(market.order));
    world.run();
    CHECK(told(world, gateway, lease).suspended_since == since);
    CHECK(told(world, gateway, lease).ends_at == chain::settlement::kUnknownEnd);
    market.chain.time = lease.ends_at + chain::Seconds{1'000};
    gateway.tick();
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::running);
    market.provider_calls(market_calls::resume(market.order));
    world.run();
    const auto end = market.chain.order(market.order).ends_at();
    CHECK(end == market.chain.time + chain::Seconds{600 + 3'600});
    CHECK(told(world, gateway, lease).ends_at == end);
    CHECK(told(world, gateway, lease).suspended_since == chain::Timestamp{});
    CHECK(gateway.route(lease)->ends_at == end.seconds);
    market.chain.time = end;
    gateway.live(3);
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("an order that is already suspended when it is accepted has no end either") {
    Market market;
    market.provider_calls(market_calls::activate_order(market.order));
    market.provider_calls(market_calls::suspend(market.order));
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(gateway.accept(market.order, kUser).value().ends_at == chain::settlement::kUnknownEnd);
}

TEST_CASE("an order that its user extends is served to the new end") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.chain.must(kUser, market.chain.contracts.market,
                      market_calls::extend_order(market.order, {1'800}));
    world.run();
    CHECK(told(world, gateway, lease).ends_at == lease.ends_at + chain::Seconds{1'800});
    market.chain.time = lease.ends_at;
    gateway.tick();
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
}

TEST_CASE("a lease goes on with the order that replaced its own, under the same URL") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    const auto app = gateway.deploy(lease, manifest()).value();
    market.chain.time = market.chain.time + chain::Seconds{1'000};
    const auto second = market.by_quote(market.order);
    gateway.tick();
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::completed);
    auto now = told(world, gateway, lease);
    CHECK(now.order == second);
    CHECK(now.ends_at == market.chain.order(second).ends_at());
    REQUIRE(now.apps.size() == 1);
    CHECK(now.apps.front().url == app.url);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(gateway.route(lease)->ends_at == now.ends_at.seconds);
    CHECK(market.cluster.removed == 0);
    // Accepting the new order answers the lease that there is.
    CHECK(gateway.accept(second, kUser).value().lease_key == lease.lease_key);
    // And news of the new order are news of the lease.
    market.chain.must(kUser, market.chain.contracts.market, market_calls::extend_order(second, {60}));
    world.run();
    CHECK(told(world, gateway, lease).ends_at == market.chain.order(second).ends_at());
    market.chain.must(kUser, market.chain.contracts.market, market_calls::cancel_order(second));
    gateway.live(3);
    CHECK(gateway.state(lease) == LeaseState::gone);
    CHECK(market.cluster.running.empty());
}

TEST_CASE("an order that was replaced twice while the node was down is found again") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
    }
    market.chain.time = market.chain.time + chain::Seconds{700};
    const auto third = market.by_quote(market.by_quote(market.order));
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(1);
    CHECK(told(world, gateway, lease).order == third);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.cluster.removed == 0);
}

TEST_CASE("a lease goes back to the order that its own had replaced, when the replacement is taken back") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    const auto before = market.chain.blocks.back().number;
    const auto state = market.chain.state;
    market.chain.time = market.chain.time + chain::Seconds{1'000};
    const auto second = market.by_quote(market.order, {2000, 1024, 2048, 0});
    gateway.tick();
    REQUIRE(told(world, gateway, lease).order == second);
    REQUIRE(told(world, gateway, lease).resources.cpu_milli == 2000);
    market.chain.fork(before);
    market.chain.state = state;
    market.chain.mine();
    gateway.live(3);
    CHECK(told(world, gateway, lease).order == market.order);
    CHECK(told(world, gateway, lease).resources == kResources);
    CHECK(told(world, gateway, lease).ends_at == market.chain.order(market.order).ends_at());
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.cluster.removed == 0);
    // And it comes again.
    const auto again = market.by_quote(market.order, {2000, 1024, 2048, 0});
    gateway.live(1);
    CHECK(told(world, gateway, lease).order == again);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.cluster.removed == 0);
}

TEST_CASE("a chain that is silent while the successor is looked for ends nothing") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.chain.time = market.chain.time + chain::Seconds{700};
    const auto second = market.by_quote(market.order);
    market.chain.unreachable = true;
    gateway.live(1);
    CHECK(market.cluster.removed == 0);
    market.chain.unreachable = false;
    gateway.live(8);
    CHECK(told(world, gateway, lease).order == second);
    CHECK(market.cluster.removed == 0);
}

TEST_CASE("an order that was extended while the node was down is not ended at its start") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
    }
    market.chain.must(kUser, market.chain.contracts.market,
                      market_calls::extend_order(market.order, {1'800}));
    market.chain.time = lease.ends_at + chain::Seconds{10};
    market.chain.unreachable = true;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(10);
    CHECK(market.cluster.removed == 0);
    market.chain.unreachable = false;
    gateway.live(10);
    CHECK(market.cluster.removed == 0);
    CHECK(told(world, gateway, lease).ends_at == lease.ends_at + chain::Seconds{1'800});
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    market.chain.time = lease.ends_at + chain::Seconds{1'800};
    gateway.live(10);
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("an order that was replaced while the node was down goes on, also when its own end has passed") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
    }
    market.chain.time = market.chain.time + chain::Seconds{3'000};
    const auto second = market.by_quote(market.order);
    market.chain.time = lease.ends_at + chain::Seconds{10};
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(5);
    CHECK(told(world, gateway, lease).order == second);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.cluster.removed == 0);
}

TEST_CASE("the end of an order waits for a chain that is silent, and comes when it speaks") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.chain.unreachable = true;
    market.chain.time = lease.ends_at;
    gateway.live(30);
    CHECK(market.cluster.removed == 0);
    CHECK(market.cluster.running.size() == 1);
    // Visitors are turned away by the end that the route bears.
    CHECK(gateway.route(lease)->ended(market.chain.time.seconds));
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:2")).code() == "unavailable");
    market.chain.unreachable = false;
    gateway.live(10);
    CHECK(gateway.state(lease) == LeaseState::gone);
    CHECK(market.cluster.running.empty());
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::completed);
}

TEST_CASE("on a network the end waits for a block past it, so that an extension at the last moment counts") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.blocks_come = true; });
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    // The clock of this node is ahead, or the blocks that count are behind.
    market.chain.mine();
    market.chain.time = lease.ends_at + chain::Seconds{60};
    gateway.live(60);
    CHECK(market.cluster.removed == 0);
    CHECK(gateway.route(lease)->ended(market.chain.time.seconds));
    const auto late = market.chain.time;
    market.chain.time = {lease.ends_at.seconds - 1};
    market.chain.must(kUser, market.chain.contracts.market,
                      market_calls::extend_order(market.order, {1'800}));
    market.chain.time = late;
    gateway.live(5);
    CHECK(market.cluster.removed == 0);
    CHECK(told(world, gateway, lease).ends_at == lease.ends_at + chain::Seconds{1'800});
    market.chain.time = lease.ends_at + chain::Seconds{1'800};
    gateway.live(10);
    CHECK(market.cluster.removed == 0);
    market.chain.mine();
    gateway.live(10);
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("on a network that makes no blocks the end comes by this node's clock, later") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.blocks_come = true; });
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.chain.time = lease.ends_at;
    gateway.live(590);
    CHECK(market.cluster.running.size() == 1);
    gateway.live(30);
    CHECK(market.cluster.running.empty());
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("an end that only an abandoned branch tells of ends nothing") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.chain.time = market.chain.time + chain::Seconds{700};
    auto row = world.ask<OrderRow>(gateway.orders, find_atom_v, market.order).value();
    row.order.status = chain::OrderStatus::completed;
    row.order.settled_at = market.chain.time;
    caf::anon_send(gateway.leases, OrderChanged{row, 0, market.chain.time});
    gateway.live(10);
    CHECK(market.cluster.removed == 0);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
}

TEST_CASE("applications get what the order that goes on has, and what it does not pay for is stopped") {
    Market market;
    LeaseInfo lease;
    const auto cpu = [&] { return market.cluster.applications.back().workloads[0].containers[0].cpu_milli; };
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        // One says what it needs, the other takes what is left.
        gateway.deploy(lease, manifest("docker.io/library/web:1", 600), "fixed").value();
        auto open = manifest("docker.io/library/web:2");
        open.erase(open.find("        resources:"));
        gateway.deploy(lease, open, "open").value();
        CHECK(cpu() == 400);
        const auto fixed = market.cluster.running.at({lease.lease_key, "fixed"}).application;

        market.chain.time = market.chain.time + chain::Seconds{1'000};
        market.order = market.by_quote(market.order, {2000, 1024, 2048, 0});
        gateway.live(3);
        CHECK(cpu() == 1400);
        // What has not changed is not touched: its storage was left open, and there is more now.
        CHECK(market.cluster.running.at({lease.lease_key, "fixed"})
                  .application.workloads[0]
                  .containers[0]
                  .cpu_milli == 600);

        market.chain.time = market.chain.time + chain::Seconds{1'000};
        market.order = market.by_quote(market.order, {500, 512, 1024, 0});
        gateway.live(10);
        CHECK(market.cluster.running.count({lease.lease_key, "fixed"}) == 0);
        for (const auto& app : told(world, gateway, lease).apps)
            if (app.name == "fixed") {
                CHECK(app.state == AppState::stopped);
                CHECK(app.reason.find("the order that goes on has less") != std::string::npos);
            }
        CHECK(gateway.state(lease) != LeaseState::gone);
        CHECK(fixed.workloads[0].replicas == 1);
    }
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(10);
    CHECK(market.cluster.running.count({lease.lease_key, "fixed"}) == 0);
}
