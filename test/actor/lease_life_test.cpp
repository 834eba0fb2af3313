// What becomes of an application between its deployment and the end: restart, scale, stop, start; outages of
// the cluster; drift; logs after the end.
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"
#include "chain/calls.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;
using namespace std::chrono_literals;
using Verb = ChangeRequest::Verb;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

/// A user with an order of some hours, and an application under it.
struct Market {
    Market() {
        chain.node = kProvider;
        chain.register_provider(kProvider);
        chain.fund(kUser);
        order = chain.create_order(kUser, kProvider, {4 * 3600});
    }
    std::size_t sent(const chain::Bytes& call) const {
        return static_cast<std::size_t>(std::count(chain.transacted.begin(), chain.transacted.end(), call));
    }
    std::size_t suspends() const { return sent(chain::calls::market::suspend(order)); }
    std::size_t resumes() const { return sent(chain::calls::market::resume(order)); }
    const lease::Application& applied() const { return cluster.applications.back(); }
    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
};

struct Deployed {
    explicit Deployed(Market& market, std::function<void(actors::GatewaySettings&)> adjust = {})
        : world(market.disk, market.chain), gateway(world, market.cluster, std::move(adjust)) {
        lease = gateway.accept(market.order, kUser).value();
    }
    Deployed& with_web() {
        CHECK(gateway.deploy(lease, manifest()).value().state == AppState::ready);
        return *this;
    }
    AppInfo web() {
        return world.ask<LeaseInfo>(gateway.leases, find_atom_v, lease.lease_key).value().apps.at(0);
    }
    World world;
    Gateway gateway;
    LeaseInfo lease;
};

class LogReader {
public:
    LogReader(Deployed& node, LogRequest request) {
        auto text = text_;
        auto ended = ended_;
        sink_ = node.world.own(node.world.system().spawn(
            [text, ended](log_sink_actor::pointer, caf::unit_t) -> log_sink_actor::behavior_type {
                return {[text, ended](const LogChunk& chunk) {
                    *text += chunk.text;
                    *ended = *ended || chunk.end;
                    return ack_atom_v;
                }};
            },
            caf::unit));
        caf::anon_send(node.gateway.leases, logs_atom_v, std::move(request), sink_);
        node.world.run();
    }
    std::string text() const { return *ended_ ? *text_ : "no end"; }

private:
    std::shared_ptr<std::string> text_ = std::make_shared<std::string>();
    std::shared_ptr<bool> ended_ = std::make_shared<bool>(false);
    log_sink_actor sink_;
};

}  // namespace

TEST_CASE("a restart is the same application with a higher revision") {
    Market market;
    Deployed node(market);
    node.with_web();
    CHECK(market.applied().revision == 0);
    CHECK(node.gateway.change(node.lease, Verb::restart).value().state == AppState::ready);
    CHECK(market.applied().revision == 1);
    CHECK(node.gateway.change(node.lease, Verb::restart, 0, "once").value().state == AppState::ready);
    CHECK(node.gateway.change(node.lease, Verb::restart, 0, "once").value().state == AppState::ready);
    CHECK(market.applied().revision == 2);
    const auto detail =
        node.world
            .ask<AppDetail>(node.gateway.leases, status_atom_v, node.lease.lease_key, std::string("web"))
            .value();
    CHECK(detail.revision == 2);
    CHECK(detail.workloads == std::vector<WorkloadScale>{{"web", 1}});
}

TEST_CASE("an application is scaled within what was bought, and no further") {
    Market market;
    Deployed node(market);
    CHECK(node.gateway.deploy(node.lease, manifest("docker.io/library/web:1", 300)).value().state ==
          AppState::ready);
    CHECK(node.gateway.change(node.lease, Verb::scale, 3).value().state == AppState::ready);
    CHECK(market.applied().workloads[0].replicas == 3);
    const auto refused = node.gateway.change(node.lease, Verb::scale, 4);
    CHECK(refused.code() == "too_large");
    CHECK(refused.result().error().message.find("1200 millicores are asked, 1000 are left") == 0);
    CHECK(market.applied().workloads[0].replicas == 3);
    ChangeRequest request;
    request.lease_key = node.lease.lease_key;
    request.user = kUser;
    request.app = "web";
    request.verb = Verb::scale;
    request.workload = "other";
    request.replicas = 1;
    CHECK(node.world.ask<AppInfo>(node.gateway.leases, change_atom_v, request).code() == "bad_workload");
    request.user = account(5);
    CHECK(node.world.ask<AppInfo>(node.gateway.leases, change_atom_v, request).code() == "not_yours");
    request.user = kUser;
    request.app = "none";
    CHECK(node.world.ask<AppInfo>(node.gateway.leases, change_atom_v, request).code() == "not_found");
    // What another application has is not there for this one.
    CHECK(node.gateway.deploy(node.lease, manifest("docker.io/library/web:1", 100), "two").value().state ==
          AppState::ready);
    CHECK(node.gateway.change(node.lease, Verb::scale, 2).value().state == AppState::ready);
    CHECK(node.gateway.deploy(node.lease, manifest("docker.io/library/web:1", 300), "two").value().state ==
          AppState::ready);
    CHECK(node.gateway.change(node.lease, Verb::scale, 3).code() == "too_large");
}

TEST_CASE("a stopped application runs nothing, is not started by anybody but its user, and survives a kill") {
    Market market;
    {
        Deployed node(market);
        node.with_web();
        CHECK(node.gateway.change(node.lease, Verb::stop).value().state == AppState::stopped);
        CHECK(market.cluster.running.empty());
        CHECK(node.gateway.route(node.lease)->state == lease::RouteState::stopped);
        CHECK(node.gateway.state(node.lease) == LeaseState::ready);
        CHECK(node.gateway.change(node.lease, Verb::restart).code() == "stopped");
        node.gateway.live(20);
        CHECK(market.cluster.running.empty());
    }
    Deployed node(market);
    node.gateway.live(20);
    CHECK(market.cluster.running.empty());
    CHECK(node.web().state == AppState::stopped);
    CHECK(node.gateway.change(node.lease, Verb::start).value().state == AppState::ready);
    CHECK(market.cluster.running.size() == 1);
    CHECK(node.gateway.route(node.lease)->state == lease::RouteState::ready);
    // Once more is no harm.
    const auto applied = market.cluster.applied;
    CHECK(node.gateway.change(node.lease, Verb::start).value().state == AppState::ready);
    CHECK(market.cluster.applied == applied);
}

TEST_CASE("a change is a row before the cluster hears of it, and one that was killed is finished") {
    Market market;
    {
        Deployed node(market);
        node.with_web();
        const auto applied = market.cluster.applied;
        market.disk.held = true;
        auto asked = node.gateway.change(node.lease, Verb::restart);
        CHECK(market.cluster.applied == applied);
        market.cluster.hold_apply = true;
        market.disk.write(1);
        node.world.run();
        CHECK(market.cluster.applied == applied + 1);
        CHECK_FALSE(asked.answered());
        market.disk.lose();
    }
    market.disk.held = market.cluster.hold_apply = false;
    Deployed node(market);
    node.gateway.live(5);
    CHECK(node.web().state == AppState::ready);
    CHECK(market.applied().revision == 1);
    CHECK(node.gateway.change(node.lease, Verb::restart).value().state == AppState::ready);
    CHECK(market.applied().revision == 2);
}

TEST_CASE("a change that fails leaves what was, also when the node was killed over it") {
    Market market;
    {
        Deployed node(market);
        node.with_web();
        market.cluster.refuse_apply = Error{"failed_to_start", "no room"};
        CHECK(node.gateway.change(node.lease, Verb::restart).code() == "failed_to_start");
        market.cluster.refuse_apply.reset();
        node.gateway.live(10);
        CHECK(node.web().state == AppState::ready);
        CHECK(market.applied().revision == 0);
        // Killed while the cluster works on it; the new pods fail.
        market.cluster.hold_apply = true;
        market.cluster.begins = Health::failed;
        node.gateway.change(node.lease, Verb::restart);
        CHECK(market.applied().revision == 1);
    }
    market.cluster.hold_apply = false;
    market.cluster.begins = Health::ready;
    Deployed node(market);
    node.gateway.live(10);
    CHECK(market.applied().revision == 0);
    CHECK(node.web().state == AppState::ready);
}

TEST_CASE("drift in the cluster is put right, and everything is applied anew now and then") {
    Market market;
    Deployed node(market, [](actors::GatewaySettings& settings) { settings.reconcile_interval = 60s; });
    node.with_web();
    const auto before = market.cluster.applied;
    market.cluster.running.begin()->second.drifted = true;
    node.gateway.live(3);
    CHECK(market.cluster.applied == before + 1);
    CHECK_FALSE(market.cluster.running.begin()->second.drifted);
    node.gateway.live(50);
    CHECK(market.cluster.checked == 0);
    node.gateway.live(20);
    CHECK(market.cluster.checked == 1);
    CHECK(market.cluster.applied == before + 1);
    CHECK(node.web().state == AppState::ready);
}

TEST_CASE("what is asked during a repair waits for its end") {
    Market market;
    Deployed node(market);
    node.with_web();
    market.cluster.running.clear();
    market.cluster.hold_apply = true;
    node.gateway.live(3);
    CHECK(market.cluster.applied == 2);  // and not answered
    auto asked = node.gateway.change(node.lease, Verb::restart);
    auto removal = node.world.ask<caf::unit_t>(node.gateway.leases, remove_atom_v, node.lease.lease_key,
                                               std::string("web"));
    CHECK_FALSE(asked.answered());
    CHECK_FALSE(removal.answered());
    // It never is: the user hears so.
    for (int i = 0; i < 70; ++i) node.world.pass(1s);
    CHECK(asked.code() == "busy");
    CHECK(removal.code() == "busy");
}

TEST_CASE("while the cluster is out for an hour the order stands still: not charged, nothing torn down") {
    Market market;
    chain::Timestamp since;
    {
        Deployed node(market);
        node.with_web();
        node.gateway.live(700);  // past the probation
        since = market.chain.time;
        market.cluster.unreachable = true;
        node.gateway.live(119);
        CHECK(market.suspends() == 0);
        node.gateway.live(5);
        CHECK(market.suspends() == 1);
        CHECK(market.chain.order(market.order).suspended_since > since);
        CHECK(node.gateway.route(node.lease)->state == lease::RouteState::ready);
        node.gateway.live(600);
    }
    // Killed in the middle of it.
    Deployed node(market);
    node.gateway.live(3600 - 600 - 124);
    CHECK(market.suspends() == 1);
    CHECK(market.resumes() == 0);
    CHECK(node.gateway.state(node.lease) != LeaseState::ending);
    CHECK(market.cluster.running.size() == 1);
    CHECK(market.cluster.removed == 0);
    const auto earned = market.chain.order(market.order).suspended_since;
    market.cluster.unreachable = false;
    node.gateway.live(15);
    CHECK(market.suspends() == 1);
    CHECK(market.resumes() == 1);
    const auto order = market.chain.order(market.order);
    CHECK(order.suspended_since == chain::Timestamp{});
    CHECK(order.suspended.count > 3600 - 130);
    CHECK(order.suspended.count < 3600 + 20);
    CHECK(earned.seconds > 0);
    node.gateway.live(900);
    CHECK(market.resumes() == 1);
    CHECK(market.suspends() == 1);
    CHECK(node.web().state == AppState::ready);
    // The contract's own figures: what was served is paid, the hour is not, and everything else comes back.
    market.chain.must(kUser, market.chain.contracts.market, chain::calls::market::cancel_order(market.order));
    const auto over = market.chain.order(market.order);
    const auto served = over.settled_at.seconds - over.starts_at().seconds - over.suspended.count;
    CHECK(served > 900);
    CHECK(served < 700 + 130 + 20 + 900 + 20);
    CHECK(over.paid_provider ==
          chain::hourly_rate(over.resources, over.prices) * chain::Amount{served} / chain::Amount{3600});
    CHECK(over.paid_provider + over.paid_user == over.deposit);
}

TEST_CASE("an outage that begins during an update suspends the order as any other") {
    Market market;
    Deployed node(market);
    node.with_web();
    market.cluster.begins = Health::starting;
    const auto update =
        node.world.start<AppInfo>(node.gateway.leases, deploy_atom_v,
                                  node.gateway.request(node.lease, manifest("docker.io/library/web:2")));
    node.gateway.live(1);
    market.cluster.unreachable = true;
    node.gateway.live(200);
    CHECK(update.code() == "cluster_unavailable");
    CHECK(market.suspends() == 1);
    CHECK(market.chain.order(market.order).suspended_since.seconds != 0);
    CHECK(market.cluster.removed == 0);
    market.cluster.unreachable = false;
    for (auto& [key, running] : market.cluster.running) running.health = Health::ready;
    node.gateway.live(20);
    CHECK(market.resumes() == 1);
    CHECK(node.web().state == AppState::ready);
}

TEST_CASE("an application that fails by itself suspends nothing") {
    Market market;
    Deployed node(market);
    node.with_web();
    market.cluster.running.begin()->second.health = Health::failed;
    node.gateway.live(300);
    CHECK(market.suspends() == 0);
    // Nor when the cluster falls silent afterwards, whoever has seen it fail.
    market.cluster.unreachable = true;
    node.gateway.live(300);
    CHECK(market.suspends() == 0);
}

TEST_CASE("what the provider has suspended by hand is not resumed by the gateway") {
    Market market;
    Deployed node(market);
    node.with_web();
    market.chain.must(kProvider, market.chain.contracts.market, chain::calls::market::suspend(market.order));
    node.world.publish();
    market.cluster.unreachable = true;
    node.gateway.live(300);
    market.cluster.unreachable = false;
    node.gateway.live(300);
    CHECK(market.suspends() == 0);
    CHECK(market.resumes() == 0);
    CHECK(market.chain.order(market.order).suspended_since.seconds != 0);
}

TEST_CASE("a chain that does not answer is asked again, and still once is enough") {
    Market market;
    Deployed node(market);
    node.with_web();
    market.cluster.unreachable = true;
    market.chain.refuse_transact = 3;
    node.gateway.live(120 + 60);
    CHECK(market.chain.order(market.order).suspended_since.seconds != 0);
    market.cluster.unreachable = false;
    // Executed, but the answer is lost: what the chain says counts.
    market.chain.hold_transact = true;
    node.gateway.live(100);
    CHECK(market.chain.order(market.order).suspended_since.seconds == 0);
    CHECK(market.resumes() == 1);
}

TEST_CASE("logs are kept for the owner when the order is over, and forgotten after a while") {
    Market market;
    LogRequest request;
    {
        Deployed node(market, [](actors::GatewaySettings& s) { s.keep_ended = {3600}; });
        node.with_web();
        market.cluster.log = "one\ntwo\nthree\n";
        request.lease_key = node.lease.lease_key;
        request.app = "web";
        market.chain.must(kUser, market.chain.contracts.market,
                          chain::calls::market::cancel_order(market.order));
        node.world.publish();
        node.gateway.live(3);
        CHECK(node.gateway.state(node.lease) == LeaseState::gone);
        CHECK(market.cluster.running.empty());
        CHECK(LogReader(node, request).text() == "one\ntwo\nthree\n");
    }
    // No Deployed: the order is over.
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster, [](actors::GatewaySettings& s) { s.keep_ended = {3600}; });
    CHECK(market.disk.rows("kept_logs").size() == 1);
    market.chain.time = market.chain.time + chain::Seconds{3700};
    gateway.tick();
    CHECK(market.disk.rows("kept_logs").empty());
}

TEST_CASE("garbage is collected for the leases that live, and not while the cluster is silent") {
    Market market;
    market.cluster.unreachable = true;
    World world(market.disk, market.chain);
    Gateway gateway(world, market.cluster);
    CHECK_FALSE(market.cluster.collected);
    market.cluster.unreachable = false;
    gateway.live(10);
    REQUIRE(market.cluster.collected);
    CHECK(market.cluster.collected->empty());
    const auto lease = gateway.accept(market.order, kUser).value();
    gateway.live(3'700);
    CHECK(*market.cluster.collected == std::vector<chain::Hash>{lease.lease_key});
}

TEST_CASE("an entry in the Registry that promises more than there is is told, until it is true again") {
    Market market;
    World world(market.disk, market.chain);
    market.cluster.inventory = {{6000, 8192, 10240, 0}, {}};
    Gateway gateway(world, market.cluster);
    CHECK(gateway.warnings->all() ==
          std::vector<std::string>{
              "the Registry promises too much: 8000 millicores are registered, the cluster "
              "has 6000"});
    market.cluster.inventory.total.cpu_milli = 8000;
    gateway.live(200);
    CHECK(gateway.warnings->all().empty());
    // Something else has taken half of what is still offered.
    market.cluster.inventory.used.memory_mib = 4096;
    gateway.live(200);
    CHECK(gateway.warnings->all().size() == 1);
    market.cluster.unreachable = true;
    gateway.live(200);
    CHECK(gateway.warnings->all().size() == 2);
}
