// Commands in containers, events and earlier logs, on a real podman, see podman_world.hpp.
#include "adapters/podman/restart_book.hpp"
#include "test/integration/podman_world.hpp"

#include <condition_variable>
#include <mutex>

using namespace grid;
using namespace grid::test;

namespace {

/// What a command said so far. While `held`, pieces are not acknowledged.
struct Said {
    std::mutex mutex;
    std::condition_variable changed;
    std::string out, err;
    std::optional<ExecChunk> end;
    std::size_t pieces = 0;
    bool held = false;

    template <class Done>
    bool wait(Done done) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(60), [&] { return done(*this); });
    }
    bool ended() {
        return wait([](Said& s) { return s.end.has_value(); });
    }
};

exec_sink_actor::behavior_type listening(exec_sink_actor::pointer self, const std::shared_ptr<Said>& said) {
    return {[self, said](const ExecChunk& chunk) -> caf::result<ack_atom> {
        const std::lock_guard lock(said->mutex);
        ++said->pieces;
        (chunk.kind == ExecChunk::Kind::err ? said->err : said->out) += chunk.bytes;
        if (chunk.kind == ExecChunk::Kind::end) said->end = chunk;
        said->changed.notify_all();
        if (said->held) return self->make_response_promise<ack_atom>();
        return ack_atom_v;
    }};
}

struct Command {
    Command(World& w, ExecRequest request, bool held = false) : world(w) {
        said->held = held;
        sink = world.system().spawn(listening, said);
        auto made = world.ask<exec_actor>(world.podman(), exec_atom_v, std::move(request), sink);
        problem = grid::test::problem(made);
        if (made) command = *made;
    }
    ~Command() { caf::anon_send_exit(sink, caf::exit_reason::user_shutdown); }
    Result<ack_atom> input(const std::string& bytes) {
        return world.ask<ack_atom>(command, input_atom_v, bytes);
    }

    World& world;
    std::shared_ptr<Said> said = std::make_shared<Said>();
    exec_sink_actor sink;
    exec_actor command;
    std::string problem;
};

ExecRequest run(const Hash& lease, std::string script, bool tty = false) {
    ExecRequest request;
    request.lease_key = lease;
    request.app = "app";
    request.command = {"/bin/sh", "-c", std::move(script)};
    request.tty = tty;
    return request;
}

std::string label_of(const Hash& lease) {
    return "grid.lease=" + lease.hex().substr(2);
}

std::size_t count_of(const std::vector<AppEvent>& events, const std::string& reason) {
    std::size_t n = 0;
    for (const auto& event : events) n += event.reason == reason ? event.count : 0;
    return n;
}

}  // namespace

TEST_CASE("podman: a command takes input, tells both outputs apart, and its exit code comes back",
          "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(30);
    REQUIRE(problem(world.apply(lease, "app", app_of(web_container()))) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);

    Command two(world, run(lease, "echo to out; echo to err >&2; exit 7"));
    REQUIRE(two.problem == "");
    REQUIRE(two.said->ended());
    CHECK(two.said->out == "to out\n");
    CHECK(two.said->err == "to err\n");
    CHECK(two.said->end->exit_code == 7);
    CHECK(two.said->end->error_code.empty());

    // Bytes as they are, more than a pipe holds, and back; the end of the input is the end of cat.
    std::string bytes;
    for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 31 % 256);
    Command cat(world, run(lease, "cat"));
    REQUIRE(cat.problem == "");
    for (std::size_t at = 0; at < bytes.size(); at += 60'000) CHECK(cat.input(bytes.substr(at, 60'000)));
    caf::anon_send(cat.command, finish_atom_v);
    REQUIRE(cat.said->ended());
    CHECK((cat.said->out == bytes));
    CHECK(cat.said->end->exit_code == 0);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: a terminal has the size that it is given, and follows", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(31);
    REQUIRE(problem(world.apply(lease, "app", app_of(web_container()))) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);
    auto request = run(lease, "stty size; read x; stty size; exit 3", true);
    request.columns = 101;
    request.rows = 33;
    Command session(world, request);
    REQUIRE(session.problem == "");
    REQUIRE(session.said->wait([](Said& s) { return s.out.find("33 101") != std::string::npos || s.end; }));
    caf::anon_send(session.command, resize_atom_v, std::uint16_t{120}, std::uint16_t{40});
    CHECK(session.input("\n"));
    REQUIRE(session.said->ended());
    INFO(session.said->out);
    CHECK(session.said->out.find("40 120") != std::string::npos);
    CHECK(session.said->end->exit_code == 3);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: a slow reader slows the command, and one that goes ends it", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(32);
    REQUIRE(problem(world.apply(lease, "app", app_of(web_container()))) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);
    const auto row = world.api().containers({label_of(lease)}).value().at(0);
    const auto runs = [&](const std::string& name) {
        return world.api().execute(row.id, {"/bin/sh", "-c", "pidof " + name}, std::chrono::seconds(10)) ==
               Result<int>(0);
    };
    {
        Command session(world, run(lease, "exec yes"), true);
        REQUIRE(session.problem == "");
        REQUIRE(session.said->wait([](Said& s) { return s.pieces == 1; }));
        CHECK(runs("yes"));  // it waits: its pipe is full, and nothing more came
        const std::lock_guard lock(session.said->mutex);
        CHECK(session.said->pieces == 1);
    }
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (runs("yes") && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    CHECK_FALSE(runs("yes"));
    CHECK(world.status(lease, "app").health == Health::ready);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: a command that cannot run says why", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(33);
    CHECK(Command(world, run(lease, "true")).problem.find("not_found: ") == 0);
    auto app = app_of(web_container());
    auto job = app.workloads[0];
    job.name = "job";
    job.restart = lease::RestartPolicy::never;
    job.containers = {shell("exit 0")};
    app.workloads.push_back(job);
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    CHECK(world.wait_for(lease, "app", Health::ready).health == Health::ready);
    auto request = run(lease, "true");
    request.pod = "web-1";
    CHECK(Command(world, request).problem.find("not_found: ") == 0);
    request.pod = "web-0";
    request.container = "other";
    CHECK(Command(world, request).problem.find("not_found: ") == 0);
    request.container = "web";
    Command good(world, request);
    CHECK(good.problem == "");
    CHECK(good.said->ended());
    request.pod = "job-0";
    CHECK(Command(world, request).problem.find("not_running: ") == 0);
    request = run(lease, "");
    request.command = {"/no/such/program"};
    Command none(world, request);
    if (none.problem.empty()) {
        REQUIRE(none.said->ended());
        CHECK((none.said->end->exit_code == 127 || none.said->end->exit_code == 126));
    } else {
        CHECK(none.problem.find("not_found: ") == 0);
    }
    request.command.clear();
    CHECK(Command(world, request).problem.find("bad_command: ") == 0);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: what happened to an application is told, and each of its pods", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(34);
    const auto events = [&] {
        return world.ask<std::vector<AppEvent>>(world.podman(), events_atom_v, lease, std::string("app"))
            .value();
    };
    CHECK(events().empty());
    const auto crashing =
        app_of(shell("echo before; test -e /tmp/second && { echo after; echo up >/tmp/index.html; " +
                     std::string(kServe) + "; }; touch /tmp/second; echo my last words; exit 4"));
    REQUIRE(problem(world.apply(lease, "app", crashing)) == "");
    // The restart is counted before it is begun, and told when its start is answered.
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (count_of(events(), "Restarted") == 0 && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
    const auto status = world.wait_for(lease, "app", Health::ready);
    REQUIRE(status.pods.size() == 1);
    CHECK(status.pods[0].workload == "web");
    CHECK(status.pods[0].name == "web-0");
    CHECK(status.pods[0].ready);
    CHECK(status.pods[0].restarts == 1);
    CHECK(status.pods[0].image.find("grid-sample") != std::string::npos);
    CHECK(status.pods[0].started.seconds > 1'600'000'000);
    CHECK_FALSE(status.drifted);
    auto seen = events();
    CHECK(count_of(seen, "Started") == 1);
    CHECK(count_of(seen, "Crashed") == 1);
    CHECK(count_of(seen, "Restarted") == 1);
    CHECK(count_of(seen, "Ready") >= 1);  // again when its start is answered late
    for (const auto& event : seen)
        if (event.reason == "Crashed") {
            CHECK(event.kind == AppEvent::Kind::warning);
            CHECK(event.object == "Pod/web-0");
            CHECK(event.message.find("exited with code 4; last line: my last words") != std::string::npos);
        }

    // The run before the crash has left its lines.
    const auto row = world.api().containers({label_of(lease)}).value().at(0);
    adapters::podman::RestartBook book(world.data() + "/kept");
    book.load();
    const auto starts = book.of(row.id);
    CHECK(starts.restarts == 1);
    std::string earlier;
    REQUIRE(world.api().log_between(row.id, starts.before, starts.last, 100, [&](std::string_view text) {
        earlier += text;
        return true;
    }));
    CHECK(earlier == "before\nmy last words\n");

    CHECK_FALSE(world.apply(lease, "app", app_of(shell("exit 5"))));
    CHECK(count_of(events(), "RolledBack") == 1);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
    CHECK(events().empty());
}

TEST_CASE("podman: a pod that somebody takes away is drift, and applying puts it right", "[podman]") {
    auto& world = World::get();
    const auto lease = lease_number(35);
    auto app = app_of(web_container());
    app.workloads[0].replicas = 2;
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    // It is ready with the first of its pods.
    auto begun = world.wait_for(lease, "app", Health::ready);
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
         begun.endpoints.size() < 2 && std::chrono::steady_clock::now() < end;)
        begun = world.status(lease, "app");
    CHECK(begun.endpoints.size() == 2);
    const auto rows = world.api().containers({label_of(lease)}).value();
    REQUIRE(rows.size() == 2);
    REQUIRE(world.api().remove(rows[0].id));
    CHECK(world.status(lease, "app").drifted);
    REQUIRE(problem(world.apply(lease, "app", app)) == "");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (world.status(lease, "app").endpoints.size() < 2 && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
    CHECK_FALSE(world.status(lease, "app").drifted);
    CHECK(world.status(lease, "app").endpoints.size() == 2);
    CHECK(problem(world.remove(world.podman(), lease)) == "");
}

TEST_CASE("podman: files and networks of no living lease are collected, images after their grace",
          "[podman]") {
    auto& world = World::get();
    const auto living = lease_number(36);
    const auto dead = lease_number(37);
    REQUIRE(problem(world.apply(living, "app", app_of(web_container()))) == "");
    fs::create_directories(world.data() + "/apps/" + dead.hex().substr(2) + "/app");
    fs::create_directories(world.data() + "/apps/" + lease_number(38).hex().substr(2));
    const auto collect = [&] {
        return world.ask<std::vector<std::string>>(world.podman(), collect_atom_v,
                                                   std::vector<Hash>{lease_number(38)});
    };
    const auto gone = collect();
    REQUIRE(gone);
    CHECK(*gone == std::vector<std::string>{"network and files of lease " + dead.hex()});
    CHECK_FALSE(fs::exists(world.data() + "/apps/" + dead.hex().substr(2)));
    CHECK(fs::exists(world.data() + "/apps/" + lease_number(38).hex().substr(2)));
    CHECK(world.wait_for(living, "app", Health::ready).endpoints.size() == 1);
    CHECK(collect().value().empty());
    CHECK(world.api().image_exists(kImage).value());
    CHECK(problem(world.remove(world.podman(), living)) == "");
}
