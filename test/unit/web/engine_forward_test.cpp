// What passes through the proxy between a client and an application, and how.
#include <catch2/catch.hpp>
#include <future>

#include "engine_gateway.hpp"

using namespace loopback;

TEST_CASE("requests of one client are forwarded over one upstream connection") {
    Upstream app(answering([](const std::string& head) { return ok(head); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    for (int i = 0; i < 3; ++i) {
        client.send(Gateway::request("GET /p?n=" + std::to_string(i), "web",
                                     "X-Forwarded-For: 6.6.6.6\r\nCookie: cpuser_0xabc=good; own=1\r\n"));
        const auto seen = body_of(client.response());
        CHECK(has(seen, "GET /p?n=" + std::to_string(i) + " HTTP/1.1\r\n"));
        CHECK(has(seen, "Host: " + Gateway::host("web") + "\r\n"));
        CHECK(has(seen, "X-Forwarded-For: 127.0.0.1\r\n"));
        CHECK(has(seen, "X-Grid-User: 0xAbc\r\n"));
        CHECK(has(seen, "Cookie: own=1\r\n"));
        CHECK_FALSE(has(seen, "6.6.6.6"));
        CHECK_FALSE(has(seen, "good"));
    }
    CHECK(app.connections() == 1);
    CHECK(gateway.routes.traffic(Gateway::kLease)->requests == 3);
    CHECK(gateway.routes.traffic(Gateway::kLease)->bytes_in > 300);
    CHECK(gateway.routes.traffic(Gateway::kLease)->bytes_out > 300);
}

TEST_CASE("pipelined requests are answered in order") {
    Upstream app(answering([](const std::string& head) { return ok(head.substr(0, head.find(" HTTP"))); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("GET /1", "web") + Gateway::request("GET /2", "web") +
                Gateway::request("GET /3", "web"));
    CHECK(body_of(client.response()) == "GET /1");
    CHECK(body_of(client.response()) == "GET /2");
    CHECK(body_of(client.response()) == "GET /3");
}

TEST_CASE("a HEAD answer has no body and the connection goes on") {
    Upstream app(answering([](const std::string& head) {
        return head.starts_with("HEAD") ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                                        : ok("body");
    }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("HEAD /", "web") + Gateway::get("web"));
    CHECK(has(client.head(), "Content-Length: 1000\r\n"));
    CHECK(body_of(client.response()) == "body");
    CHECK(app.connections() == 1);
}

TEST_CASE("bodiless statuses are forwarded without one") {
    Upstream app(answering([](const std::string& head) {
        return head.starts_with("GET /304") ? std::string("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")
                                            : std::string("HTTP/1.1 204 No Content\r\n\r\n");
    }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("GET /304", "web") + Gateway::request("DELETE /x", "web"));
    CHECK(status_line(client.head()) == "HTTP/1.1 304 Not Modified");
    CHECK(status_line(client.head()) == "HTTP/1.1 204 No Content");
    CHECK(app.connections() == 1);
}

TEST_CASE("chunked bodies and their trailers pass unchanged in both directions") {
    const std::string sent = "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n";
    const std::string answered = "3\r\nabc\r\n0\r\nX-End: yes\r\n\r\n";
    std::promise<std::string> got;
    Upstream app([&](Wire& wire) {
        wire.head();
        got.set_value(wire.exactly(sent.size()));
        wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n" + answered);
        wire.head();
        wire.send(ok("next"));
        wire.head();
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("POST /", "web", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"));
    for (const char byte : sent) client.send({&byte, 1});
    client.send(Gateway::get("web"));
    CHECK(got.get_future().get() == sent);
    CHECK(has(client.head(), "Transfer-Encoding: chunked\r\n"));
    CHECK(client.exactly(answered.size()) == answered);
    CHECK(body_of(client.response()) == "next");
    CHECK(app.connections() == 1);
}

TEST_CASE("a client that waits for 100 gets it from the application") {
    Upstream app([](Wire& wire) {
        const auto head = wire.head();
        if (!has(head, "Expect: 100-continue\r\n")) return;
        wire.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        wire.send(ok(wire.exactly(4)));
        wire.head();
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("POST /", "web", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
    CHECK(client.head() == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(client.head() == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    client.send("data");
    CHECK(body_of(client.response()) == "data");
}

TEST_CASE("an answer before the end of the request reaches the client whole") {
    Upstream app([](Wire& wire) {
        wire.head();
        wire.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big");
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("POST /", "web", "Content-Length: 3000000\r\n"));
    const std::string piece(10000, 'x');
    for (int i = 0; i < 100 && client.send(piece); ++i) {
    }
    const auto response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 413 Content Too Large");
    CHECK(has(response, "Connection: close\r\n"));
    CHECK(body_of(response) == "too big");
    client.finish_sending();
    CHECK(client.ended());
}

TEST_CASE("a client that ends its side after a whole request still gets the answer") {
    Upstream app(answering([](const std::string&) { return ok("late"); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    client.finish_sending();
    CHECK(body_of(client.rest()) == "late");
}

TEST_CASE("an HTTP/1.0 client gets a chunked answer without its chunks") {
    Upstream app(answering([](const std::string&) {
        return std::string(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
    }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send("GET / HTTP/1.0\r\nHost: " + Gateway::host("web") + "\r\nConnection: keep-alive\r\n\r\n");
    const auto answer = client.rest();
    CHECK_FALSE(has(answer, "Transfer-Encoding"));
    CHECK(body_of(answer) == "abcde");
}

TEST_CASE("an upgraded connection is a tunnel in both directions") {
    Upstream app([](Wire& wire) {
        const auto head = wire.head();
        if (!has(head, "Upgrade: websocket\r\n") || !has(head, "Connection: upgrade\r\n")) return;
        wire.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi!");
        for (;;) {
            const auto message = wire.until("!");
            if (message.empty() || !wire.send("echo " + message)) return;
        }
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "early!");
    const auto head = client.head();
    CHECK(status_line(head) == "HTTP/1.1 101 Switching Protocols");
    CHECK(has(head, "Upgrade: websocket\r\n"));
    CHECK(client.until("!") == "hi!");
    CHECK(client.until("!") == "echo early!");
    for (const std::string message : {"one!", "two!", "GET / HTTP/1.1!"}) {
        client.send(message);
        CHECK(client.until("!") == "echo " + message);
    }
    client.finish_sending();
    CHECK(client.ended());
    CHECK(gateway.routes.traffic(Gateway::kLease)->tunnels == 1);
}

TEST_CASE("an upgrade that nobody asked for is refused") {
    Upstream app(answering([](const std::string&) {
        return std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    CHECK(status_line(client.response()) == "HTTP/1.1 502 Bad Gateway");
}

TEST_CASE("an event stream arrives event by event") {
    std::promise<void> first_seen;
    auto seen = first_seen.get_future();
    Upstream app([&](Wire& wire) {
        wire.head();
        wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        seen.wait();
        wire.send("data: 2\n\n");
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    CHECK(has(client.head(), "Connection: close\r\n"));
    CHECK(client.until("\n\n") == "data: 1\n\n");
    first_seen.set_value();
    CHECK(client.rest() == "data: 2\n\n");
}

TEST_CASE("a body of 20 MiB goes up while it comes down") {
    constexpr std::size_t kSize = 20u * 1024 * 1024;
    Upstream app([](Wire& wire) {
        wire.head();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
        for (std::size_t done = 0; done < kSize;) {
            const auto piece = wire.exactly(std::min<std::size_t>(kSize - done, 50000));
            if (piece.empty() || !wire.send(piece)) return;
            done += piece.size();
        }
        wire.head();
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    std::string content(kSize, '\0');
    for (std::size_t i = 0; i < kSize; ++i) content[i] = static_cast<char>(i * 2654435761u >> 13);
    Client client(gateway.port);
    std::thread writer([&] {
        client.send(Gateway::request("PUT /", "web", "Content-Length: " + std::to_string(kSize) + "\r\n"));
        client.send(content);
    });
    client.head();
    const bool equal = client.exactly(kSize) == content;
    writer.join();
    CHECK(equal);
    CHECK(gateway.routes.traffic(Gateway::kLease)->bytes_in > kSize);
    CHECK(gateway.routes.traffic(Gateway::kLease)->bytes_out > kSize);
}

TEST_CASE("many clients at once all get their own answers") {
    Upstream app(answering([](const std::string& head) { return ok(head.substr(0, head.find(" HTTP"))); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            Client client(gateway.port);
            for (int i = 0; i < 100; ++i) {
                const std::string start = "GET /" + std::to_string(t) + "/" + std::to_string(i);
                client.send(Gateway::request(start, "web"));
                if (body_of(client.response()) != start) ++wrong;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(app.connections() <= 8);
    CHECK(gateway.server->stats().requests_forwarded == 800);
}
