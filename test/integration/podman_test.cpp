// What the Podman driver does on a real podman, see podman_world.hpp.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // a listener
#include "test/integration/podman_world.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>

using namespace grid;
using namespace grid::test;

namespace {

struct WorldEnds : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats&) override { World::current().reset(); }
};
CATCH_REGISTER_LISTENER(WorldEnds)

/// Collects a log.
struct sink_state {
    sink_state() = default;
};
struct Collected {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
    bool end = false;
    template <class Done>
    bool wait(Done done) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(60), [&] { return done(*this); });
    }
};

log_sink_actor::behavior_type log_sink(log_sink_actor::stateful_pointer<sink_state>,
                                       std::shared_ptr<Collected> into) {
    return {[into](const LogChunk& chunk) {
        {
            const std::lock_guard lock(into->mutex);
            into->text += chunk.text;
            into->end = into->end || chunk.end;
        }
        into->changed.notify_all();
        return ack_atom_v;
    }};
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
    return n;
}

}  // namespace

TEST_CASE("podman: an application runs, is reached at its container, and is removed without a trace",
          "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(1);
    CHECK(world.status(lease, "app").health == Health::absent);
    auto app = app_of(web_container());
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto status = world.wait_for(lease, "app", Health::ready);
    REQUIRE(status.health == Health::ready);
    REQUIRE(status.endpoints.size() == 1);
    CHECK(status.endpoints[0].entrance == "web");
    CHECK(status.endpoints[0].port == 8080);
    CHECK(page(status).find("It runs.") != std::string::npos);

    // The same again changes nothing.
    const auto before = world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value();
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto after = world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value();
    REQUIRE(before.size() == 1);
    REQUIRE(after.size() == 1);
    CHECK(before[0].id == after[0].id);

    const auto inventory = world.ask<Inventory>(world.podman(), inv_atom_v).value();
    CHECK(inventory.used == Resources{200, 32, 16, 0});
    CHECK(inventory.total.cpu_milli > 0);
    CHECK(world.ask<std::vector<RunningApp>>(world.podman(), list_atom_v).value().size() == 1);

    // Nothing is published on the host.
    CHECK(World::read("/proc/net/tcp").find("00000000:1F90") == std::string::npos);

    REQUIRE(world.ask<caf::unit_t>(world.podman(), remove_atom_v, lease, std::string("app")));
    CHECK(world.status(lease, "app").health == Health::absent);
    CHECK(world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().empty());
    CHECK(world.api().networks("grid.lease=" + lease.hex().substr(2)).value().empty());
    CHECK_FALSE(fs::exists(world.data() + "/apps/" + lease.hex().substr(2)));
    CHECK(problem(world.remove(world.podman(), lease)) == "");  // again is fine
}

TEST_CASE("podman: an update runs before the old version goes; one that fails leaves the old", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(2);
    const auto with_page = [](const std::string& text) {
        return app_of(shell("echo " + text + " >/tmp/index.html; " + kServe));
    };
    REQUIRE(problem(world.apply(lease, "app", with_page("one"))) == "");
    CHECK(page(world.wait_for(lease, "app", Health::ready)) == "one\n");
    REQUIRE(problem(world.apply(lease, "app", with_page("two"))) == "");
    CHECK(page(world.wait_for(lease, "app", Health::ready)) == "two\n");
    CHECK(world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().size() == 1);

    const auto crashed = world.apply(lease, "app", app_of(shell("echo broken words; exit 3")));
    REQUIRE_FALSE(crashed);
    CHECK(crashed.error().code == "failed_to_start");
    INFO(crashed.error().message);
    CHECK(crashed.error().message.find("exited with code 3") != std::string::npos);
    CHECK(crashed.error().message.find("broken words") != std::string::npos);
    const auto no_program = world.apply(lease, "app", app_of([] {
                                            auto c = web_container();
                                            c.command = {"/no/such/program"};
                                            return c;
                                        }()));
    REQUIRE_FALSE(no_program);
    CHECK(no_program.error().code == "failed_to_start");
    CHECK(page(world.wait_for(lease, "app", Health::ready)) == "two\n");
    CHECK(world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().size() == 1);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: a first deployment that fails leaves nothing and says why", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(3);
    auto app = app_of(web_container());
    app.workloads[0].containers[0].image = "localhost/no-such-image:1";
    const auto missing = world.apply(lease, "app", app);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == "image_unavailable");

    app.workloads[0].containers[0].image = "127.0.0.1:5000/inside:1";
    app.workloads[0].containers[0].pull_always = true;
    const auto inside = world.apply(lease, "app", app);
    REQUIRE_FALSE(inside);
    CHECK(inside.error().code == "image_unavailable");
    CHECK(inside.error().message.find("loopback") != std::string::npos);

    app = app_of(web_container());
    auto init = shell("echo init words; exit 7");
    init.name = "prepare";
    app.workloads[0].init_containers.push_back(init);
    const auto failed = world.apply(lease, "app", app);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == "failed_to_start");
    CHECK(failed.error().message.find("prepare exited with code 7") != std::string::npos);
    CHECK(failed.error().message.find("init words") != std::string::npos);

    app = app_of(web_container());
    app.workloads[0].replicas = 1000;
    CHECK(world.apply(lease, "app", app).error().code == "failed_to_start");
    app = app_of(web_container());
    app.workloads[0].name = "../escape";
    CHECK(world.apply(lease, "app", app).error().code == "bad_application");
    CHECK(world.apply(lease, "../app", app_of(web_container())).error().code == "bad_application");

    CHECK(world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().empty());
    CHECK(world.api().networks("grid.lease=" + lease.hex().substr(2)).value().empty());
}

TEST_CASE("podman: environment, files, scratch, init containers and users reach the container as described",
          "[podman]") {
    auto& world = World::get();
    const auto text = output_of(
        world, lease_number(4),
        "echo env=$GREETING; cat /etc/app/a.txt /etc/app/b.txt; echo x >/etc/app/a.txt && echo WRITABLE; "
        "cat /shared/made-by-init; id -u; touch /root-file || echo rootfs-closed; pwd",
        [](lease::Application& app) {
            auto& c = app.workloads[0].containers[0];
            c.environment = {{"GREETING", "overridden"}, {"GREETING", "hello \"world\""}};
            c.files.push_back({"/etc/app", {{"a.txt", "file a\n"}, {"b.txt", "file b\n"}}, 0444});
            c.scratch = {{"work", "/shared", false}, {"temporary", "/tmp", false}};
            c.read_only_root = true;
            c.run_as_user = lease::UserId{1234};
            c.run_as_group = lease::UserId{1234};
            c.run_as_non_root = true;
            c.working_directory = "/www";
            auto first = web_container("first");
            first.command = {"/bin/sh", "-c", "echo 1 >/shared/made-by-init"};
            first.scratch = {{"work", "/shared", false}};
            auto second = web_container("second");
            second.command = {"/bin/sh", "-c", "echo 2 >>/shared/made-by-init"};
            second.scratch = {{"work", "/shared", false}};
            app.workloads[0].init_containers = {first, second};
        });
    INFO(text);
    CHECK(text.find("env=hello \"world\"\n") != std::string::npos);
    CHECK(text.find("file a\nfile b\n") != std::string::npos);
    CHECK(text.find("WRITABLE") == std::string::npos);
    CHECK(text.find("1\n2\n") != std::string::npos);
    CHECK(text.find("\n1234\n") != std::string::npos);
    CHECK(text.find("rootfs-closed") != std::string::npos);
    CHECK(text.find("/www\n") != std::string::npos);
}

TEST_CASE("podman: containers are shut in: privileges, limits, user namespace", "[podman]") {
    auto& world = World::get();
    const auto text = output_of(world, lease_number(5), "cat /proc/self/status /proc/self/uid_map");
    INFO(text);
    CHECK(text.find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(text.find("Seccomp:\t2") != std::string::npos);
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10,
    // SYS_CHROOT 18.
    CHECK(text.find("CapBnd:\t00000000000404fb") != std::string::npos);
    const auto capabilities = world.ask<std::vector<Capability>>(world.podman(), probe_atom_v).value();
    const auto enforced = [&](const std::string& name) {
        return std::any_of(capabilities.begin(), capabilities.end(),
                           [&](const auto& c) { return c.name == name && c.enforced; });
    };
    CHECK(enforced("memory_limit"));
    CHECK(enforced("cpu_limit"));
    CHECK(enforced("pids_limit"));
    CHECK(enforced("seccomp"));
    if (enforced("user_namespace")) CHECK(text.find(" 0          0 ") == std::string::npos);
}

TEST_CASE("podman: from inside a container neither the host nor another lease can be reached", "[podman]") {
    auto& world = World::get();
    const auto neighbour = lease_number(6);
    REQUIRE(problem(world.apply(neighbour, "app", app_of(web_container()))) == "");
    const auto other = world.wait_for(neighbour, "app", Health::ready);
    REQUIRE(other.endpoints.size() == 1);

    // A listener of the host on every address.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener, 4) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const auto port = std::to_string(ntohs(address.sin_port));

    const auto text = output_of(
        world, lease_number(7),
        "gate=$(ip -4 addr show eth0 | grep inet | { read a b c; echo ${b%.*}.1; }); echo gate=$gate\n"
        "for to in $gate 127.0.0.1 192.0.2.2 169.254.169.254 10.255.255.53 1.1.1.1; do\n"
        "  nc -w 1 $to " +
            port +
            " </dev/null && echo REACHED-HOST $to\n"
            "done\n"
            "nc -w 1 " +
            other.endpoints[0].address +
            " 8080 </dev/null && echo REACHED-NEIGHBOUR\n"
            "ip route; nslookup web; echo end");
    ::close(listener);
    INFO(text);
    CHECK(text.find("gate=10.") != std::string::npos);
    CHECK(text.find("end") != std::string::npos);
    CHECK(text.find("REACHED") == std::string::npos);
    CHECK(text.find("default") == std::string::npos);
    CHECK(problem(world.remove(world.podman(), neighbour)) == "");
}

TEST_CASE("podman: services are names inside the lease", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(8);
    auto app = app_of(web_container());
    app.workloads[0].name = "backend";
    app.services = {{"backend", "backend", {{"http", 8080, 8080}}}};
    app.entrances.clear();
    lease::Workload front;
    front.name = "front";
    front.termination_grace_s = 1;
    front.containers.push_back(shell(
        "until wget -q -O /tmp/index.html http://backend:8080/; do sleep 0.1; done; " + std::string(kServe)));
    app.workloads.push_back(front);
    app.entrances.push_back({"front", "front", 8080});
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    CHECK(page(world.wait_for(lease, "app", Health::ready)).find("It runs.") != std::string::npos);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: replicas are endpoints of one entrance, containers of a pod share their network",
          "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(9);
    auto app = app_of(web_container());
    app.workloads[0].replicas = 3;
    auto side = shell(
        "until wget -q -O /dev/null http://127.0.0.1:8080/; do sleep 0.1; done; echo ok >/tmp/index.html; "
        "trap 'kill $s; exit 0' TERM; httpd -f -p 8081 -h /tmp & s=$!; wait $s");
    side.name = "side";
    side.readiness = lease::Probe{lease::Probe::Kind::http_get, "/", 8081, {}, 0, 1, 1, 3, 1};
    app.workloads[0].containers.push_back(side);
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    auto status = world.status(lease, "app");
    while (status.endpoints.size() < 3 && std::chrono::steady_clock::now() < limit)
        status = world.status(lease, "app");
    CHECK(status.endpoints.size() == 3);
    CHECK(status.health == Health::ready);
    CHECK(world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().size() == 6);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: probes decide who is ready", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(10);
    auto app = app_of(web_container());
    app.workloads[0].containers[0].readiness =
        lease::Probe{lease::Probe::Kind::exec, "", 0, {"/bin/test", "-e", "/tmp/ready"}, 0, 1, 2, 1, 1};
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto waiting = world.status(lease, "app");
    CHECK(waiting.health == Health::starting);
    CHECK(waiting.endpoints.empty());
    const auto row = world.api().containers({"grid.lease=" + lease.hex().substr(2)}).value().at(0);
    CHECK(world.api().execute(row.id, {"/bin/touch", "/tmp/ready"}, std::chrono::seconds(10)).value() == 0);
    CHECK(world.wait_for(lease, "app", Health::ready).endpoints.size() == 1);
    CHECK(world.api().execute(row.id, {"/bin/rm", "/tmp/ready"}, std::chrono::seconds(10)).value() == 0);
    CHECK(world.wait_for(lease, "app", Health::starting).endpoints.empty());
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: logs come from the end, follow what is new, and end with the application", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(15);
    REQUIRE(
        problem(world.apply(
            lease, "app",
            app_of(shell("for i in 1 2 3 4 5; do echo old-$i; done; echo bad >&2; "
                         "n=0; trap 'exit 0' TERM; while true; do echo new-$n; n=$((n+1)); sleep 0.1; done"),
                   0))) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);
    const auto start = [&](bool follow, std::uint32_t tail) {
        auto into = std::make_shared<Collected>();
        auto sink = world.system().spawn(log_sink, into);
        caf::anon_send(world.podman(), logs_atom_v, LogRequest{lease, "app", "", follow, tail}, sink);
        return std::pair(into, sink);
    };
    // It is ready from its start on: the words of its start have come when those after them have.
    const auto [first, first_sink] = start(true, 10000);
    CHECK(first->wait([](auto& c) { return count(c.text, "new-") >= 1; }));
    caf::anon_send_exit(first_sink, caf::exit_reason::user_shutdown);
    const auto [all, all_sink] = start(false, 10000);
    CHECK(all->wait([](auto& c) { return c.end; }));
    CHECK(count(all->text, "old-") == 5);
    CHECK(count(all->text, "bad\n") == 1);

    const auto [followed, followed_sink] = start(true, 1);
    CHECK(followed->wait([](auto& c) { return count(c.text, "new-") >= 10; }));
    CHECK(count(followed->text, "old-") == 0);
    CHECK_FALSE(followed->end);
    const auto [left, left_sink] = start(true, 1);
    CHECK(left->wait([](auto& c) { return count(c.text, "new-") >= 2; }));
    caf::anon_send_exit(left_sink, caf::exit_reason::user_shutdown);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
    CHECK(followed->wait([](auto& c) { return c.end; }));
    caf::anon_send_exit(all_sink, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(followed_sink, caf::exit_reason::user_shutdown);
}

TEST_CASE("podman: two gateways on one podman do not see each other", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(16);
    const auto other = world.spawn("o" + std::to_string(::getpid()), world.socket());
    REQUIRE(problem(world.apply(lease, "app", app_of(web_container()))) == "");
    CHECK(world.ask<std::vector<RunningApp>>(other, list_atom_v).value().empty());
    CHECK(world.ask<AppStatus>(other, status_atom_v, lease, std::string("app")).value().health ==
          Health::absent);
    CHECK(world.ask<Inventory>(other, inv_atom_v).value().used == Resources{});
    CHECK(problem(world.remove(other, lease)) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);

    // Even the same lease and name are two applications.
    REQUIRE(world.ask<AppStatus>(other, apply_atom_v, lease, std::string("app"), app_of(web_container()),
                                 Resources{1000, 1000, 1000, 0}));
    CHECK(problem(world.remove(world.podman(), lease)) == "");
    CHECK(world.ask<std::vector<RunningApp>>(other, list_atom_v).value().size() == 1);
    CHECK(problem(world.remove(other, lease)) == "");
    caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
}

TEST_CASE("podman: while the service is gone health is unknown; it comes back and finds everything",
          "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(17);
    REQUIRE(problem(world.apply(lease, "app", app_of(web_container()))) == "");
    const auto before = world.wait_for(lease, "app", Health::ready);
    REQUIRE(before.health == Health::ready);
    pid_t service = 0;
    std::ifstream(world.data() + "/podman.pid") >> service;
    REQUIRE(service > 1);
    REQUIRE(::kill(service, SIGKILL) == 0);
    bool unknown = false;
    AppStatus seen;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    do {
        seen = world.status(lease, "app");
        CHECK(seen.health != Health::failed);
        CHECK(seen.health != Health::absent);
        unknown = unknown || seen.health == Health::unknown;
    } while ((!unknown || seen.health != Health::ready) && std::chrono::steady_clock::now() < limit);
    CHECK(unknown);
    CHECK(seen.health == Health::ready);
    CHECK(page(seen).find("It runs.") != std::string::npos);
    pid_t fresh = 0;
    std::ifstream(world.data() + "/podman.pid") >> fresh;
    CHECK_FALSE(fresh == service);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: a driver that comes back adopts what runs", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(18);
    const auto app = app_of(web_container());
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto before = world.wait_for(lease, "app", Health::ready);
    world.stop();
    CHECK_FALSE(fs::exists(world.socket()));  // nobody is told of the end before it has come
    CHECK(page(before).find("It runs.") != std::string::npos);  // containers run on
    world.restart();
    const auto after = world.wait_for(lease, "app", Health::ready);
    REQUIRE(after.endpoints.size() == 1);
    CHECK(after.endpoints[0].address == before.endpoints[0].address);
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    CHECK(world.ask<std::vector<RunningApp>>(world.podman(), list_atom_v).value().size() == 1);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: bad configurations are refused with the reason", "[podman]") {
    auto& world = World::get();
    const auto refused = [&](const std::function<void(PodmanConfig&)>& change) {
        auto c = world.config("x", "/nonexistent/podman.sock");
        change(c);
        const auto made = adapters::spawn_podman(world.system(), c);
        return made ? std::string("ok") : made.error().code;
    };
    CHECK(refused([](auto& c) { c.gateway_id = "Bad Id"; }) == "bad_config");
    CHECK(refused([](auto& c) { c.data_dir = "relative"; }) == "bad_config");
    CHECK(refused([](auto& c) { c.oci_runtime = "a\nb"; }) == "bad_config");
    CHECK(refused([](auto& c) { c.subnet_pool = "10.0.0.0/24"; }) == "bad_config");
    CHECK(refused([](auto&) {}) == "cluster_unavailable");
    auto required = world.config("x", world.socket());
    required.required = {"disk_quota"};
    const auto made = adapters::spawn_podman(world.system(), required);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == "capability_missing");
}
