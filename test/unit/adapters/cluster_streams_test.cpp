#include "adapters/cluster_driver.hpp"

#include <caf/all.hpp>
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "messages/error.hpp"

using namespace grid;
using namespace grid::messages;
using grid::adapters::ClusterDriver;

namespace {

/// A cluster whose logs go on until nobody wants them.
class EndlessLogs : public ClusterDriver {
public:
    void end() override {}
    Result<AppStatus> apply(const Hash&, const std::string&, const lease::Application&,
                            const Resources&) override {
        return AppStatus{Health::ready, "", {}};
    }
    AppStatus status(const Hash&, const std::string&) override { return {Health::ready, "", {}}; }
    Result<std::vector<AppEvent>> events(const Hash&, const std::string&) override {
        return std::vector<AppEvent>{};
    }
    Result<void> remove(const Hash&, const std::string&) override { return {}; }
    Result<std::vector<RunningApp>> list() override { return std::vector<RunningApp>{}; }
    Result<std::vector<std::string>> collect(const std::vector<Hash>&) override {
        return std::vector<std::string>{};
    }
    Result<Inventory> inventory() override { return Inventory{}; }
    std::vector<Capability> probe() override { return {}; }
    void logs(const LogRequest&, const LogSink&, const std::function<bool()>& wanted) override {
        std::unique_lock lock(mutex);
        ++open;
        changed.notify_all();
        while (wanted()) changed.wait_for(lock, std::chrono::milliseconds(20));
        --open;
        changed.notify_all();
    }
    Result<std::shared_ptr<adapters::ExecSession>> exec(const ExecRequest&) override {
        return fail("not_running", "no pod is ready");
    }

    /// Waits until so many logs are open.
    bool reaches(unsigned count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(30), [&] { return open == count; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    unsigned open = 0;
};

/// Readers that never have enough. One whose log has ended says why.
struct Readers {
    explicit Readers(caf::actor_system& home) : system(home) {}
    ~Readers() { leave(); }
    void leave() {
        for (const auto& sink : sinks) caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
        sinks.clear();
    }
    void add(const cluster_actor& cluster, std::uint8_t lease) {
        LogRequest request;
        request.lease_key.bytes[0] = lease;
        request.follow = true;
        sinks.push_back(system.spawn(
            [this](log_sink_actor::pointer self, caf::unit_t) -> log_sink_actor::behavior_type {
                return {[this, self](const LogChunk& chunk) {
                    if (chunk.end) {
                        const std::lock_guard lock(mutex);
                        refusals.push_back(chunk.text);
                        changed.notify_all();
                        self->quit();
                    }
                    return ack_atom_v;
                }};
            },
            caf::unit));
        caf::anon_send(cluster, logs_atom_v, request, sinks.back());
    }
    bool refused(std::size_t count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(30), [&] { return refusals.size() >= count; });
    }
    caf::actor_system& system;
    std::vector<log_sink_actor> sinks;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> refusals;
};

}  // namespace

TEST_CASE("logs that users leave open keep the driver neither from other leases nor from its own work") {
    caf::actor_system_config config;
    caf::actor_system system(config);
    auto driver = std::make_shared<EndlessLogs>();
    auto cluster = adapters::spawn_cluster(system, driver);
    Readers readers(system);
    for (int i = 0; i < 60; ++i) readers.add(cluster, 1);
    REQUIRE(readers.refused(12));
    REQUIRE(driver->reaches(48));
    CHECK(readers.refusals.front() == "too many logs and commands are open; close one of yours\n");
    readers.add(cluster, 2);
    REQUIRE(driver->reaches(49));
    // All places of all leases.
    for (std::uint8_t lease = 3; lease < 9; ++lease)
        for (int i = 0; i < 48; ++i) readers.add(cluster, lease);
    REQUIRE(driver->reaches(256));
    caf::scoped_actor self(system);
    Health health = Health::unknown;
    self->request(cluster, std::chrono::seconds(30), status_atom_v, Hash{}, std::string("web"))
        .receive([&](const AppStatus& status) { health = status.health; },
                 [](const caf::error& error) { FAIL(from_caf(error).message); });
    CHECK(health == Health::ready);
    std::string why;
    self->request(cluster, std::chrono::seconds(30), exec_atom_v,
                  ExecRequest{Hash{}, "web", {}, {}, {"sh"}, false, 80, 24}, exec_sink_actor{})
        .receive([](const exec_actor&) {}, [&](const caf::error& error) { why = from_caf(error).code; });
    CHECK(why == "overloaded");
    readers.leave();
    REQUIRE(driver->reaches(0));
    readers.add(cluster, 1);
    CHECK(driver->reaches(1));
    readers.leave();
    CHECK(driver->reaches(0));
    self->send_exit(cluster, caf::exit_reason::user_shutdown);
}
