// Watching the Kubernetes API, when watches are cut, expire, fall silent.
#include <catch2/catch.hpp>
#include <future>

#include "adapters/kubernetes/mirror.hpp"
#include "support/kubernetes_bench.hpp"

using namespace grid;
using namespace grid::test::kubernetes;
using test::ScriptedServer;

TEST_CASE("kubernetes: a mirror resumes a cut watch, takes bookmarks, and lists anew after 410") {
    std::vector<std::string> seen;
    std::mutex mutex;
    Bench bench([&](std::size_t n, const std::string& request) -> std::string {
        {
            const std::lock_guard lock(mutex);
            seen.push_back(request.substr(0, request.find(" HTTP")));
        }
        switch (n) {
            case 0:
                return http(R"({"metadata":{"resourceVersion":"10"},"items":[)" + pod("a", 1) + "]}");
            case 1:  // cut in the middle of an object, and of HTTP
                return kChunked + chunk(event("ADDED", pod("b", 11))) +
                       chunk(event("MODIFIED", pod("a", 12)).substr(0, 40));
            case 2:  // ends in the middle of an object, whole as HTTP
                return kChunked +
                       chunk(event("MODIFIED", pod("a", 12)) + event("DELETED", pod("b", 13)) +
                             event("BOOKMARK", pod("", 20)) + "{\"type\":\"ADD") +
                       chunk("");
            case 3:  // history is gone, as an event
                return kChunked + chunk(event("ERROR", status_body(410, "Expired", "too old"))) + chunk("");
            case 4:
                return http(R"({"metadata":{"resourceVersion":"30"},"items":[)" + pod("c", 25) + "]}");
            case 5:  // and as a status
                return http(status_body(410, "Expired", "too old"), "410 Gone");
            case 6:
                return http(R"({"metadata":{"resourceVersion":"40"},"items":[]})");
            case 7:
                return http("oops", "500 X");
            default:
                return kChunked + chunk(event("ADDED", pod("z", 41))) + chunk("");
        }
    });
    Mirror mirror(bench.api, core::kPods, "n", {{"labelSelector", "x=y"}});
    std::vector<std::string> looks;
    const auto outcome =
        mirror.run(steady_clock::now() + std::chrono::seconds(60), std::chrono::seconds(30), bench.stop,
                   [&](const Mirror::Objects& objects) {
                       std::string names;
                       for (const auto& [key, object] : objects)
                           names += key.substr(2) + text_at(object, {"metadata", "resourceVersion"}) + " ";
                       if (looks.empty() || looks.back() != names) looks.push_back(names);
                       return !objects.contains("n/z");
                   });
    CHECK((outcome ? "" : outcome.error().message) == "");
    CHECK(looks == std::vector<std::string>{"a1 ", "a1 b11 ", "a12 b11 ", "a12 ", "c25 ", "", "z41 "});
    const std::lock_guard lock(mutex);
    const auto version = [&](std::size_t n) {
        const auto at = seen[n].find("resourceVersion=");
        return at == std::string::npos ? std::string("list") : seen[n].substr(at + 16, 2);
    };
    REQUIRE(seen.size() == 9);
    CHECK(version(1) == "10");
    CHECK(version(2) == "11");  // the cut object was not counted
    CHECK(version(3) == "20");  // of the bookmark
    CHECK(version(4) == "list");
    CHECK(version(5) == "30");
    CHECK(version(6) == "list");
    CHECK(version(7) == "40");
    CHECK(version(8) == "40");
    CHECK(seen[1].find("allowWatchBookmarks=true") != std::string::npos);
    CHECK(seen[1].find("timeoutSeconds=30") != std::string::npos);
}

TEST_CASE("kubernetes: a mirror makes no storm of a server that takes nothing, and ends at its deadline") {
    struct Row {
        const char* what;
        std::string watch;
    };
    const Row rows[] = {
        {"history is always gone", http(status_body(410, "Expired", "too old"), "410 Gone")},
        {"a watch ends at once", kChunked + chunk("")},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Bench bench([&](std::size_t, const std::string& request) {
            return request.find("watch=true") != std::string::npos
                       ? row.watch
                       : http(R"({"metadata":{"resourceVersion":"10"},"items":[]})");
        });
        Mirror mirror(bench.api, core::kPods, "n", {});
        const auto outcome = mirror.run(steady_clock::now() + milliseconds(700), std::chrono::seconds(1),
                                        bench.stop, [](const Mirror::Objects&) { return true; });
        REQUIRE_FALSE(outcome);
        CHECK((outcome.error().code == "gone" || outcome.error().code == "timeout"));
        // Pauses of about 100, 200 and 400 ms, a list and a watch after each at the most.
        CHECK(bench.count >= 3);
        CHECK(bench.count <= 12);
    }
}

TEST_CASE("kubernetes: a mirror gives up at its deadline with the last trouble, and at once when forbidden") {
    Bench down([](std::size_t, const std::string&) { return http("oops", "500 X"); });
    Mirror mirror(down.api, core::kPods, "n", {});
    const auto outcome = mirror.run(steady_clock::now() + milliseconds(300), std::chrono::seconds(1),
                                    down.stop, [](const Mirror::Objects&) { return true; });
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == "server_error");
    CHECK(down.count > 1);
    Bench shut([](std::size_t, const std::string&) {
        return http(status_body(403, "Forbidden", "no rights"), "403 X");
    });
    Mirror forbidden(shut.api, core::kPods, "n", {});
    CHECK(forbidden
              .run(steady_clock::now() + std::chrono::seconds(60), std::chrono::seconds(1), shut.stop,
                   [](const Mirror::Objects&) { return true; })
              .error()
              .code == "forbidden");
}

TEST_CASE("kubernetes: a watch that falls silent is broken off, an event without end too") {
    ScriptedServer silent([](const std::string&, int connection) {
        ScriptedServer::send(connection, std::string(kChunked) + chunk(event("ADDED", pod("a", 1))));
        ScriptedServer::wait_for_close(connection);
    });
    Stop stop;
    Api api(access_to(silent.port()), Bench::quick(), stop);
    const auto outcome = api.watch(
        core::kPods, "n", {}, "1", std::chrono::seconds(0), [](WatchEvent&&) { return true; }, nullptr);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == "timeout");

    auto limits = Bench::quick();
    limits.event = 1000;
    Bench endless(
        [](std::size_t, const std::string&) { return kChunked + chunk(std::string(5000, 'x')) + chunk(""); },
        limits);
    CHECK(endless.api
              .watch(
                  core::kPods, "n", {}, "1", std::chrono::seconds(5), [](WatchEvent&&) { return true; },
                  nullptr)
              .error()
              .code == "too_large");
}

TEST_CASE("kubernetes: a log is stopped from another thread") {
    ScriptedServer server([](const std::string&, int connection) {
        ScriptedServer::send(connection, std::string(kChunked) + chunk("line\n"));
        ScriptedServer::wait_for_close(connection);
    });
    Stop stop;
    Api api(access_to(server.port()), Bench::quick(), stop);
    Stop mine(stop);
    std::promise<void> first;
    auto reading = std::async(std::launch::async, [&] {
        return api.log(
            "n", "p", {{"follow", "true"}},
            [&](std::string_view text) {
                CHECK(text == "line\n");
                first.set_value();
                return true;
            },
            &mine);
    });
    first.get_future().wait();
    stop.stop();  // the parent's
    CHECK(reading.get().error().code == "stopped");
}
