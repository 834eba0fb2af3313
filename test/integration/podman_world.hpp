// The Podman driver on a real podman: every test program run has its own gateway ids, data directory, storage
// and service, and leaves nothing behind. Needs root, podman, netavark, aardvark-dns, nftables, iptables,
// busybox-static.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "adapters/podman.hpp"
#include "adapters/podman/api.hpp"
#include "messages/error.hpp"
#include "runtime/http_client.hpp"

namespace grid::test {

using namespace messages;
using adapters::PodmanConfig;
namespace fs = std::filesystem;

inline constexpr std::chrono::seconds kLong{120};
inline constexpr char kImage[] = "localhost/grid-sample:1";

inline Hash lease_number(unsigned n) {
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
        // A last cleaning by podman, in a process of its own, may still write there.
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        do {
            std::error_code e;
            fs::remove_all(directory_, e);
        } while (fs::exists(directory_) && std::chrono::steady_clock::now() < limit);
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
        c.ended_pods_kept = 4;
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

    template <class T, class Handle, class... Args>
    Result<T> ask(const Handle& who, Args&&... args) {
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

inline lease::Container web_container(std::string name = "web") {
    lease::Container c;
    c.name = std::move(name);
    c.image = kImage;
    c.cpu_milli = 200;
    c.memory_mib = 32;
    c.storage_mib = 16;
    c.pull_always = false;
    return c;
}

inline lease::Application app_of(lease::Container container, std::uint16_t port = 8080) {
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
inline lease::Container shell(const std::string& script) {
    auto c = web_container();
    c.command = {"/bin/sh", "-c", script};
    return c;
}

inline constexpr char kServe[] = "trap 'kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & s=$!; wait $s";

inline std::string page(const AppStatus& status, const std::string& target = "/") {
    if (status.endpoints.empty()) return "no endpoint";
    const auto& e = status.endpoints.front();
    runtime::HttpRequest request;
    request.target = target;
    const auto response = runtime::HttpClient(runtime::TcpSocket{e.address, e.port})
                              .request(request, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    return response ? response->body : response.error().message;
}

/// Runs a script to its end in a container of its own lease and answers what it wrote.
inline std::string output_of(World& world, const Hash& lease, const std::string& script,
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

}  // namespace grid::test
