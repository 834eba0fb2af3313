// Applications and clients that fail, lag, leave or lie.
#include <catch2/catch.hpp>
#include <future>

#include "engine_gateway.hpp"

using namespace loopback;

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
