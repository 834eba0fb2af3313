#include "web/http_server.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>

#include "engine_loopback.hpp"

using namespace loopback;
using namespace grid::web;

namespace {

/// Runs a function of the test for each request.
class ScriptedHandler : public LocalHandler {
public:
    using Script = std::function<void(LocalRequest, std::shared_ptr<LocalReply>)>;
    explicit ScriptedHandler(Script script) : script_(std::move(script)) {}
    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override {
        script_(std::move(request), std::move(reply));
    }

private:
    Script script_;
};

struct Server {
    explicit Server(ScriptedHandler::Script script, ServerOptions options = {}) : handler(std::move(script)) {
        options.sweep_interval = std::chrono::milliseconds(5);
        server = std::make_unique<HttpServer>(std::move(options), handler);
        port = server->listen("127.0.0.1", 0).value();
        server->start(2);
    }
    ScriptedHandler handler;
    std::unique_ptr<HttpServer> server;
    std::uint16_t port = 0;
};

void echo(LocalRequest request, std::shared_ptr<LocalReply> reply) {
    reply->send(200, {{"Content-Type", "text/plain"}},
                request.method + " " + request.target + " " + request.body);
}

/// Keeps a reply for the test.
struct Keeper {
    std::promise<std::shared_ptr<LocalReply>> promise;
    void operator()(LocalRequest, std::shared_ptr<LocalReply> reply) { promise.set_value(std::move(reply)); }
};

const std::string kGet = "GET /x?y=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace

TEST_CASE("a port in use is told as such") {
    ScriptedHandler handler(echo);
    HttpServer first({}, handler);
    const auto port = first.listen("127.0.0.1", 0);
    REQUIRE(port);
    HttpServer second({}, handler);
    const auto again = second.listen("127.0.0.1", *port);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == "address_in_use");
    CHECK(has(again.error().message, std::to_string(*port)));
    CHECK(second.listen("localhost", 0).error().code == "bad_address");
    CHECK(second.listen("203.0.113.1", 0).error().code == "bad_address");
    CHECK(second.listen("127.0.0.1", 0).has_value());
}

TEST_CASE("a request arrives at the handler in its parts") {
    LocalRequest seen;
    Server server([&](LocalRequest request, std::shared_ptr<LocalReply> reply) {
        seen = std::move(request);
        reply->send(
            201,
            {{"Content-Type", "text/plain"}, {"Location", "/v1/x"}, {"Bad\nName", "x"}, {"Bad", "a\r\nb"}},
            "made");
    });
    Client client(server.port);
    client.send(
        "POST /v1/x?y=%20 HTTP/1.1\r\nHost: LocalHost:8080\r\nX-Two: a\r\nx-two: b\r\nContent-Length: "
        "4\r\n\r\nbody");
    const auto response = client.response();
    CHECK(status_line(response) == "HTTP/1.1 201 Created");
    CHECK(has(response, "Location: /v1/x\r\n"));
    CHECK(has(response, "Date: "));
    CHECK_FALSE(has(response, "Bad"));
    CHECK(body_of(response) == "made");
    CHECK(seen.method == "POST");
    CHECK(seen.path == "/v1/x");
    CHECK(seen.query == "y=%20");
    CHECK(seen.host == "localhost");
    CHECK(seen.port == 8080);
    CHECK(seen.body == "body");
    CHECK(seen.client == "127.0.0.1");
    CHECK_FALSE(seen.https);
    CHECK_FALSE(seen.application);
    REQUIRE(seen.header("x-two"));
    CHECK(*seen.header("x-two") == "a");
    CHECK(seen.header("x-none") == nullptr);
}

TEST_CASE("requests of one connection are answered one after the other") {
    Server server(echo);
    Client client(server.port);
    client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: "
        "1\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /5 HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(body_of(client.response()) == "GET /1 ");
    CHECK(has(client.head(), "Content-Length: 8\r\n"));
    CHECK(body_of(client.response()) == "POST /3 abc");
    const auto last = client.rest();
    CHECK(has(last, "Connection: close\r\n"));
    CHECK(body_of(last) == "GET /4 ");
}

TEST_CASE("a body has a bound, counted or chunked") {
    ServerOptions options;
    options.max_local_body = 10;
    Server server(echo, options);
    Client fits(server.port);
    fits.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
    CHECK(body_of(fits.response()) == "POST / 0123456789");
    Client counted(server.port);
    counted.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
    CHECK(status_line(counted.response()) == "HTTP/1.1 413 Content Too Large");
    Client chunked(server.port);
    chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n");
    CHECK(status_line(chunked.response()) == "HTTP/1.1 413 Content Too Large");
    chunked.finish_sending();
    CHECK(chunked.ended());
}

TEST_CASE("a client that expects 100 gets it before its body") {
    Server server(echo);
    Client client(server.port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.head() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    CHECK(body_of(client.response()) == "POST / ok");
}

TEST_CASE("a handler answers later from another thread") {
    Keeper keeper;
    Server server(std::ref(keeper));
    Client client(server.port);
    client.send(kGet);
    auto reply = keeper.promise.get_future().get();
    std::thread([reply = std::move(reply)] {
        reply->send(200, {}, "late");
        reply->send(500, {}, "ignored");
        CHECK_FALSE(reply->write("ignored"));
    }).join();
    CHECK(body_of(client.response()) == "late");
}

TEST_CASE("a stream arrives piece by piece, and chunked") {
    Keeper keeper;
    Server server(std::ref(keeper));
    Client client(server.port);
    client.send(kGet);
    const auto reply = keeper.promise.get_future().get();
    reply->begin(200, {{"Content-Type", "text/event-stream"}});
    CHECK(has(client.head(), "Transfer-Encoding: chunked\r\n"));
    CHECK(reply->write("data: 1\n\n"));
    CHECK(client.exactly(14) == "9\r\ndata: 1\n\n\r\n");
    CHECK(reply->write("data: 22\n\n"));
    CHECK(client.exactly(15) == "a\r\ndata: 22\n\n\r\n");
    reply->finish();
    CHECK(client.exactly(5) == "0\r\n\r\n");
}

TEST_CASE("a stream to HTTP/1.0 ends with the connection") {
    Server server([](LocalRequest, std::shared_ptr<LocalReply> reply) {
        reply->begin(200, {});
        reply->write("one ");
        reply->write("two");
        reply->finish();
    });
    Client client(server.port);
    client.send("GET / HTTP/1.0\r\n\r\n");
    const auto answer = client.rest();
    CHECK_FALSE(has(answer, "chunked"));
    CHECK(body_of(answer) == "one two");
}

TEST_CASE("a handler that gives up or throws makes a 500, within a stream a cut one") {
    Server server([](LocalRequest request, std::shared_ptr<LocalReply> reply) {
        if (request.path == "/throws") throw std::runtime_error("secret");
        if (request.path == "/cut") {
            reply->begin(200, {});
            reply->write("part");
        }
    });
    Client client(server.port);
    for (const char* path : {"/drops", "/throws"}) {
        client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto response = client.response();
        CHECK(status_line(response) == "HTTP/1.1 500 Internal Server Error");
        CHECK_FALSE(has(response, "secret"));
    }
    client.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_FALSE(has(client.rest(), "0\r\n\r\n"));
}

TEST_CASE("a handler learns that its client has gone") {
    Keeper keeper;
    ServerOptions options;
    options.half_close_grace = std::chrono::milliseconds(10);
    Server server(std::ref(keeper), options);
    std::promise<void> told;
    std::shared_ptr<LocalReply> reply;
    {
        Client client(server.port);
        client.send(kGet);
        reply = keeper.promise.get_future().get();
        reply->begin(200, {});
        client.head();
        CHECK_FALSE(reply->closed());
        reply->on_close([&told] { told.set_value(); });
    }
    REQUIRE(told.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    CHECK(reply->closed());
    CHECK_FALSE(reply->write("x"));
    bool at_once = false;
    reply->on_close([&at_once] { at_once = true; });
    CHECK(at_once);
}

TEST_CASE("a client that does not read is cut off at the bound of the queue") {
    Keeper keeper;
    ServerOptions options;
    options.reply_queue_limit = 1'000'000;
    Server server(std::ref(keeper), options);
    Client client(server.port);
    client.send(kGet);
    const auto reply = keeper.promise.get_future().get();
    reply->begin(200, {});
    const std::string piece(100'000, 'x');
    bool refused = false;
    // Socket buffers take some megabytes before the queue grows.
    for (int i = 0; i < 1000 && !refused; ++i) refused = !reply->write(piece);
    CHECK(refused);
}

TEST_CASE("a handler that does not answer in time makes a 504") {
    Keeper keeper;
    ServerOptions options;
    options.local_timeout = std::chrono::milliseconds(30);
    Server server(std::ref(keeper), options);
    Client client(server.port);
    client.send(kGet);
    const auto reply = keeper.promise.get_future().get();
    CHECK(status_line(client.response()) == "HTTP/1.1 504 Gateway Timeout");
    reply->send(200, {}, "too late");
}

TEST_CASE("an idle client is let go") {
    ServerOptions options;
    options.keep_alive_timeout = std::chrono::milliseconds(30);
    Server server(echo, options);
    Client client(server.port);
    client.send(kGet);
    client.response();
    CHECK(client.ended());
}

TEST_CASE("stopping closes every connection and every reply that is held") {
    Keeper keeper;
    Server server(std::ref(keeper));
    Client idle(server.port);
    Client waiting(server.port);
    waiting.send(kGet);
    const auto reply = keeper.promise.get_future().get();
    std::atomic<bool> told{false};
    reply->on_close([&told] { told = true; });
    server.server->stop();
    CHECK(reply->closed());
    CHECK(told);
    CHECK(idle.ended());
    CHECK(waiting.ended());
    reply->send(200, {}, "nobody");
    server.server->stop();
}

TEST_CASE("beyond its connections a server answers 503") {
    ServerOptions options;
    options.max_connections = 2;
    Server server(echo, options);
    Client one(server.port);
    one.send(kGet);
    one.response();
    Client two(server.port);
    two.send(kGet);
    two.response();
    Client three(server.port);
    CHECK(status_line(three.response()) == "HTTP/1.1 503 Service Unavailable");
    one.send(kGet);
    CHECK(body_of(one.response()) == "GET /x?y=1 ");
}

TEST_CASE("a large answer arrives whole") {
    const std::string large(5'000'000, 'z');
    Server server([&](LocalRequest, std::shared_ptr<LocalReply> reply) { reply->send(200, {}, large); });
    Client client(server.port);
    client.send(kGet);
    CHECK(body_of(client.response()) == large);
}
