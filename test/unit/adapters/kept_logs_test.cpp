#include "adapters/kept_logs.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>

#include "adapters/log_queue.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters;

namespace {

struct World {
    test::TemporaryDirectory directory;
    std::uint64_t now = 1'700'000'000;
    KeptLogs::Limits limits{100, 250, 4, std::chrono::hours(1)};

    KeptLogs logs() {
        return {directory.path(), [this] { return messages::Timestamp{now}; }, limits};
    }
    KeptLog log(const std::string& text, const std::string& workload = "web") const {
        return {workload, workload + "-0/main", {now}, text};
    }
};

}  // namespace

TEST_CASE("kept logs are found again, by application and workload", "[logs]") {
    World world;
    world.logs().keep("aa", "app", world.log("one\n\x01 \"two\"\n"));
    ++world.now;
    world.logs().keep("aa", "app", world.log("three\n", "db"));
    world.logs().keep("aa", "other", world.log("four\n"));
    const auto all = world.logs().of("aa", "app", "");
    REQUIRE(all.size() == 2);
    CHECK(all[0].text == "one\n\x01 \"two\"\n");
    CHECK(all[1].source == "db-0/main");
    CHECK(world.logs().of("aa", "app", "db") == std::vector{all[1]});
    CHECK(world.logs().of("aa", "nobody", "").empty());
    world.logs().forget("aa", "app");
    CHECK(world.logs().of("aa", "app", "").empty());
    CHECK(world.logs().of("aa", "other", "").size() == 1);
    world.logs().forget("aa", "");
    CHECK(world.logs().of("aa", "other", "").empty());
    CHECK_FALSE(std::filesystem::exists(world.directory / "aa"));
}

TEST_CASE("kept logs are bounded in bytes, number and age; the oldest make room", "[logs]") {
    World world;
    auto logs = world.logs();
    std::string long_text;
    for (int i = 0; i < 100; ++i) long_text += "line " + std::to_string(i) + "\n";
    logs.keep("aa", "app", world.log(long_text));
    const auto cut = logs.of("aa", "app", "").at(0).text;
    CHECK(cut.size() <= 100);
    CHECK(cut.starts_with("line "));
    CHECK(cut.ends_with("line 99\n"));

    for (int i = 0; i < 3; ++i) {
        ++world.now;
        logs.keep("aa", "app", world.log(std::string(79, static_cast<char>('a' + i)) + "\n"));
    }
    auto kept = logs.of("aa", "app", "");
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].text.front() == 'a');

    for (int i = 0; i < 9; ++i) logs.keep("aa", "app", world.log(std::to_string(i) + "\n"));
    kept = logs.of("aa", "app", "");
    REQUIRE(kept.size() == 4);
    CHECK(kept[3].text == "8\n");

    world.now += 3600;
    CHECK(logs.of("aa", "app", "").size() == 4);
    ++world.now;
    CHECK(logs.of("aa", "app", "").empty());
}

TEST_CASE("kept logs are printed under a line that says whose they are", "[logs]") {
    World world;
    messages::LogRequest request;
    const auto lease = request.lease_key.hex().substr(2);
    std::string said;
    const auto print = [&](bool more = true) {
        said.clear();
        return world.logs().print(request, [&](const std::string&, const std::string& text) {
            said += text;
            return more;
        });
    };
    request.app = "app";
    CHECK(print());
    CHECK(said.empty());
    world.logs().keep(lease, "app", world.log("one\ntwo\nthree"));
    world.logs().keep(lease, "app", world.log("four\n", "db"));
    request.tail = 2;
    CHECK(print());
    CHECK(said ==
          "==> web-0/main, ended 2023-11-14T22:13:20Z <==\ntwo\nthree\n"
          "==> db-0/main, ended 2023-11-14T22:13:20Z <==\nfour\n==> running <==\n");
    request.workload = "db";
    CHECK(print());
    CHECK(said == "==> db-0/main, ended 2023-11-14T22:13:20Z <==\nfour\n==> running <==\n");
    request.workload.clear();
    CHECK_FALSE(print(false));
    CHECK(said == "==> web-0/main, ended 2023-11-14T22:13:20Z <==\ntwo\nthree\n");
}

TEST_CASE("nothing is kept of who printed nothing", "[logs]") {
    World world;
    world.logs().keep("aa", "app", world.log(""));
    CHECK_FALSE(std::filesystem::exists(world.directory / "aa"));
}

TEST_CASE("the last lines of a text", "[logs]") {
    CHECK(last_lines_of("", 3).empty());
    CHECK(last_lines_of("a\nb\nc\n", 2) == "b\nc\n");
    CHECK(last_lines_of("a\nb\nc", 2) == "b\nc");
    CHECK(last_lines_of("a\nb\n", 2) == "a\nb\n");
    CHECK(last_lines_of("a\nb\n", 9) == "a\nb\n");
    CHECK(last_lines_of("a\nb\n", 0).empty());
}

TEST_CASE("the end of a text that grows is cut at a line", "[logs]") {
    LogEnd end(10);
    for (int i = 0; i < 50; ++i) end.add("12345\n");
    CHECK(end.take() == "12345\n");
    LogEnd one(10);
    one.add(std::string(50, 'x'));
    CHECK(one.take() == std::string(10, 'x'));
}

TEST_CASE("a slow reader of a log slows its writers, and one that goes lets them go", "[logs]") {
    LogQueue queue;
    std::atomic<int> written{0};
    auto writer = std::async(std::launch::async, [&] {
        while (queue.push("web-0/main", "x")) ++written;
    });
    LogPiece piece;
    for (int i = 0; i < 3'000; ++i) REQUIRE(queue.pop(piece, std::chrono::seconds(30)));
    CHECK(piece.source == "web-0/main");
    CHECK(written.load() <= 3'000 + 1'025);
    queue.close();
    writer.get();
    CHECK(written.load() >= 3'000);
}
