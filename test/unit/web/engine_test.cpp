#include <catch2/catch.hpp>
#include <future>

#include "engine_gateway.hpp"

using namespace loopback;
using grid::lease::RouteState;

namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string status_line(const std::string& response) {
    return response.substr(0, response.find("\r\n"));
}

std::string body_of(const std::string& response) {
    return response.substr(response.find("\r\n\r\n") + 4);
}

}  // namespace

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

TEST_CASE("an application that dies within its answer leaves a cut answer, not a whole one") {
    const bool chunked = GENERATE(false, true);
    Upstream app([chunked](Wire& wire) {
        wire.head();
        wire.send(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                          : "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    client.head();
    CHECK(client.rest() == (chunked ? "5\r\nhello\r\n" : "hello"));
}

TEST_CASE("an application that fails before its answer makes a 502") {
    struct Row {
        const char* what;
        const char* answer;
    };
    const Row rows[] = {
        {"closes at once", ""},
        {"closes within the head", "HTTP/1.1 200 OK\r\nConte"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"},
        {"bare line feeds", "HTTP/1.1 200 OK\n\nx"},
        {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        Upstream app([&row](Wire& wire) {
            wire.head();
            wire.send(row.answer);
        });
        Gateway gateway;
        gateway.publish({Gateway::app("web", {app.port()})});
        Client client(gateway.port);
        client.send(Gateway::get("web"));
        const auto response = client.response();
        CHECK(status_line(response) == "HTTP/1.1 502 Bad Gateway");
        CHECK(has(response, "application/problem+json"));
        CHECK(app.connections() == 1);
    }
}

TEST_CASE("nobody listening makes a 502 and another pod is tried") {
    std::uint16_t dead = 0;
    {
        Upstream gone([](Wire&) {});
        dead = gone.port();
    }
    Upstream app(answering([](const std::string&) { return ok("alive"); }));
    Gateway gateway;
    gateway.publish({Gateway::app("down", {dead}), Gateway::app("half", {dead, app.port()})});
    Client client(gateway.port);
    for (int i = 0; i < 4; ++i) {
        client.send(Gateway::get("half"));
        CHECK(body_of(client.response()) == "alive");
    }
    client.send(Gateway::get("down", "Accept: text/html\r\n"));
    const auto response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 502 Bad Gateway");
    CHECK(has(response, "text/html"));
    CHECK(has(response, "The application does not answer"));
}

TEST_CASE("a pooled connection that died is replaced once where that is safe") {
    // Each connection answers one request and dies on reading a second one.
    Upstream app([](Wire& wire) {
        const auto head = wire.head();
        wire.send(ok(head.substr(0, head.find(" HTTP"))));
        wire.head();
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("GET /1", "web"));
    CHECK(body_of(client.response()) == "GET /1");
    client.send(Gateway::request("GET /2", "web"));
    CHECK(body_of(client.response()) == "GET /2");
    CHECK(gateway.server->stats().upstream_retries == 1);
    CHECK(app.connections() == 2);
    client.send(Gateway::request("POST /3", "web", "Content-Length: 0\r\n"));
    CHECK(status_line(client.response()) == "HTTP/1.1 502 Bad Gateway");
    CHECK(gateway.server->stats().upstream_retries == 1);
}

TEST_CASE("an upstream connection with bytes nobody asked for is not used again") {
    Upstream app([](Wire& wire) {
        while (wire.head().ends_with("\r\n\r\n"))
            wire.send(ok("ok") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    for (int i = 0; i < 3; ++i) {
        client.send(Gateway::get("web"));
        CHECK(body_of(client.response()) == "ok");
    }
    CHECK(app.connections() == 3);
}

TEST_CASE("an ended order answers 410 while another goes on") {
    Upstream app(answering([](const std::string&) { return ok("alive"); }));
    Gateway gateway;
    auto over = Gateway::app("over", {app.port()});
    over.state = RouteState::ended;
    auto past = Gateway::app("past", {app.port()});
    past.ends_at = 1'000'000'000;
    gateway.publish({over, past, Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    for (const char* name : {"over", "past"}) {
        client.send(Gateway::get(name));
        CHECK(status_line(client.response()) == "HTTP/1.1 410 Gone");
        client.send(Gateway::get("web"));
        CHECK(body_of(client.response()) == "alive");
    }
}

TEST_CASE("a new table is in force for the next request of a kept connection") {
    Upstream one(answering([](const std::string&) { return ok("one"); }));
    Upstream two(answering([](const std::string&) { return ok("two"); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {one.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    CHECK(body_of(client.response()) == "one");
    gateway.publish({Gateway::app("web", {two.port()})});
    client.send(Gateway::get("web"));
    CHECK(body_of(client.response()) == "two");
    gateway.publish({});
    client.send(Gateway::get("web"));
    CHECK(status_line(client.response()) == "HTTP/1.1 404 Not Found");
}

TEST_CASE("the end of an order and a revoked session cut what is open") {
    struct Row {
        const char* what;
        std::function<void(grid::lease::Route&)> change;
        bool cut;
    };
    const Row rows[] = {
        {"ended", [](auto& route) { route.state = RouteState::ended; }, true},
        {"epoch", [](auto& route) { route.epoch = 8; }, true},
        {"time", [](auto& route) { route.ends_at = 1; }, true},
        {"new pod", [](auto& route) { route.upstreams.clear(); }, false},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        std::promise<void> published;
        auto go_on = published.get_future().share();
        Upstream app([go_on](Wire& wire) {
            wire.head();
            wire.send("HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n");
            go_on.wait();
            // Until the gateway cuts the connection, or for a while when it should not.
            for (int i = 0; i < 20000 && wire.send("data: 2\n\n"); ++i) {
            }
            wire.send("end\n\n");
        });
        Gateway gateway;
        auto route = Gateway::app("web", {app.port()});
        route.is_public = false;
        gateway.publish({route});
        Client client(gateway.port);
        client.send(Gateway::get("web", "Cookie: cpuser_0xabc=good\r\n"));
        client.head();
        CHECK(client.until("\n\n") == "data: 1\n\n");
        row.change(route);
        gateway.publish({route});
        if (row.cut) {
            CHECK(client.ended());
            published.set_value();
        } else {
            published.set_value();
            CHECK(client.rest().ends_with("end\n\n"));
        }
    }
}

TEST_CASE("private applications ask for a session, public ones do not") {
    Upstream app(answering([](const std::string& head) { return ok(head); }));
    Gateway gateway;
    auto inner = Gateway::app("inner", {app.port()});
    inner.is_public = false;
    gateway.publish({inner, Gateway::app("outer", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("inner"));
    auto response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 401 Unauthorized");
    CHECK(has(response, "http://localhost/login?app=inner--"));
    client.send(Gateway::get("inner", "Cookie: cpuser_0xabc=bad\r\n"));
    CHECK(status_line(client.response()) == "HTTP/1.1 401 Unauthorized");
    client.send(Gateway::get("inner", "Cookie: cpuser_0xabc=other\r\n"));
    CHECK(status_line(client.response()) == "HTTP/1.1 403 Forbidden");
    CHECK(app.connections() == 0);
    client.send(Gateway::get("inner", "Authorization: Bearer good\r\n"));
    response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 200 OK");
    CHECK_FALSE(has(response, "Authorization"));
    client.send(Gateway::get("outer", "Authorization: Bearer foreign\r\nX-Grid-User: 0xevil\r\n"));
    response = client.response();
    CHECK(has(response, "Authorization: Bearer foreign\r\n"));
    CHECK_FALSE(has(response, "X-Grid-User"));
}

TEST_CASE("an application that is not ready says why") {
    Gateway gateway;
    auto starting = Gateway::app("starting", {});
    starting.state = RouteState::starting;
    starting.reason = "pulling <image> \"x\"";
    auto failed = Gateway::app("failed", {});
    failed.state = RouteState::failed;
    gateway.publish({starting, failed, Gateway::app("empty", {})});
    Client client(gateway.port);
    client.send(Gateway::get("starting"));
    auto response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 503 Service Unavailable");
    CHECK(has(response, "Retry-After: 2\r\n"));
    CHECK(has(response, "pulling <image> \\\"x\\\""));
    client.send(Gateway::get("starting", "Accept: text/html\r\n"));
    CHECK(has(client.response(), "pulling &lt;image&gt; &quot;x&quot;"));
    client.send(Gateway::get("failed"));
    CHECK(status_line(client.response()) == "HTTP/1.1 502 Bad Gateway");
    client.send(Gateway::get("empty"));
    CHECK(status_line(client.response()) == "HTTP/1.1 503 Service Unavailable");
}

TEST_CASE("an application that does not answer in time makes a 504") {
    std::promise<void> answered;
    auto wait = answered.get_future().share();
    Upstream app([wait](Wire& wire) {
        wire.head();
        wait.wait();
    });
    auto options = Gateway::quick();
    options.response_timeout = std::chrono::milliseconds(30);
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    CHECK(status_line(client.response()) == "HTTP/1.1 504 Gateway Timeout");
    client.send("GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(body_of(client.response()) == "local GET localhost /here|");
    answered.set_value();
}

TEST_CASE("a head that drips is cut off, a quick one is not") {
    Upstream app(answering([](const std::string&) { return ok("alive"); }));
    auto options = Gateway::quick();
    options.header_timeout = std::chrono::milliseconds(100);
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    Client slow(gateway.port);
    slow.send("GET / HTTP/1.1\r\nHo");
    Client silent(gateway.port);
    CHECK(status_line(slow.response()) == "HTTP/1.1 408 Request Timeout");
    slow.finish_sending();
    CHECK(slow.ended());
    CHECK(silent.ended());
    Client quick(gateway.port);
    quick.send(Gateway::get("web"));
    CHECK(body_of(quick.response()) == "alive");
}

TEST_CASE("smuggling attempts get 400, a closed connection, and reach no application") {
    Upstream app(answering([](const std::string&) { return ok("reached"); }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    const std::string post = "POST / HTTP/1.1\r\nHost: " + Gateway::host("web") + "\r\n";
    const std::string inner = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: " + Gateway::host("web") + "\r\n\r\n";
    const std::string attacks[] = {
        post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + inner,
        post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + inner,
        post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + inner,
        post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n" + inner,
        post + "Transfer-Encoding: xchunked\r\n\r\n" + inner,
        post + "Transfer-Encoding: chunked, identity\r\n\r\n" + inner,
        post + "Transfer-Encoding : chunked\r\n\r\n" + inner,
        post + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + inner,
        post + "X: y\nTransfer-Encoding: chunked\r\n\r\n" + inner,
        post + "X: y\rTransfer-Encoding: chunked\r\n\r\n" + inner,
        post + "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n" + inner,
        post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n" + inner,
        post + "Host: other\r\n\r\n" + inner,
        "GET http://localhost/ HTTP/1.1\r\nHost: " + Gateway::host("web") + "\r\n\r\n",
    };
    for (const auto& attack : attacks) {
        INFO(attack);
        Client client(gateway.port);
        client.send(attack);
        client.finish_sending();
        const auto answer = client.rest();
        CHECK(status_line(answer) == "HTTP/1.1 400 Bad Request");
        CHECK(has(answer, "Connection: close\r\n"));
        CHECK_FALSE(has(answer.substr(12), "HTTP/1.1"));
    }
    CHECK(gateway.routes.traffic(Gateway::kLease)->bytes_out == 0);
}

TEST_CASE("a bad chunk in the middle of a body ends both connections") {
    std::promise<bool> cut;
    Upstream app([&](Wire& wire) {
        wire.head();
        wire.until("hello\r\n");
        cut.set_value(wire.ended());
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("POST /", "web", "Transfer-Encoding: chunked\r\n"));
    client.send("5\r\nhello\r\n");
    client.send("zz\r\n");
    CHECK(status_line(client.response()) == "HTTP/1.1 400 Bad Request");
    CHECK(cut.get_future().get());
}

TEST_CASE("a client that leaves takes its upstream connection along") {
    const bool hard = GENERATE(false, true);
    std::promise<void> asked;
    std::promise<bool> cut;
    Upstream app([&](Wire& wire) {
        wire.head();
        asked.set_value();
        cut.set_value(wire.ended());
    });
    auto options = Gateway::quick();
    options.half_close_grace = std::chrono::milliseconds(20);
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web"));
    asked.get_future().wait();
    if (hard) {
        client.reset();
    } else {
        client.close();
    }
    CHECK(cut.get_future().get());
}

TEST_CASE("a client that ends within its body ends the request") {
    std::promise<std::string> got;
    Upstream app([&](Wire& wire) {
        wire.head();
        got.set_value(wire.rest());
    });
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::request("POST /", "web", "Content-Length: 100\r\n"));
    client.send("only this");
    client.finish_sending();
    CHECK(got.get_future().get() == "only this");
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

TEST_CASE("a body over the operator's limit gets 413") {
    Upstream app([](Wire& wire) { wire.rest(); });
    auto options = Gateway::quick();
    options.max_proxy_body = 1000;
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    Client counted(gateway.port);
    counted.send(Gateway::request("POST /", "web", "Content-Length: 1001\r\n"));
    CHECK(status_line(counted.response()) == "HTTP/1.1 413 Content Too Large");
    Client chunked(gateway.port);
    chunked.send(Gateway::request("POST /", "web", "Transfer-Encoding: chunked\r\n"));
    chunked.send("1f4\r\n" + std::string(500, 'x') + "\r\n");
    chunked.send("1f5\r\n" + std::string(501, 'x') + "\r\n");
    const auto response = chunked.response();
    INFO(response);
    CHECK(status_line(response) == "HTTP/1.1 413 Content Too Large");
}

TEST_CASE("the path form is for tools: sandboxed, without cookies, under its prefix") {
    Upstream app(answering([](const std::string& head) {
        return "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: " + std::to_string(head.size()) +
               "\r\n\r\n" + head;
    }));
    Gateway gateway;
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    const std::string prefix = std::string("/a/") + Gateway::kShort + "/web";
    client.send("GET " + prefix + "/x/y?z=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto response = client.response();
    CHECK(has(response, "Content-Security-Policy: sandbox\r\n"));
    CHECK_FALSE(has(response, "Set-Cookie"));
    CHECK(has(response, "GET /x/y?z=1 HTTP/1.1\r\n"));
    CHECK(has(response, "X-Forwarded-Prefix: " + prefix + "\r\n"));
    client.send("GET " + prefix + "?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 308 Permanent Redirect");
    CHECK(has(response, "Location: " + prefix + "/?q=1\r\n"));
    for (const char* path : {"/a/", "/a/x/web/", "/a/../web/", "/a/00112233445566778899/nope/"}) {
        client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(status_line(client.response()) == "HTTP/1.1 404 Not Found");
    }
}

TEST_CASE("host names decide between applications, the API and nobody") {
    Upstream app(answering([](const std::string&) { return ok("application"); }));
    auto options = Gateway::quick();
    options.local_hosts = {"localhost", "127.0.0.1"};
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    struct Row {
        std::string host;
        std::string path;
        std::string answer;
    };
    const std::string web = Gateway::host("web");
    const Row rows[] = {
        {web, "/", "application"},
        {web + ":8090", "/v1/orders", "application"},
        {"WEB--00112233445566778899.APPS.localhost.", "/", "application"},
        {web, "/.grid/session", "local GET " + web + " /.grid/session for web|"},
        {"localhost:8090", "/v1", "local GET localhost /v1|"},
        {"127.0.0.1", "/.grid/session", "local GET 127.0.0.1 /.grid/session|"},
        {"web--ffff.apps.localhost", "/", "404"},
        {"apps.localhost", "/v1", "404"},
        {"a." + web, "/", "404"},
        {"web--00112233445566778899", "/", "421"},
        {"evil.example", "/v1", "421"},
        {"xapps.localhost", "/v1", "421"},
        {"evil.example", std::string("/a/") + Gateway::kShort + "/web/", "421"},
    };
    Client client(gateway.port);
    for (const auto& row : rows) {
        INFO(row.host << row.path);
        client.send("GET " + row.path + " HTTP/1.1\r\nHost: " + row.host + "\r\n\r\n");
        const auto response = client.response();
        if (row.answer.size() == 3) {
            CHECK(response.substr(9, 3) == row.answer);
        } else {
            CHECK(body_of(response) == row.answer);
        }
    }
}

TEST_CASE("only a trusted proxy tells the client's address") {
    const bool trusted = GENERATE(false, true);
    Upstream app(answering([](const std::string& head) { return ok(head); }));
    auto options = Gateway::quick();
    if (trusted) options.trusted_proxies = {"127.0.0.1"};
    Gateway gateway(options);
    gateway.publish({Gateway::app("web", {app.port()})});
    Client client(gateway.port);
    client.send(Gateway::get("web", "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"));
    const auto seen = body_of(client.response());
    CHECK(has(seen, trusted ? "X-Forwarded-For: 192.0.2.1\r\n" : "X-Forwarded-For: 127.0.0.1\r\n"));
    CHECK(has(seen, trusted ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n"));
}

TEST_CASE("the access log tells each request once") {
    std::mutex mutex;
    std::vector<grid::web::AccessRecord> records;
    auto options = Gateway::quick();
    options.access_log = [&](const grid::web::AccessRecord& record) {
        const std::lock_guard lock(mutex);
        records.push_back(record);
    };
    Upstream app(answering([](const std::string&) { return ok("alive"); }));
    {
        Gateway gateway(options);
        gateway.publish({Gateway::app("web", {app.port()})});
        Client client(gateway.port);
        client.send(Gateway::request("GET /x?y", "web", "Cookie: cpuser_0xabc=good\r\n"));
        client.response();
        client.send("GET /v1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.response();
        client.send("nonsense\r\n\r\n");
        client.finish_sending();
        client.rest();
    }
    REQUIRE(records.size() == 3);
    CHECK(records[0].status == 200);
    CHECK(records[0].target == "/x?y");
    CHECK(records[0].user == "0xAbc");
    CHECK(records[0].app == "web");
    CHECK(records[0].lease_key == Gateway::kLease);
    CHECK_FALSE(records[0].local);
    CHECK(records[0].bytes_out > 5);
    CHECK(records[1].local);
    CHECK(records[1].host == "localhost");
    CHECK(records[2].status == 400);
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
