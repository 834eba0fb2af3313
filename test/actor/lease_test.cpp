#include <catch2/catch.hpp>

#include "actor/gateway.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;
using namespace std::chrono_literals;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

/// A user with an order of an hour.
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

std::string session_of(const Gateway& gateway, const LeaseInfo& lease) {
    lease::Claims claims;
    claims.user = lease.user;
    claims.lease_key = lease.lease_key;
    claims.expires_at = lease.ends_at;
    claims.scopes = lease::Scopes::all();
    return gateway.sessions->tokens()->issue(claims);
}

}  // namespace

TEST_CASE("a deployed application has a URL and a route to its pods") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    const auto app = gateway.deploy(lease, manifest()).value();
    CHECK(app.state == AppState::ready);
    const auto label = lease::application_label("web", actors::route_key(lease.lease_key));
    CHECK(app.url == "http://" + label + ".apps.localhost:8090/");
    const auto route = gateway.route(lease);
    REQUIRE(route);
    CHECK(route->state == lease::RouteState::ready);
    CHECK(route->upstreams == std::vector<lease::Upstream>{{"10.0.0.2", 8080}});
    CHECK(route->owner == kUser);
    CHECK(route->ends_at == lease.ends_at.seconds);
    CHECK_FALSE(route->is_public);
    CHECK(gateway.state(lease) == LeaseState::ready);
}

TEST_CASE("an application comes from a template or a URL as well") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    auto request = gateway.request(lease, "web", "one");
    request.source = DeployRequest::Source::template_id;
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).value().state == AppState::ready);
    request.manifest = "nothing";
    request.app = "two";
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).code() == "unknown_template");
    request.source = DeployRequest::Source::url;
    request.manifest = "https://example.org/web.yaml";
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).value().name == "two");
    request.manifest = "https://example.org/other.yaml";
    request.app = "three";
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).code() == "bad_status");
    CHECK(market.cluster.running.size() == 2);
}

TEST_CASE("the cluster hears of an application only after its row is durable") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    market.disk.held = true;
    auto asked = gateway.deploy(lease, manifest());
    CHECK(market.cluster.applied == 0);
    market.disk.write();
    world.run();
    CHECK(market.cluster.applied == 1);
    CHECK_FALSE(asked.answered());  // ready, but that is not written yet
    market.disk.write();
    world.run();
    CHECK(asked.value().state == AppState::ready);
}

TEST_CASE("bad deployments are refused with their reason and leave nothing") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    CHECK(gateway.deploy(lease, "a:\n\t- b").code() == "bad_manifest");
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 5000)).code() == "too_large");
    CHECK(gateway.deploy(lease, manifest(), "Web").code() == "bad_app_name");
    auto request = gateway.request(lease, manifest());
    request.user = account(5);
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).code() == "not_yours");
    request = gateway.request(lease, manifest());
    request.lease_key.bytes[0] ^= 1;
    CHECK(world.ask<AppInfo>(gateway.leases, deploy_atom_v, request).code() == "not_found");
    CHECK(market.disk.rows("apps").empty());
    CHECK(market.cluster.applied == 0);
    CHECK(gateway.state(lease) == LeaseState::authorised);
}

TEST_CASE("two applications share what the order bought") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 600), "one").value().state ==
          AppState::ready);
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 600), "two").code() == "too_large");
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:1", 400), "two").value().state ==
          AppState::ready);
}

TEST_CASE("an application that the cluster refuses to start leaves nothing, and the reason is told") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    market.cluster.refuse_apply = Error{"image_unavailable", "no such image"};
    auto asked = gateway.deploy(lease, manifest());
    CHECK(asked.code() == "image_unavailable");
    CHECK(asked.result().error().message == "no such image");
    CHECK(market.disk.rows("apps").empty());
    CHECK_FALSE(gateway.route(lease));
    market.cluster.refuse_apply.reset();
    CHECK(gateway.deploy(lease, manifest()).value().state == AppState::ready);
}

TEST_CASE("an application that stops, or is never ready, leaves nothing") {
    const bool stops = GENERATE(true, false);
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    market.cluster.begins = stops ? Health::failed : Health::starting;
    market.cluster.begins_reason = stops ? "exit code 1" : "not listening";
    auto asked = gateway.deploy(lease, manifest());
    if (!stops) {
        CHECK_FALSE(asked.answered());
        CHECK(gateway.route(lease)->state == lease::RouteState::starting);
        CHECK(gateway.deploy(lease, manifest()).code() == "busy");
        world.pass(62s, 500ms);
    }
    CHECK(asked.code() == "failed_to_start");
    CHECK(asked.result().error().message.find(market.cluster.begins_reason) != std::string::npos);
    CHECK(market.cluster.running.empty());
    CHECK(market.disk.rows("apps").empty());
    CHECK_FALSE(gateway.route(lease));
}

TEST_CASE("an update that fails keeps the version before it") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    const auto first = gateway.deploy(lease, manifest("docker.io/library/web:1")).value();
    market.cluster.bad_image = "docker.io/library/web:2";
    auto update = gateway.deploy(lease, manifest("docker.io/library/web:2"));
    CHECK(update.code() == "failed_to_start");
    gateway.live(10);
    const auto& running = market.cluster.running.at({lease.lease_key, "web"});
    CHECK(running.application.workloads.front().containers.front().image == "docker.io/library/web:1");
    const auto info = world.ask<LeaseInfo>(gateway.leases, find_atom_v, lease.lease_key).value();
    REQUIRE(info.apps.size() == 1);
    CHECK(info.apps.front().manifest_hash == first.manifest_hash);
    CHECK(info.apps.front().state == AppState::ready);
}

TEST_CASE("a removed application is gone from cluster, store and routes") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    world.ask<caf::unit_t>(gateway.leases, remove_atom_v, lease.lease_key, std::string("web")).value();
    CHECK(market.cluster.running.empty());
    CHECK(market.disk.rows("apps").empty());
    CHECK_FALSE(gateway.route(lease));
    CHECK(world.ask<caf::unit_t>(gateway.leases, remove_atom_v, lease.lease_key, std::string("web")).code() ==
          "not_found");
}

TEST_CASE(
    "at the end of the order routes end at once, the session dies, nothing runs, and the provider is paid") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    const auto token = session_of(gateway, lease);
    market.chain.time = {lease.ends_at.seconds - 1};
    gateway.tick();
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    market.cluster.refuse_remove = 2;
    market.disk.held = true;
    market.chain.time = lease.ends_at;
    gateway.tick();
    CHECK(gateway.route(lease)->state == lease::RouteState::ended);
    CHECK(gateway.sessions->check(token, {lease.ends_at.seconds - 1}).error().code == "revoked_token");
    CHECK(market.cluster.running.size() == 1);  // its end is not written yet
    market.disk.held = false;
    market.disk.write();
    gateway.live(20);
    CHECK(market.cluster.running.empty());
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::completed);
    CHECK(market.chain.order(market.order).paid_provider == market.chain.order(market.order).deposit);
    CHECK(gateway.state(lease) == LeaseState::gone);
    CHECK(gateway.route(lease)->state == lease::RouteState::ended);
    CHECK(gateway.deploy(lease, manifest()).code() == "ended");
    CHECK(gateway.accept(market.order, kUser).code() == "wrong_state");
    CHECK(world.ask<std::vector<LeaseInfo>>(gateway.leases, list_atom_v).value().empty());
}

TEST_CASE("an order that its user cancels is torn down, and a second node run knows that it has ended") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
        market.chain.time = market.chain.time + chain::Seconds{60};
        market.chain.must(kUser, market.chain.contracts.market,
                          chain::calls::market::cancel_order(market.order));
        world.run();
        CHECK(market.cluster.running.empty());
        CHECK(gateway.route(lease)->state == lease::RouteState::ended);
        CHECK(gateway.state(lease) == LeaseState::gone);
    }
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    REQUIRE(gateway.route(lease));
    CHECK(gateway.route(lease)->state == lease::RouteState::ended);
    market.chain.time = market.chain.time + chain::Seconds{24 * 3600 + 1};
    gateway.tick();
    CHECK_FALSE(gateway.route(lease));
    CHECK(market.disk.rows("leases").empty());
    CHECK(market.disk.rows("apps").empty());
}

TEST_CASE("settling is sent until the chain has taken it") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    market.chain.time = lease.ends_at;
    market.chain.refuse_transact = 3;
    gateway.live(30);
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::completed);
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("a cluster that does not answer ends nothing") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.reconcile_interval = 5s; });
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    const auto applied = market.cluster.applied;
    market.cluster.unreachable = true;
    market.chain.unreachable = true;
    gateway.live(120);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(gateway.state(lease) == LeaseState::degraded);
    market.cluster.unreachable = false;
    market.chain.unreachable = false;
    gateway.live(10);
    CHECK(gateway.state(lease) == LeaseState::ready);
    CHECK(market.cluster.applied == applied);
    CHECK(market.cluster.removed == 0);
}

TEST_CASE("an application that is away is started again") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.cluster.running.clear();
    gateway.live(5);
    CHECK(market.cluster.running.size() == 1);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
}

TEST_CASE("after kill -9 the application is served under the same URL, by what runs already") {
    Market market;
    LeaseInfo lease;
    std::string url;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        url = gateway.deploy(lease, manifest()).value().url;
    }
    const auto applied = market.cluster.applied;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto info = world.ask<LeaseInfo>(gateway.leases, find_atom_v, lease.lease_key).value();
    REQUIRE(info.apps.size() == 1);
    CHECK(info.apps.front().url == url);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(market.cluster.applied == applied);
    CHECK(gateway.accept(market.order, kUser).value().lease_key == lease.lease_key);
}

TEST_CASE("a deployment that a kill interrupted is finished at the next start") {
    const bool heard = GENERATE(true, false);
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        market.cluster.hold_apply = true;
        CHECK_FALSE(gateway.deploy(lease, manifest()).answered());
        if (!heard) market.cluster.running.clear();
    }
    market.cluster.hold_apply = false;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    gateway.live(3);
    CHECK(market.cluster.running.size() == 1);
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    CHECK(gateway.state(lease) == LeaseState::ready);
}

TEST_CASE("an order that ended while the node was down is torn down at its start") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
    }
    market.chain.time = market.chain.time + chain::Seconds{60};
    market.chain.must(kUser, market.chain.contracts.market, chain::calls::market::cancel_order(market.order));
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(market.cluster.running.empty());
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("a teardown that a kill interrupted goes on at the next start") {
    Market market;
    LeaseInfo lease;
    {
        World world(market.disk, market.chain);
        Gateway gateway(world, market.cluster);
        lease = gateway.accept(market.order, kUser).value();
        gateway.deploy(lease, manifest()).value();
        market.cluster.refuse_remove = 1;
        market.chain.time = lease.ends_at;
        gateway.tick();
        CHECK(market.cluster.running.size() == 1);
    }
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK(gateway.route(lease)->state == lease::RouteState::ended);
    gateway.live(10);
    CHECK(market.cluster.running.empty());
    CHECK(market.chain.order(market.order).status == chain::OrderStatus::completed);
    CHECK(gateway.state(lease) == LeaseState::gone);
}

TEST_CASE("what runs without a lease or a row is removed, when the cluster answers") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](auto& settings) { settings.reconcile_interval = 5s; });
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    Hash stranger;
    stranger.bytes[0] = 7;
    market.cluster.running[{stranger, "web"}] = {};
    market.cluster.running[{lease.lease_key, "left-over"}] = {};
    gateway.live(8);
    CHECK(market.cluster.running.size() == 1);
    CHECK(market.cluster.running.contains({lease.lease_key, "web"}));
}

TEST_CASE("an order whose end moves is served to the new end") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    auto row = world.ask<OrderRow>(gateway.orders, find_atom_v, market.order).value();
    row.order.duration = {row.order.duration.count + 600};
    caf::anon_send(gateway.leases, OrderChanged{row, 0, market.chain.time});
    world.run();
    CHECK(gateway.route(lease)->ends_at == lease.ends_at.seconds + 600);
    market.chain.time = lease.ends_at;
    gateway.tick();
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
}

TEST_CASE("a lease whose store refuses comes back from its rows") {
    Market market;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.deploy(lease, manifest()).value();
    market.disk.fails = Error{"disk_full", "no space"};
    auto asked = gateway.deploy(lease, manifest("docker.io/library/web:2"));
    CHECK(gateway.deploy(lease, manifest()).code() == "unavailable");
    CHECK(gateway.route(lease)->state == lease::RouteState::ready);
    market.disk.fails.reset();
    gateway.live(3);
    CHECK(gateway.deploy(lease, manifest("docker.io/library/web:2")).value().state == AppState::ready);
}
