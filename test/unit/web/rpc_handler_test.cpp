#include "web/rpc_handler.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <mutex>

#include "recorded_reply.hpp"
#include "web_socket_client.hpp"

using namespace grid::web;
using namespace loopback;
using grid::test::ask;
using grid::test::request_for;

namespace {

RpcPort::Ask echo() {
    return [](std::string body, RpcPort::Reply reply) {
        reply(has(body, "[]") ? std::string() : "<" + body + ">");
        return true;
    };
}

struct Server {
    explicit Server(RpcOptions options = {}, ServerOptions server_options = {}) {
        if (!options.port.ask) options.port.ask = echo();
        handler = std::make_unique<RpcHandler>(std::move(options));
        server_options.sweep_interval = std::chrono::milliseconds(5);
        server = std::make_unique<HttpServer>(std::move(server_options), *handler);
        port = server->listen("127.0.0.1", 0).value();
        handler->set_port(port);
        server->start(2);
    }
    std::unique_ptr<RpcHandler> handler;
    std::unique_ptr<HttpServer> server;
    std::uint16_t port = 0;
};

/// Sessions whose notifications the test sends.
struct Sessions {
    RpcPort port() {
        RpcPort out;
        out.ask = echo();
        out.connect = [this](RpcPort::Push push) -> RpcPort::Ask {
            const std::lock_guard lock(mutex);
            pushes.push_back(std::move(push));
            ++open;
            changed.notify_all();
            const std::shared_ptr<void> end(nullptr, [this](void*) {
                const std::lock_guard again(mutex);
                --open;
                changed.notify_all();
            });
            return [end](std::string body, RpcPort::Reply reply) {
                reply("<" + body + ">");
                return true;
            };
        };
        return out;
    }
    bool wait_open(int count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(20), [&] { return open == count; });
    }
    RpcPort::Push push(std::size_t i) {
        const std::lock_guard lock(mutex);
        return pushes.at(i);
    }
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<RpcPort::Push> pushes;
    int open = 0;
};

std::shared_ptr<const std::string> shared(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

TEST_CASE("JSON-RPC over HTTP refuses in its own words, with the status that fits") {
    RpcOptions options;
    options.port.ask = echo();
    options.max_body = 10;
    RpcHandler handler(std::move(options));
    CHECK(ask(handler, request_for("POST", "/rpc", {}, "1"))->body() == "<1>");
    CHECK(ask(handler, request_for("POST", "/rpc", {}, "[]"))->status() == 204);
    struct Row {
        grid::web::LocalRequest request;
        unsigned status;
    };
    auto stranger = request_for("POST", "/rpc", {}, "1");
    stranger.host = "evil.example.org";
    const Row rows[] = {
        {request_for("POST", "/rpc", {}, "01234567890"), 413},
        {request_for("POST", "/rpc", {{"content-type", "text/plain"}}, "1"), 415},
        {request_for("POST", "/rpc"), 415},
        {request_for("GET", "/rpc"), 405},
        {request_for("DELETE", "/rpc"), 405},
        {stranger, 421},
    };
    for (const auto& row : rows) {
        const auto reply = ask(handler, row.request);
        CHECK(reply->status() == row.status);
        CHECK(reply->header("Content-Type") == "application/json");
        CHECK(
            has(reply->body(), "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\""));
    }
    CHECK(
        ask(handler, request_for("POST", "/rpc", {{"content-type", "Application/JSON ; charset=utf-8"}}, "1"))
            ->status() == 200);
}

TEST_CASE("a full pool is 429 with Retry-After, and so is a client that asks too often") {
    constexpr const char* kFull =
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"txpool is full","data":{"reason":"pool_full"}}})";
    constexpr const char* kRange =
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"m","data":{"reason":"range_too_large"}}})";
    constexpr const char* kQuoted =
        R"({"jsonrpc":"2.0","id":",\"error\":{\"code\":-32005,\"reason\":\"pool_full\"","result":"0x1"})";
    RpcOptions options;
    options.port.ask = [&](std::string body, RpcPort::Reply reply) {
        reply(has(body, "full") ? kFull : has(body, "range") ? kRange : kQuoted);
        return true;
    };
    options.per_client = {1, 4, 16};
    options.count_loopback = true;
    options.steady_now = [] { return SteadyTime{1000}; };
    RpcHandler handler(std::move(options));
    const auto full = ask(handler, request_for("POST", "/rpc", {}, "full"));
    CHECK(full->status() == 429);
    CHECK(full->header("Retry-After") == "1");
    CHECK(full->body() == kFull);
    CHECK(ask(handler, request_for("POST", "/rpc", {}, "range"))->status() == 200);
    CHECK(ask(handler, request_for("POST", "/rpc", {}, "quoted"))->status() == 200);
    CHECK(ask(handler, request_for("POST", "/rpc", {}, "quoted"))->status() == 200);
    const auto often = ask(handler, request_for("POST", "/rpc", {}, "quoted"));
    CHECK(often->status() == 429);
    CHECK(often->header("Retry-After") == "1");
    CHECK(has(often->body(), "\"code\":-32005"));
}

TEST_CASE("pages of configured origins may read JSON-RPC, others may not") {
    const auto answer_to = [](std::vector<std::string> origins, const std::string& origin,
                              const std::string& method = "POST") {
        RpcOptions options;
        options.port.ask = echo();
        options.guard.origins = {"https://market.example.org"};
        options.guard.apps_domain = "apps.example.org";
        options.origins = std::move(origins);
        RpcHandler handler(std::move(options));
        return ask(handler, request_for(method, "/rpc",
                                        {{"origin", origin}, {"access-control-request-method", "POST"}},
                                        method == "POST" ? "1" : ""));
    };
    const auto allowed = [](const auto& reply) { return reply->header("Access-Control-Allow-Origin"); };
    CHECK(allowed(answer_to({}, "https://market.example.org")) == "https://market.example.org");
    CHECK(allowed(answer_to({}, "https://dapp.example.org")).empty());
    CHECK(allowed(answer_to({"https://dapp.example.org"}, "https://dapp.example.org")) ==
          "https://dapp.example.org");
    CHECK(allowed(answer_to({"*"}, "null")) == "null");
    CHECK(answer_to({"*"}, "https://a.apps.example.org")->status() == 403);
    const auto preflight = answer_to({"*"}, "https://dapp.example.org", "OPTIONS");
    CHECK(preflight->status() == 204);
    CHECK(preflight->header("Access-Control-Allow-Headers") == "Content-Type");
    CHECK(preflight->header("Access-Control-Allow-Credentials").empty());
    CHECK(
        answer_to({}, "https://dapp.example.org", "OPTIONS")->header("Access-Control-Allow-Methods").empty());
}

TEST_CASE("a WebSocket takes text, binary and fragments, answers pings and closes in order") {
    Server server;
    WebSocketClient client(server.port);
    const auto head = client.open();
    CHECK(head.find("HTTP/1.1 101 ") == 0);
    // The example of RFC 6455, section 1.3.
    CHECK(has(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    client.text("1");
    CHECK(client.next().payload == "<1>");
    client.send(frame(kBinary, "22"));
    const auto second = client.next();
    CHECK(second.opcode == kText);
    CHECK(second.payload == "<22>");
    client.send(frame(kText, "a", false) + frame(kPing, "still there?") + frame(0, "b", false) +
                frame(0, "c"));
    const auto pong = client.next();
    CHECK(pong.opcode == kPong);
    CHECK(pong.payload == "still there?");
    CHECK(client.next().payload == "<abc>");
    client.text("[]");  // nothing to answer
    client.text(std::string(70'000, 'x'));
    CHECK(client.next().payload == "<" + std::string(70'000, 'x') + ">");
    client.send(frame(kClose, "\x03\xe8"));
    CHECK(client.next().close_code() == 1000);
    CHECK(client.ended());
}

TEST_CASE("compression is not offered to a client that asks for it") {
    Server server;
    WebSocketClient client(server.port);
    CHECK_FALSE(has(client.open("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "Extensions"));
}

TEST_CASE("a handshake that is not one is refused, and the server serves on") {
    RpcOptions options;
    options.origins = {"https://dapp.example.org"};
    Server server(std::move(options));
    const auto refused = [&](const std::string& more, const std::string& key, const std::string& version) {
        WebSocketClient client(server.port);
        client.send(client.handshake(more, key, version));
        return client.response().substr(0, 12);
    };
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    CHECK(refused("", key, "8") == "HTTP/1.1 426");
    CHECK(refused("", "short", "13") == "HTTP/1.1 400");
    CHECK(refused("", "dGhlIHNhbXBsZSBub25jZ!==", "13") == "HTTP/1.1 400");
    CHECK(refused("Origin: https://evil.example.org\r\n", key, "13") == "HTTP/1.1 403");
    CHECK(refused("Origin: null\r\n", key, "13") == "HTTP/1.1 403");
    CHECK(refused("Origin: https://dapp.example.org\r\n", key, "13") == "HTTP/1.1 101");
    WebSocketClient early(server.port);
    early.send(early.handshake() + frame(kText, "too early"));
    CHECK(early.response().substr(0, 12) == "HTTP/1.1 400");
    WebSocketClient half(server.port);
    half.send(half.handshake().substr(0, 40));
    half.finish_sending();
    CHECK_FALSE(has(half.rest(), "101"));
    WebSocketClient good(server.port);
    good.open();
    good.text("1");
    CHECK(good.next().payload == "<1>");
}

TEST_CASE("frames against the protocol close the WebSocket with the code that says why") {
    RpcOptions options;
    options.max_body = 1000;
    Server server(std::move(options));
    const auto code = [&](const std::string& bytes) {
        WebSocketClient client(server.port);
        client.open();
        client.send(bytes);
        return client.next().close_code();
    };
    CHECK(code(frame(kText, "unmasked", true, false)) == 1002);
    CHECK(code(frame(kText, "\xff\xfe")) == 1007);
    CHECK(code(frame(kText, std::string(1001, 'x'))) == 1009);
    CHECK(code(frame(kText, std::string(600, 'x'), false) + frame(0, std::string(600, 'x'))) == 1009);
    CHECK(code(frame(0, "continues nothing")) == 1002);
    CHECK(code(frame(kText, "a", false) + frame(kText, "b")) == 1002);
    CHECK(code(frame(3, "unknown opcode")) == 1002);
    CHECK(code(frame(kPing, std::string(126, 'x'))) == 1002);
    // A length of 2^63 and more.
    CHECK(code(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask") == 1009);
    WebSocketClient good(server.port);
    good.open();
    good.text("1");
    CHECK(good.next().payload == "<1>");
}

TEST_CASE("notifications reach their client, and the session ends with it") {
    Sessions sessions;
    RpcOptions options;
    options.port = sessions.port();
    Server server(std::move(options));
    {
        WebSocketClient client(server.port);
        client.open();
        client.text("1");
        CHECK(client.next().payload == "<1>");
        REQUIRE(sessions.wait_open(1));
        CHECK(sessions.push(0)(shared("news")));
        CHECK(client.next().payload == "news");
    }
    CHECK(sessions.wait_open(0));
    // The server may need a moment to see it; then nothing is taken any more.
    CHECK_FALSE(sessions.push(0)(shared("nobody")));
}

TEST_CASE("a client that does not read is closed with 1013 at the bound of its queue") {
    Sessions sessions;
    RpcOptions options;
    options.port = sessions.port();
    options.web_socket.queue_limit = 1'000'000;
    options.web_socket.close_timeout = std::chrono::seconds(3);
    Server server(std::move(options));
    WebSocketClient slow(server.port);
    slow.open();
    WebSocketClient quick(server.port);
    quick.open();
    REQUIRE(sessions.wait_open(2));
    const auto piece = shared(std::string(100'000, 'x'));
    std::size_t lagging = 2;
    // Socket buffers take some megabytes before the queue grows.
    for (int i = 0; i < 1000 && lagging == 2; ++i) {
        if (!sessions.push(0)(piece)) lagging = 0;
    }
    REQUIRE(lagging == 0);
    CHECK_FALSE(sessions.push(0)(piece));
    Frame last = slow.next();
    while (last.opcode == kText) last = slow.next();
    CHECK(last.close_code() == 1013);
    CHECK(has(last.payload, "read faster"));
    // Others are served as ever.
    CHECK(sessions.push(1)(shared("news")));
    CHECK(quick.next().payload == "news");
    // Instead of its part of the closing handshake comes what breaks the rules: it is let go all the same.
    slow.send(frame(kText, "unmasked", true, false));
    CHECK(sessions.wait_open(1));
}

TEST_CASE("a client whose messages wait for answers is not read from until some are there") {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<RpcPort::Reply> waiting;
    RpcOptions options;
    options.web_socket.max_unanswered = 3;
    options.port.ask = [&](std::string, RpcPort::Reply reply) {
        const std::lock_guard lock(mutex);
        waiting.push_back(std::move(reply));
        changed.notify_all();
        return true;
    };
    Server server(std::move(options));
    WebSocketClient client(server.port);
    client.open();
    for (int i = 0; i < 5; ++i) client.text("m");
    client.send(frame(kPing, "p"));
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return waiting.size() == 3; }));
    for (int i = 0; i < 2; ++i) {
        const auto reply = waiting[static_cast<std::size_t>(i)];
        lock.unlock();
        reply("done");
        lock.lock();
        REQUIRE(changed.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return waiting.size() == 4 + static_cast<std::size_t>(i); }));
        CHECK(waiting.size() == 4 + static_cast<std::size_t>(i));
    }
    const auto third = waiting[2];
    lock.unlock();
    third("done");
    int answers = 0;
    for (Frame next = client.next(); next.opcode != kPong; next = client.next()) {
        CHECK(next.payload == "done");
        ++answers;
    }
    CHECK(answers <= 3);
}

TEST_CASE("beyond its WebSockets a server answers 503 until one has gone") {
    Sessions sessions;
    RpcOptions options;
    options.port = sessions.port();
    options.max_web_sockets = 1;
    Server server(std::move(options));
    auto first = std::make_unique<WebSocketClient>(server.port);
    CHECK(has(first->open(), " 101 "));
    REQUIRE(sessions.wait_open(1));
    WebSocketClient second(server.port);
    second.send(second.handshake());
    const auto refused = second.response();
    CHECK(has(refused, " 503 "));
    CHECK(has(refused, "Retry-After: 5\r\n"));
    CHECK(has(refused, "-32005"));
    first.reset();
    REQUIRE(sessions.wait_open(0));
    WebSocketClient third(server.port);
    CHECK(has(third.open(), " 101 "));
}

TEST_CASE("a silent client is asked by a ping, and given up when it does not answer") {
    RpcOptions options;
    options.web_socket.idle_timeout = std::chrono::milliseconds(200);
    Server server(std::move(options));
    WebSocketClient client(server.port);
    client.open();
    CHECK(client.next().opcode == kPing);
    client.rest();
    CHECK(client.ended());
}

TEST_CASE("a WebSocket's client is told that the server stops, and when its chain has ended") {
    Server server;
    WebSocketClient client(server.port);
    client.open();
    client.text("1");
    CHECK(client.next().payload == "<1>");
    server.server->stop();
    CHECK(client.next().close_code() == 1001);
    CHECK(client.ended());

    RpcOptions options;
    options.port.ask = [](std::string, RpcPort::Reply) { return false; };
    Server chainless(std::move(options));
    WebSocketClient other(chainless.port);
    other.open();
    other.text("1");
    CHECK(other.next().close_code() == 1013);
}
