// What becomes of exchanges with an API server that is away, slow, cut, silent, or talks nonsense.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>

#include "adapters/kubernetes/mirror.hpp"
#include "support/kubernetes_bench.hpp"

using namespace grid;
using namespace grid::test::kubernetes;
using test::ScriptedServer;

TEST_CASE("kubernetes: a server that is away, slow, cut or talks nonsense is told apart from a refusal") {
    std::uint16_t nobody = 0;
    {
        ScriptedServer gone([](const std::string&, int) {});
        nobody = gone.port();
    }
    Stop stop;
    Api away(access_to(nobody), Bench::quick(), stop);
    CHECK(away.get("/x").error().code == "unreachable");

    auto limits = Bench::quick();
    limits.request = milliseconds(200);
    ScriptedServer slow(
        [](const std::string&, int connection) { ScriptedServer::wait_for_close(connection); });
    Api patient(access_to(slow.port()), limits, stop);
    CHECK(patient.get("/x").error().code == "timeout");

    struct Row {
        std::string sent;
        const char* code;
    };
    const Row rows[] = {
        {"", "unreachable"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "bad_reply"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", "bad_reply"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "bad_reply"},
        {http("<html>"), "bad_reply"},
        {http("{\"a\":1"), "bad_reply"},
        {http(std::string(65, '[') + std::string(65, ']')), "bad_reply"},
        {http("[" + std::string(40'000, ' ') + "]"), "too_large"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.sent.substr(0, 60));
        auto small = Bench::quick();
        small.body = 32'000;
        Bench bench([&](std::size_t, const std::string&) { return row.sent; }, small);
        CHECK(bench.get().error().code == row.code);
    }
    // None of these says anything about an application.
    for (const char* code : {"unreachable", "timeout", "bad_reply", "too_large", "unauthorized", "forbidden",
                             "server_error", "too_many_requests", "tls_failed", "plugin_failed"})
        CHECK(is_unavailable({code, ""}));
    for (const char* code : {"not_found", "conflict", "invalid", "gone", "bad_request"})
        CHECK_FALSE(is_unavailable({code, ""}));
}

TEST_CASE("kubernetes: a pooled connection that has died is replaced without anybody's notice") {
    // The server closes after each answer although it did not say so.
    Bench bench([](std::size_t n, const std::string&) { return http(pod("p", static_cast<int>(n))); });
    for (int i = 0; i < 5; ++i) CHECK(number_at(bench.get().value(), {"x"}, i) == i);
    CHECK(bench.count == 5);
}

TEST_CASE("kubernetes: a stop ends a connection that does not come about") {
    // A listener whose queue is full answers nobody.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener, 0) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    std::vector<int> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        (void)::connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
    auto limits = Bench::quick();
    limits.request = std::chrono::hours(1);
    Stop stop;
    Api api(access_to(ntohs(address.sin_port)), limits, stop);
    std::atomic<bool> begun{false};
    auto calling = std::async(std::launch::async, [&] {
        begun = true;
        return api.get("/x");
    });
    while (!begun) std::this_thread::yield();
    stop.stop();
    CHECK(calling.get().error().code == "stopped");
    for (const int one : waiting) ::close(one);
    ::close(listener);
}

TEST_CASE("kubernetes: a connection on which nothing is said is looked after") {
    // What the kernel says of the client's end: a timer of 2 is keep-alive.
    std::promise<std::string> timer;
    ScriptedServer server([&](const std::string&, int connection) {
        ScriptedServer::send(connection, std::string(kChunked) + chunk("line\n"));
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        (void)::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &size);
        char wanted[64];
        std::snprintf(wanted, sizeof wanted, " 0100007F:%04X 0100007F:%04X 01 ", ntohs(peer.sin_port),
                      server.port());
        std::string line, found;
        // Its timer is another one until the request is acknowledged.
        for (int i = 0; i < 5'000 && found.find(" 02:") == std::string::npos; ++i)
            for (std::ifstream table("/proc/net/tcp"); std::getline(table, line);)
                if (line.find(wanted) != std::string::npos) found = line;
        timer.set_value(found);
    });
    Stop stop;
    Api api(access_to(server.port()), Bench::quick(), stop);
    CHECK(api.log(
                 "n", "p", {{"follow", "true"}}, [](std::string_view) { return true; }, nullptr)
              .error()
              .code == "bad_reply");
    const auto line = timer.get_future().get();
    const auto at = line.find(" 02:");
    REQUIRE(at != std::string::npos);
    // In hundredths of a second.
    CHECK(std::stoul(line.substr(at + 4, 8), nullptr, 16) <= 3100);
}

TEST_CASE("kubernetes: what stands between the pieces of a body has an end") {
    std::promise<std::size_t> sent;
    ScriptedServer server([&](const std::string&, int connection) {
        ScriptedServer::send(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
        const std::string more(64 * 1024, 'x');
        std::size_t count = 0;
        while (count < (256u << 20)) {
            const auto n = ::send(connection, more.data(), more.size(), MSG_NOSIGNAL);
            if (n <= 0) break;
            count += static_cast<std::size_t>(n);
        }
        sent.set_value(count);
    });
    Stop stop;
    Api api(access_to(server.port()), Bench::quick(), stop);
    CHECK(api.get("/x").error().code == "bad_reply");
    CHECK(sent.get_future().get() < (32u << 20));  // what the sockets hold, and a bit
}

TEST_CASE("kubernetes: a log that says nothing for too long is let go") {
    ScriptedServer server([](const std::string&, int connection) {
        ScriptedServer::send(connection, std::string(kChunked) + chunk("line\n"));
        ScriptedServer::wait_for_close(connection);
    });
    auto limits = Bench::quick();
    limits.log_silence = milliseconds(50);
    Stop stop;
    Api api(access_to(server.port()), limits, stop);
    const auto outcome = api.log(
        "n", "p", {{"follow", "true"}}, [](std::string_view) { return true; }, nullptr);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == "timeout");
}
