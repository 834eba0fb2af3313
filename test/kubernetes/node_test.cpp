// The Kubernetes driver on a complete node: what only running containers can show.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // a listener
#include <algorithm>
#include <future>

#include "runtime/http_client.hpp"
#include "test/kubernetes/world.hpp"

using namespace grid;
using namespace grid::test;
using std::chrono::seconds;

namespace {

/// One node for the whole program, with a driver.
struct Node {
    Node() : cluster("node") {
        config.gateway_id = "node";
        config.data_dir = cluster.scratch() + "/gateway";
        config.kubeconfig = cluster.kubeconfig();
        config.start_timeout = seconds(60);
        config.ready_timeout = seconds(60);
        config.restart_limit = 1;
        driver = std::make_shared<Driver>(config, cluster.access(), Ownership::open(config).value());
    }
    static std::unique_ptr<Node>& current() {
        static std::unique_ptr<Node> node;
        return node;
    }
    static Node& get() {
        if (!current()) current() = std::make_unique<Node>();
        return *current();
    }
    Cluster cluster;
    KubernetesConfig config;
    std::shared_ptr<Driver> driver;
};

struct NodeEnds : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats&) override { Node::current().reset(); }
};
CATCH_REGISTER_LISTENER(NodeEnds)

AppStatus await(Node& node, const Hash& lease, Health health) {
    AppStatus seen;
    eventually([&] { return (seen = node.driver->status(lease, "app")).health == health; }, seconds(120));
    return seen;
}

std::string page(const AppStatus& status) {
    if (status.endpoints.empty()) return "no endpoint";
    const auto& e = status.endpoints.front();
    const auto answer = runtime::HttpClient(runtime::TcpSocket{e.address, e.port})
                            .request({}, std::chrono::steady_clock::now() + seconds(5));
    return answer ? answer->body : answer.error().message;
}

lease::Application shell_app(const std::string& script) {
    auto app = web_app();
    app.workloads[0].containers[0].command = {"/bin/sh", "-c", script};
    return app;
}

constexpr char kServe[] = "trap 'kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & s=$!; wait $s";

/// Runs a command and gives what it printed.
std::string run(Node& node, const Hash& lease, std::vector<std::string> command,
                const std::string& input = {}, int expected = 0) {
    messages::ExecRequest request;
    request.lease_key = lease;
    request.app = "app";
    request.command = std::move(command);
    auto session = node.driver->exec(request);
    if (!session) return session.error().code + ": " + session.error().message;
    if (!input.empty()) CHECK((*session)->write(input));
    std::string text;
    for (;;) {
        const auto piece = (*session)->read(seconds(20));
        if (piece.kind == adapters::ExecSession::Piece::Kind::end) break;
        if (piece.kind == adapters::ExecSession::Piece::Kind::nothing) return text + " (silence)";
        text += piece.bytes;
    }
    const auto code = (*session)->exit_code();
    CHECK(problem(code) == "");
    if (code) CHECK(*code == expected);
    return text;
}

}  // namespace

TEST_CASE("kubernetes node: a deployment answers at its pod's address, is updated, and is gone", "[node]") {
    auto& node = Node::get();
    const auto lease = lease_number(1);
    REQUIRE(problem(node.driver->apply(lease, "app", web_app(), kBought)) == "");
    const auto status = await(node, lease, Health::ready);
    INFO(status.reason);
    REQUIRE(status.health == Health::ready);
    CHECK(page(status).find("It runs.") != std::string::npos);
    const auto two = shell_app(std::string("echo two >/tmp/index.html; ") + kServe);
    REQUIRE(problem(node.driver->apply(lease, "app", two, kBought)) == "");
    REQUIRE(eventually([&] { return page(node.driver->status(lease, "app")) == "two\n"; }));
    const auto crashed = node.driver->apply(lease, "app", shell_app("echo last words; exit 3"), kBought);
    REQUIRE_FALSE(crashed);
    INFO(crashed.error().message);
    CHECK(crashed.error().message.find("exit code 3") != std::string::npos);
    CHECK(crashed.error().message.find("last words") != std::string::npos);
    CHECK(page(node.driver->status(lease, "app")) == "two\n");
    const auto events = node.driver->events(lease, "app");
    REQUIRE(problem(events) == "");
    CHECK(std::any_of(events->begin(), events->end(), [](const auto& e) { return e.reason == "Started"; }));
    CHECK(problem(node.driver->remove(lease, "")) == "");
    CHECK(node.driver->list()->empty());
}

TEST_CASE("kubernetes node: limits bite", "[node]") {
    auto& node = Node::get();
    const auto lease = lease_number(2);
    // Memory: tail keeps what it reads.
    REQUIRE(problem(node.driver->apply(lease, "app", shell_app("sleep 1; tail /dev/zero"), kBought)) == "");
    const auto killed = await(node, lease, Health::failed);
    CHECK(killed.health == Health::failed);
    CHECK(killed.reason.find("OOMKilled") != std::string::npos);
    CHECK(problem(node.driver->remove(lease, "")) == "");
    // Processor: a tenth of one, as the kernel counts it.
    REQUIRE(problem(node.driver->apply(
                lease, "app", shell_app(std::string("(while :; do :; done) & ") + kServe), kBought)) == "");
    REQUIRE(await(node, lease, Health::ready).health == Health::ready);
    // The kernel tells how often it held the container back.
    const auto throttled = [&] {
        const auto text =
            run(node, lease,
                {"sh", "-c", "cat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu.stat 2>/dev/null; true"});
        const auto at = text.find("nr_throttled ");
        return at == std::string::npos ? 0ull : std::stoull(text.substr(at + 13));
    };
    CHECK(eventually([&] { return throttled() > 10; }));
    CHECK(problem(node.driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes node: logs are followed over a restart, and those of before are kept", "[node]") {
    auto& node = Node::get();
    const auto lease = lease_number(3);
    // The first run ends badly after a line; the second one stays.
    auto app = shell_app(
        std::string("if [ -f /s/x ]; then echo second; else echo first; touch /s/x; exit 1; fi; ") + kServe);
    app.workloads[0].scratch = {{"s", 1, false}};
    app.workloads[0].containers[0].scratch = {{"s", "/s", false, ""}};
    REQUIRE(problem(node.driver->apply(lease, "app", app, kBought)) == "");
    std::string text;
    std::atomic<bool> enough{false};
    node.driver->logs(
        {lease, "app", "", true, 100, false},
        [&](const std::string&, const std::string& piece) {
            text += piece;
            enough = text.find("second") != std::string::npos;
            return !enough;
        },
        [&, end = std::chrono::steady_clock::now() + seconds(90)] {
            return !enough && std::chrono::steady_clock::now() < end;
        });
    CHECK(text.find("second") != std::string::npos);
    std::string previous;
    node.driver->logs(
        {lease, "app", "", false, 100, true},
        [&](const std::string&, const std::string& piece) {
            previous += piece;
            return true;
        },
        [] { return true; });
    CHECK(previous == "first\n");
    CHECK(problem(node.driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes node: commands run in containers", "[node]") {
    auto& node = Node::get();
    const auto lease = lease_number(4);
    REQUIRE(problem(node.driver->apply(lease, "app", web_app(), kBought)) == "");
    REQUIRE(await(node, lease, Health::ready).health == Health::ready);
    CHECK(run(node, lease, {"echo", "a  b", "$c"}) == "a  b $c\n");
    CHECK(run(node, lease, {"sh", "-c", "echo out; exit 7"}, "", 7) == "out\n");
    CHECK(run(node, lease, {"head", "-n", "1"}, "a line\n") == "a line\n");
    CHECK(run(node, lease, {"sh", "-c", "dd if=/dev/zero bs=300000 count=1 2>/dev/null"}).size() == 300000);
    CHECK(run(node, lease, {"cat", "/proc/1/status"}).find("Seccomp:\t2") != std::string::npos);
    CHECK(run(node, lease, {"cat", "/proc/1/status"}).find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(run(node, lease, {"ls", "/var/run/secrets"}, "", 1).find("No such file") != std::string::npos);
    messages::ExecRequest request;
    request.lease_key = lease;
    request.app = "app";
    request.command = {"sleep", "1000"};
    const auto session = node.driver->exec(request);
    REQUIRE(problem(session) == "");
    auto ending = std::async(std::launch::async, [&] { (*session)->abandon(); });
    while ((*session)->read(seconds(1)).kind != adapters::ExecSession::Piece::Kind::end) {
    }
    CHECK((*session)->abandoned());
    request.pod = "other";
    CHECK(node.driver->exec(request).error().code == "not_found");
    request.pod.clear();
    request.app = "none";
    CHECK(node.driver->exec(request).error().code == "not_found");
    CHECK(problem(node.driver->remove(lease, "")) == "");
}

TEST_CASE("kubernetes node: inventory is what the node has, and a full node is told", "[node]") {
    auto& node = Node::get();
    const auto lease = lease_number(5);
    const auto inventory = node.driver->inventory();
    REQUIRE(problem(inventory) == "");
    CHECK(inventory->total.cpu_milli >= 1000);
    CHECK(inventory->total.memory_mib > 256);
    CHECK(inventory->used == Resources{});
    auto config = node.config;
    config.schedule_timeout = seconds(2);
    config.start_timeout = seconds(20);
    Driver driver(config, node.cluster.access(), Ownership::open(config).value());
    auto app = web_app();
    app.workloads[0].containers[0].memory_mib = inventory->total.memory_mib + 100'000;
    const auto full = driver.apply(lease, "app", app, {4000, UINT32_MAX, 8192, 0});
    REQUIRE_FALSE(full);
    INFO(full.error().message);
    CHECK(full.error().code == "failed_to_start");
    CHECK(full.error().message.find("Insufficient memory") != std::string::npos);
}
