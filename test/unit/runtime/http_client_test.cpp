#include "runtime/http_client.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "support/scripted_server.hpp"

using namespace grid;
using namespace grid::runtime;
using grid::test::ScriptedServer;

namespace {

HttpDeadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}
constexpr std::chrono::seconds kLong{20};

HttpClient client_of(const ScriptedServer& server) {
    return HttpClient(TcpSocket{"127.0.0.1", server.port()});
}

ScriptedServer::Script answering(std::string text) {
    return [text](const std::string&, int connection) { ScriptedServer::send(connection, text); };
}

}  // namespace

TEST_CASE("a request carries its head and body, and the answer comes back whole", "[http_client]") {
    ScriptedServer server(answering("HTTP/1.1 201 Created\r\nX-Thing: a\r\nContent-Length: 5\r\n\r\nhello"));
    HttpRequest request{"POST", "/a?b=c", {{"X-One", "1"}}, "body"};
    const auto response = client_of(server).request(request, in(kLong));
    REQUIRE(response);
    CHECK(response->status == 201);
    CHECK(response->header("x-thing") == "a");
    CHECK(response->header("absent").empty());
    CHECK(response->body == "hello");
    const auto sent = server.requests().at(0);
    CHECK(sent.rfind("POST /a?b=c HTTP/1.1\r\n", 0) == 0);
    CHECK(sent.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n") != std::string::npos);
    CHECK(sent.find("X-One: 1\r\n") != std::string::npos);
    CHECK(sent.substr(sent.size() - 4) == "body");
}

TEST_CASE("bodies end by chunks, by length or by the end of the connection", "[http_client]") {
    const char* answers[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg",
        "HTTP/1.1 200 OK\r\n\r\nabcdefg",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg",
    };
    for (const char* answer : answers) {
        INFO(answer);
        ScriptedServer server(answering(answer));
        const auto response = client_of(server).request({}, in(kLong));
        REQUIRE(response);
        CHECK(response->status == 200);
        CHECK(response->body == "abcdefg");
    }
}

TEST_CASE("a body over the bound is refused, announced or not", "[http_client]") {
    const std::string big(3000, 'x');
    const std::string answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + big,
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + big,
        "HTTP/1.1 200 OK\r\n\r\n" + big,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n" + big + "\r\n0\r\n\r\n",
    };
    for (const auto& answer : answers) {
        INFO(answer.substr(0, 60));
        ScriptedServer server(answering(answer));
        const auto refused = client_of(server).request({}, in(kLong), 2999);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "too_large");
    }
    ScriptedServer server(answering(answers[0]));
    CHECK(client_of(server).request({}, in(kLong), 3000).value().body == big);
}

TEST_CASE("a server that does not answer costs no more than the deadline", "[http_client]") {
    ScriptedServer silent(
        [](const std::string&, int connection) { ScriptedServer::wait_for_close(connection); });
    const auto none = client_of(silent).request({}, in(std::chrono::milliseconds(50)));
    REQUIRE_FALSE(none);
    CHECK(none.error().code == "timeout");

    ScriptedServer stuck([](const std::string&, int connection) {
        ScriptedServer::send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        ScriptedServer::wait_for_close(connection);
    });
    const auto half = client_of(stuck).request({}, in(std::chrono::milliseconds(50)));
    REQUIRE_FALSE(half);
    CHECK(half.error().code == "timeout");
}

TEST_CASE("answers that are not HTTP, and bodies cut short, are errors", "[http_client]") {
    for (const char* answer : {"", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        INFO(answer);
        ScriptedServer server(answering(answer));
        const auto response = client_of(server).request({}, in(kLong));
        REQUIRE_FALSE(response);
        CHECK(response.error().code == "bad_response");
    }
}

TEST_CASE("nobody listening is unreachable", "[http_client]") {
    std::uint16_t port = 0;
    {
        ScriptedServer gone([](const std::string&, int) {});
        port = gone.port();
    }
    CHECK(HttpClient(TcpSocket{"127.0.0.1", port}).request({}, in(kLong)).error().code == "unreachable");
    CHECK(HttpClient(UnixSocket{"/nonexistent/socket"}).request({}, in(kLong)).error().code == "unreachable");
}

TEST_CASE("header injection and odd targets are refused before anything is sent", "[http_client]") {
    ScriptedServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    const HttpRequest bad[] = {
        {"GET", "/a b", {}, ""},
        {"GET", "/a\r\nX: y", {}, ""},
        {"GET", "", {}, ""},
        {"GET", "http://x/", {}, ""},
        {"GE T", "/", {}, ""},
        {"", "/", {}, ""},
        {"GET", "/", {{"A", "b\r\nC: d"}}, ""},
        {"GET", "/", {{"A:", "b"}}, ""},
        {"GET", "/", {{"", "b"}}, ""},
    };
    for (const auto& request : bad) {
        INFO(request.method << " " << request.target);
        const auto response = client_of(server).request(request, in(kLong));
        REQUIRE_FALSE(response);
        CHECK(response.error().code == "bad_request");
    }
    CHECK(server.requests().empty());
}

TEST_CASE("a UNIX socket is served like any other", "[http_client]") {
    char directory[] = "/tmp/grid-http-XXXXXX";
    REQUIRE(::mkdtemp(directory));
    const std::string path = std::string(directory) + "/s";
    {
        ScriptedServer server(path, answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        CHECK(HttpClient(UnixSocket{path}).request({}, in(kLong)).value().body == "ok");
    }
    ::unlink(path.c_str());
    ::rmdir(directory);
}

TEST_CASE("a stream gives pieces as they come and ends when the reader has enough", "[http_client]") {
    ScriptedServer server([](const std::string&, int connection) {
        ScriptedServer::send(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        ScriptedServer::wait_for_close(connection);  // never ends by itself
    });
    std::string got;
    const auto response = client_of(server).stream({}, in(kLong), [&](std::string_view piece) {
        got += piece;
        return false;
    });
    REQUIRE(response);
    CHECK(got == "one");
}

TEST_CASE("a stream is stopped from another thread", "[http_client]") {
    ScriptedServer server([](const std::string&, int connection) {
        ScriptedServer::send(connection, "HTTP/1.1 200 OK\r\n\r\nfirst");
        ScriptedServer::wait_for_close(connection);
    });
    HttpStop stop;
    std::thread stopper;
    const auto response = client_of(server).stream(
        {}, in(kLong),
        [&](std::string_view) {
            if (!stopper.joinable()) stopper = std::thread([&] { stop.stop(); });
            return true;
        },
        &stop);
    if (stopper.joinable()) stopper.join();
    CHECK(stop.stopped());
    // The connection was shut down: a body without a length ends there, or the read fails as stopped.
    if (!response) CHECK(response.error().code == "stopped");
    const auto again = client_of(server).stream(
        {}, in(kLong), [](std::string_view) { return true; }, &stop);
    CHECK((again.has_value() || again.error().code == "stopped"));
}

TEST_CASE("an error status in a stream is answered, not streamed", "[http_client]") {
    ScriptedServer server(answering("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"));
    bool called = false;
    const auto response =
        client_of(server).stream({}, in(kLong), [&](std::string_view) { return called = true; });
    REQUIRE(response);
    CHECK(response->status == 404);
    CHECK(response->body == "gone");
    CHECK_FALSE(called);
}

TEST_CASE("percent encoding keeps the unreserved and hides the rest", "[http_client]") {
    CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
    CHECK(percent_encode("a b/{\"x\":1}") == "a%20b%2F%7B%22x%22%3A1%7D");
    CHECK(percent_encode("\xc3\xa9") == "%C3%A9");
}
