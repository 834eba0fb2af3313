// The Podman driver on a real podman: every test program run has its own gateway ids, data directory, storage
// and service, and leaves nothing behind. Needs root, podman, netavark, aardvark-dns, nftables, iptables,
// busybox-static.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // a listener
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/podman.hpp"
#include "adapters/podman/api.hpp"
#include "messages/error.hpp"
#include "runtime/http_client.hpp"

using namespace grid;
using namespace grid::messages;
using adapters::PodmanConfig;
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kLong{120};
constexpr char kImage[] = "localhost/grid-sample:1";

Hash lease_number(unsigned n) {
    Hash h;
    h.bytes[0] = 0xab;
    h.bytes[31] = static_cast<std::uint8_t>(n);
    const auto pid = static_cast<unsigned>(::getpid());
    h.bytes[1] = static_cast<std::uint8_t>(pid >> 8);
    h.bytes[2] = static_cast<std::uint8_t>(pid);
    return h;
}

/// One actor system and one data directory for the whole program: the image is made once.
class World {
public:
    World() : system_(configured(config_)) {
        char directory[] = "/tmp/grid-podman-XXXXXX";
        REQUIRE(::mkdtemp(directory));
        directory_ = directory;
        podman_ = spawn("t" + std::to_string(::getpid()), {});
        const auto command = std::string(GRID_SOURCE_DIR) + "/tools/build_sample_image " + data() + " >" +
                             directory_ + "/image.log 2>&1";
        const int rc = std::system(command.c_str());
        INFO(read(directory_ + "/image.log"));
        REQUIRE(rc == 0);
    }
    ~World() {
        for (unsigned n = 0; n < 64; ++n) {
            remove(podman_, lease_number(n));
        }
        stop();
        // Mounts of storage are gone with the containers; the rest are plain files.
        const auto unmount = "umount " + data() + "/storage/overlay >/dev/null 2>&1";
        if (std::system(unmount.c_str()) != 0) {
        }
        std::error_code e;
        fs::remove_all(directory_, e);
    }

    static World& get() {
        if (!current()) current() = std::make_unique<World>();
        return *current();
    }
    /// Before main returns: an actor system does not survive until static objects are destroyed.
    static std::unique_ptr<World>& current() {
        static std::unique_ptr<World> world;
        return world;
    }

    PodmanConfig config(const std::string& gateway, const std::string& socket) const {
        PodmanConfig c;
        c.gateway_id = gateway;
        c.data_dir = socket.empty() ? data() : directory_ + "/" + gateway;
        c.socket = socket;
        c.run_root = directory_ + "/run";
        c.stop_grace_cap = std::chrono::seconds(2);
        c.ready_timeout = std::chrono::seconds(20);
        c.restart_backoff = std::chrono::milliseconds(50);
        c.restart_limit = 2;
        c.drain = std::chrono::milliseconds(0);
        return c;
    }

    cluster_actor spawn(const std::string& gateway, const std::string& socket) {
        auto made = adapters::spawn_podman(system_, config(gateway, socket));
        INFO((made ? "" : made.error().message));
        REQUIRE(made);
        return *made;
    }

    void stop() {
        caf::scoped_actor self(system_);
        self->send_exit(podman_, caf::exit_reason::user_shutdown);
        self->wait_for(podman_);
        podman_ = nullptr;
    }

    void restart() { podman_ = spawn("t" + std::to_string(::getpid()), {}); }

    const cluster_actor& podman() const { return podman_; }
    std::string data() const { return directory_ + "/d"; }
    std::string socket() const { return data() + "/podman.sock"; }
    caf::actor_system& system() { return system_; }
    adapters::podman::PodmanApi api() const { return adapters::podman::PodmanApi(socket()); }

    static std::string read(const std::string& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    template <class T, class... Args>
    Result<T> ask(const cluster_actor& who, Args&&... args) {
        caf::scoped_actor self(system_);
        Result<T> outcome = fail("test", "no answer");
        self->request(who, kLong, std::forward<Args>(args)...)
            .receive([&](T& value) { outcome = std::move(value); },
                     [&](const caf::error& e) { outcome = tl::unexpected(from_caf(e)); });
        return outcome;
    }

    Result<AppStatus> apply(const Hash& lease, const std::string& app,
                            const lease::Application& application) {
        return ask<AppStatus>(podman_, apply_atom_v, lease, app, application, Resources{4000, 4096, 8192, 0});
    }
    AppStatus status(const Hash& lease, const std::string& app) {
        return ask<AppStatus>(podman_, status_atom_v, lease, app).value();
    }
    Result<caf::unit_t> remove(const cluster_actor& who, const Hash& lease) {
        return ask<caf::unit_t>(who, remove_atom_v, lease);
    }

    /// Waits for a condition, not for a time: the limit only ends a test that has failed.
    AppStatus wait_for(const Hash& lease, const std::string& app, Health health) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        auto seen = status(lease, app);
        while (seen.health != health && std::chrono::steady_clock::now() < limit) {
            std::this_thread::yield();
            seen = status(lease, app);
        }
        return seen;
    }

private:
    static caf::actor_system_config& configured(caf::actor_system_config& config) {
        add_message_types(config);
        return config;
    }
    caf::actor_system_config config_;
    caf::actor_system system_;
    std::string directory_;
    cluster_actor podman_;
};

/// Empty when it went well: what a failed check shows.
template <class T>
std::string problem(const Result<T>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

struct WorldEnds : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats&) override { World::current().reset(); }
};
CATCH_REGISTER_LISTENER(WorldEnds)

lease::Container web_container(std::string name = "web") {
    lease::Container c;
    c.name = std::move(name);
    c.image = kImage;
    c.cpu_milli = 200;
    c.memory_mib = 32;
    c.storage_mib = 16;
    c.pull_always = false;
    return c;
}

lease::Application app_of(lease::Container container, std::uint16_t port = 8080) {
    lease::Application app;
    lease::Workload w;
    w.name = "web";
    w.containers.push_back(std::move(container));
    w.termination_grace_s = 1;
    app.workloads.push_back(w);
    if (port) {
        app.services.push_back({"web", "web", {{"http", port, port}}});
        app.entrances.push_back({"web", "web", port});
    }
    return app;
}

/// A container whose page is what a shell script makes.
lease::Container shell(const std::string& script) {
    auto c = web_container();
    c.command = {"/bin/sh", "-c", script};
    return c;
}

constexpr char kServe[] = "trap 'kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & s=$!; wait $s";

std::string page(const AppStatus& status, const std::string& target = "/") {
    if (status.endpoints.empty()) return "no endpoint";
    const auto& e = status.endpoints.front();
    runtime::HttpRequest request;
    request.target = target;
    const auto response = runtime::HttpClient(runtime::TcpSocket{e.address, e.port})
                              .request(request, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    return response ? response->body : response.error().message;
}

/// Runs a script to its end in a container of its own lease and answers what it wrote.
std::string output_of(World& world, const Hash& lease, const std::string& script,
                      const std::function<void(lease::Application&)>& change = {}) {
    auto app = app_of(shell("{ " + script +
                            "\n} >/tmp/out 2>&1; mv /tmp/out /tmp/index.html 2>/dev/null || "
                            "/bin/busybox mv /tmp/out /tmp/index.html; " +
                            std::string(kServe)));
    if (change) change(app);
    const auto made = world.apply(lease, "probe", app);
    if (!made) return made.error().message;
    const auto text = page(world.wait_for(lease, "probe", Health::ready));
    CHECK(problem(world.remove(world.podman(), lease)) == "");
    return text;
}

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

TEST_CASE("podman: too much memory is killed, a crash loop is failed, both with the reason", "[podman]") {
    auto& world = World::get();
    const auto hungry = lease_number(11);
    REQUIRE(problem(world.apply(hungry, "app", app_of(shell("tail -c 200m /dev/zero")))) == "");
    const auto killed = world.wait_for(hungry, "app", Health::failed);
    INFO(killed.reason);
    CHECK(killed.health == Health::failed);
    CHECK(killed.reason.find("137") != std::string::npos);
    CHECK(killed.reason.find("32 MiB of memory") != std::string::npos);
    CHECK(problem(world.remove(world.podman(), hungry)) == "");

    const auto crashing = lease_number(12);
    REQUIRE(problem(world.apply(crashing, "app", app_of(shell("echo my last words; exit 5")))) == "");
    const auto failed = world.wait_for(crashing, "app", Health::failed);
    INFO(failed.reason);
    CHECK(failed.reason.find("exited with code 5") != std::string::npos);
    CHECK(failed.reason.find("my last words") != std::string::npos);
    CHECK(failed.reason.find("restarted") != std::string::npos);
    CHECK(problem(world.remove(world.podman(), crashing)) == "");

    const auto once = lease_number(13);
    auto app = app_of(shell("exit 0"), 0);
    app.workloads[0].restart = lease::RestartPolicy::never;
    REQUIRE(problem(world.apply(once, "app", app)) == "");
    CHECK(world.wait_for(once, "app", Health::ready).endpoints.empty());
    CHECK(problem(world.remove(world.podman(), once)) == "");
}

TEST_CASE("podman: one crash is repaired by a restart", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(14);
    REQUIRE(problem(world.apply(lease, "app",
                                app_of(shell("test -e /tmp/second && { echo again >/tmp/index.html; " +
                                             std::string(kServe) + "; }; touch /tmp/second; exit 1")))) ==
            "");
    CHECK(page(world.wait_for(lease, "app", Health::ready)) == "again\n");
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
    CHECK(refused([](auto& c) { c.subnet_pool = "10.0.0.0/24"; }) == "bad_config");
    CHECK(refused([](auto&) {}) == "cluster_unavailable");
    auto required = world.config("x", world.socket());
    required.required = {"disk_quota"};
    const auto made = adapters::spawn_podman(world.system(), required);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == "capability_missing");
}
