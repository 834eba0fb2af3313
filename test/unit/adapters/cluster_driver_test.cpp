// The actor in front of a cluster driver.
#include "adapters/cluster_driver.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>

#include "messages/error.hpp"

using namespace grid;
using namespace grid::adapters;
using namespace grid::messages;

namespace {

/// Notes, when it goes, whether its driver is still there.
class Session final : public ExecSession {
public:
    Session(std::shared_ptr<std::atomic<bool>> driver_lives, std::promise<bool>& gone)
        : driver_lives_(std::move(driver_lives)), gone_(gone) {}
    ~Session() override { gone_.set_value(*driver_lives_); }
    Piece read(std::chrono::milliseconds) override {
        return {ended_ ? Piece::Kind::end : Piece::Kind::nothing, {}};
    }
    bool write(std::string_view) override { return !ended_; }
    void finish() override {}
    void resize(std::uint16_t, std::uint16_t) override {}
    void abandon() override { ended_ = true; }
    bool abandoned() const override { return ended_; }
    Result<int> exit_code() override { return 0; }
    void end_command() override {}

private:
    std::shared_ptr<std::atomic<bool>> driver_lives_;
    std::promise<bool>& gone_;
    std::atomic<bool> ended_{false};
};

/// Every call fails as no driver should.
class Broken final : public ClusterDriver {
public:
    explicit Broken(std::promise<bool>& session_gone) : session_gone_(session_gone) {}
    ~Broken() override { *lives_ = false; }
    void end() override {}
    Result<AppStatus> apply(const Hash&, const std::string&, const lease::Application&,
                            const Resources&) override {
        throw std::runtime_error("no memory");
    }
    AppStatus status(const Hash&, const std::string&) override { throw std::runtime_error("no memory"); }
    Result<std::vector<AppEvent>> events(const Hash&, const std::string&) override { return {}; }
    Result<void> remove(const Hash&, const std::string&) override { throw std::runtime_error("no memory"); }
    Result<std::vector<RunningApp>> list() override { throw std::runtime_error("no memory"); }
    Result<std::vector<std::string>> collect(const std::vector<Hash>&) override { return {}; }
    Result<Inventory> inventory() override { return Inventory{}; }
    std::vector<Capability> probe() override { return {}; }
    void logs(const LogRequest&, const LogSink& sink, const std::function<bool()>&) override {
        sink("a", "first\n");
        throw std::runtime_error("no memory");
    }
    Result<std::shared_ptr<ExecSession>> exec(const ExecRequest&) override {
        return std::make_shared<Session>(lives_, session_gone_);
    }

private:
    std::shared_ptr<std::atomic<bool>> lives_ = std::make_shared<std::atomic<bool>>(true);
    std::promise<bool>& session_gone_;
};

std::string code_of(const caf::error& error) {
    return from_caf(error).code;
}

}  // namespace

TEST_CASE("a cluster driver that throws answers all the same, and takes the next call") {
    std::promise<bool> unused;
    caf::actor_system_config config;
    add_message_types(config);
    caf::actor_system system(config);
    const auto cluster = spawn_cluster(system, std::make_shared<Broken>(unused));
    caf::scoped_actor self(system);
    const auto limit = std::chrono::seconds(30);
    std::string code;
    const auto note = [&](const caf::error& e) { code = code_of(e); };
    for (int i = 0; i < 3; ++i) {
        self->request(cluster, limit, list_atom_v).receive([](const std::vector<RunningApp>&) {}, note);
        CHECK(code == "cluster_unavailable");
        code.clear();
        self->request(cluster, limit, remove_atom_v, Hash{}).receive([](caf::unit_t) {}, note);
        CHECK(code == "cluster_unavailable");
        code.clear();
        self->request(cluster, limit, status_atom_v, Hash{}, std::string("a"))
            .receive([](const AppStatus&) {}, note);
        CHECK(code == "cluster_unavailable");
        code.clear();
    }
    std::promise<std::string> log;
    std::string text;
    const log_sink_actor sink = system.spawn(
        [&](log_sink_actor::pointer, caf::unit_t) -> log_sink_actor::behavior_type {
            return {[&](const LogChunk& chunk) {
                text += chunk.text;
                if (chunk.end) log.set_value(text);
                return ack_atom_v;
            }};
        },
        caf::unit);
    self->send(cluster, logs_atom_v, LogRequest{}, sink);
    CHECK(log.get_future().get() == "first\nthe logs cannot be read: no memory\n");
    self->send_exit(sink, caf::exit_reason::user_shutdown);
    self->send_exit(cluster, caf::exit_reason::user_shutdown);
}

TEST_CASE("a command's session is gone before its driver, whoever lets go of it last") {
    std::promise<bool> session_gone;
    caf::actor_system_config config;
    add_message_types(config);
    caf::actor_system system(config);
    auto cluster = spawn_cluster(system, std::make_shared<Broken>(session_gone));
    caf::scoped_actor self(system);
    const exec_sink_actor sink = system.spawn(
        [](exec_sink_actor::pointer, caf::unit_t) -> exec_sink_actor::behavior_type {
            return {[](const ExecChunk&) { return ack_atom_v; }};
        },
        caf::unit);
    ExecRequest request;
    request.command = {"sleep"};
    exec_actor session;
    self->request(cluster, std::chrono::seconds(30), exec_atom_v, request, sink)
        .receive([&](const exec_actor& actor) { session = actor; },
                 [](const caf::error& e) { FAIL(code_of(e)); });
    // The driver's actor ends first, then the session's sink.
    self->monitor(cluster);
    self->send_exit(cluster, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
    cluster = cluster_actor{};
    self->send_exit(sink, caf::exit_reason::user_shutdown);
    session = exec_actor{};
    CHECK(session_gone.get_future().get());
}
