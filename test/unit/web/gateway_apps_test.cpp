#include <catch2/catch.hpp>
#include <condition_variable>

#include "gateway_world.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::web;
using test::ask;
using test::contains;
using test::GatewayWorld;
using test::is_problem;
using test::request_for;

namespace {

const Headers kWebSocket{{"upgrade", "websocket"},
                         {"connection", "Upgrade"},
                         {"sec-websocket-version", "13"},
                         {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};

Headers both(Headers one, const Headers& two) {
    one.insert(one.end(), two.begin(), two.end());
    return one;
}

LocalRequest posted(const std::string& target, const std::string& body, Headers headers) {
    return request_for("POST", target, std::move(headers), body);
}

/// The client's end of a WebSocket without a socket.
class FakeClient : public WebSocket {
public:
    bool push(std::shared_ptr<const std::string> message, std::function<void()> sent) override {
        const std::lock_guard lock(mutex_);
        if (full) return false;
        messages.push_back(*message);
        if (sent) sent();
        changed_.notify_all();
        return true;
    }
    void close(std::uint16_t code, std::string) override {
        const std::lock_guard lock(mutex_);
        closed = code;
        changed_.notify_all();
    }
    void answered() {
        const std::lock_guard lock(mutex_);
        ++answers;
        changed_.notify_all();
    }
    template <class Done>
    void wait(Done done) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(30), [&] { return done(*this); }))
            throw std::runtime_error("the WebSocket did not come so far");
    }

    std::vector<std::string> messages;
    std::uint16_t closed = 0;
    unsigned answers = 0;
    bool full = false;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// One that was opened; each message waits until it is answered, as the server does.
struct Opened {
    Opened(GatewayApi& gateway, const Headers& headers) {
        auto reply = ask(gateway, request_for("GET", "/v1/apps/web/exec", both(headers, kWebSocket)));
        REQUIRE(reply->status() == 101);
        CHECK(reply->upgraded.options.binary);
        say_ = reply->upgraded.open(client);
    }
    void say(const std::string& message) {
        const auto before = client->answers;
        send(message);
        client->wait([&](FakeClient& c) { return c.answers > before || c.closed; });
    }
    void send(const std::string& message) {
        say_(message, [c = client](const std::string&) { c->answered(); });
    }
    void wait_for(std::size_t messages) {
        client->wait([&](FakeClient& c) { return c.messages.size() >= messages; });
    }
    std::shared_ptr<FakeClient> client = std::make_shared<FakeClient>();

private:
    WebSocketUpgrade::Messages say_;
};

}  // namespace

TEST_CASE_METHOD(GatewayWorld, "an application is restarted, scaled, stopped and started by those who may") {
    auto gateway = api();
    const auto mine = bearer(token(1, 1));
    CHECK(ask(*gateway, posted("/v1/apps/web/restart", "", both(mine, {{"idempotency-key", "k1"}})))
              ->status() == 200);
    CHECK(ask(*gateway, posted("/v1/apps/web/scale", R"({"replicas":3,"workload":"db"})", mine))->status() ==
          200);
    CHECK(ask(*gateway, posted("/v1/apps/web/stop", "", mine))->status() == 200);
    CHECK(ask(*gateway, posted("/v1/apps/web/start", "{}", mine))->status() == 200);
    REQUIRE(changed.size() == 4);
    CHECK(changed[0].verb == ChangeRequest::Verb::restart);
    CHECK(changed[0].idempotency_key == "k1");
    CHECK(changed[0].lease_key == lease(1));
    CHECK(changed[0].user == test::address_of(1));
    CHECK(changed[1].verb == ChangeRequest::Verb::scale);
    CHECK(changed[1].workload == "db");
    CHECK(changed[1].replicas == 3);
    CHECK(changed[2].verb == ChangeRequest::Verb::stop);
    CHECK(changed[3].verb == ChangeRequest::Verb::start);

    CHECK(is_problem(*ask(*gateway, posted("/v1/apps/web/scale", R"({"replicas":10})", mine)), 422,
                     "too_large"));
    CHECK(is_problem(*ask(*gateway, posted("/v1/apps/web/scale", R"({"replicas":-1})", mine)), 400,
                     "bad_field"));
    CHECK(is_problem(*ask(*gateway, posted("/v1/apps/web/scale", R"({})", mine)), 400, "missing_field"));
    CHECK(is_problem(*ask(*gateway, posted("/v1/apps/shop/restart", "", mine)), 404, "not_found"));
    const auto reader = bearer(token(1, 1, lease::Scope::read));
    for (const char* verb : {"restart", "stop", "start"})
        CHECK(is_problem(*ask(*gateway, posted(std::string("/v1/apps/web/") + verb, "", reader)), 403,
                         "forbidden"));
    CHECK(is_problem(*ask(*gateway, posted("/v1/apps/web/scale", R"({"replicas":1})", reader)), 403,
                     "forbidden"));
}

TEST_CASE_METHOD(GatewayWorld, "the state in detail and the events are told") {
    auto gateway = api();
    const auto mine = bearer(token(1, 1, lease::Scope::read));
    const auto status = ask(*gateway, request_for("GET", "/v1/apps/web/status", mine));
    CHECK(status->status() == 200);
    CHECK(status->body().find(
              R"("revision":3,"workloads":[{"name":"web","replicas":2}],"pods":[{"name":"web-0",)") !=
          std::string::npos);
    CHECK(status->body().find(R"("restarts":4)") != std::string::npos);
    const auto events = ask(*gateway, request_for("GET", "/v1/apps/web/events", mine));
    CHECK(events->body().find(R"("kind":"warning","object":"Pod/web-0","reason":"Crashed")") !=
          std::string::npos);
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/shop/events", mine)), 404, "not_found"));
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/web/status")), 401, "no_token"));
}

TEST_CASE_METHOD(GatewayWorld, "the log of an order that is over is read by its owner, and by nobody else") {
    auto gateway = api();
    state_of_first = LeaseState::gone;
    const auto get = [&](const std::string& query, std::uint8_t user) {
        return ask(*gateway, request_for("GET", "/v1/apps/web/logs?" + query, bearer(token(user))));
    };
    CHECK(get("order=11", 1)->status() == 200);
    REQUIRE(log_requests.size() == 1);
    CHECK(log_requests[0].lease_key == lease(1));
    CHECK(get("lease_key=" + lease(1).hex() + "&previous=true", 1)->status() == 200);
    CHECK(log_requests.back().previous);
    CHECK(is_problem(*get("order=11", 2), 404, "not_found"));
    CHECK(is_problem(*get("lease_key=" + lease(1).hex(), 2), 404, "not_found"));
    CHECK(is_problem(*get("order=11&lease_key=" + lease(1).hex(), 1), 400, "bad_query"));
    CHECK(log_requests.size() == 2);
}

TEST_CASE_METHOD(GatewayWorld, "a command takes input and sizes, and tells output, errors and its end") {
    auto gateway = api();
    Opened session(*gateway, bearer(token(1, 1)));
    session.say(
        R"({"command":["sh","-c","x"],"pod":"web-0","container":"c","tty":true,"columns":100,"rows":40})");
    REQUIRE(execs.size() == 1);
    CHECK(execs[0].lease_key == lease(1));
    CHECK(execs[0].app == "web");
    CHECK(execs[0].command == std::vector<std::string>{"sh", "-c", "x"});
    CHECK(execs[0].pod == "web-0");
    CHECK(execs[0].container == "c");
    CHECK(execs[0].tty);
    CHECK(execs[0].columns == 100);
    session.say(std::string("\0hello", 6));
    session.wait_for(1);
    session.say(std::string("\0!bad", 5));
    session.wait_for(2);
    session.say("\x04{\"columns\":7,\"rows\":8}");
    session.wait_for(3);
    session.send("\x05");
    session.client->wait([](FakeClient& c) { return c.closed != 0; });
    CHECK(session.client->messages ==
          std::vector<std::string>{std::string("\x01hello"), std::string("\x02!bad"),
                                   std::string("\x01") + "7x8", "\x03{\"exit_code\":7}"});
    CHECK(session.client->closed == 1000);
}

TEST_CASE_METHOD(GatewayWorld, "commands need a Bearer token with the scope, and no page of another origin") {
    auto gateway = api();
    const auto asked = [&](Headers headers) {
        return ask(*gateway, request_for("GET", "/v1/apps/web/exec", both(std::move(headers), kWebSocket)));
    };
    CHECK(is_problem(*asked({}), 401, "no_token"));
    CHECK(is_problem(*asked(cookie(1, token(1, 1))), 403, "needs_bearer"));
    CHECK(is_problem(*asked(bearer(token(1, 1, lease::Scope::logs))), 403, "forbidden"));
    CHECK(is_problem(*asked(both(bearer(token(1, 1)), {{"origin", "https://evil.example"}})), 403,
                     "forbidden_origin"));
    CHECK(asked(both(bearer(token(1, 1)), {{"origin", "http://127.0.0.1:8080"}}))->status() == 101);
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/web/exec", bearer(token(1, 1)))), 400,
                     "bad_handshake"));
    CHECK(execs.empty());
}

TEST_CASE_METHOD(GatewayWorld, "what is wrong with a command is its end") {
    auto gateway = api();
    const auto end_of = [&](const std::vector<std::string>& said) {
        Opened session(*gateway, bearer(token(1, 1)));
        for (const auto& message : said) session.say(message);
        session.client->wait([](FakeClient& c) { return c.closed != 0; });
        return session.client->messages.back().substr(1, 40);
    };
    CHECK(end_of({"no json"}).find(R"({"code":"bad_json")") == 0);
    CHECK(end_of({R"({"command":"sh"})"}).find(R"({"code":"bad_field")") == 0);
    CHECK(end_of({R"({"command":[]})"}).find(R"({"code":"bad_field")") == 0);
    CHECK(end_of({R"({"command":["sh"],"privileged":true})"}).find(R"({"code":"unknown_field")") == 0);
    CHECK(end_of({R"({"command":["nothing"]})"}).find(R"({"code":"not_found")") == 0);
    CHECK(end_of({R"({"command":["sh"]})", "\x09?"}).find(R"({"code":"bad_message")") == 0);
    CHECK(end_of({R"({"command":["sh"]})", "\x04{}"}).find(R"({"code":"bad_message")") == 0);
}

TEST_CASE_METHOD(GatewayWorld, "a gateway tells the provider's checks to the provider alone") {
    auto gateway = api();
    const auto asked = [&](std::uint8_t user) {
        return ask(*gateway, request_for("GET", "/v1/provider/checks", bearer(token(user))));
    };
    CHECK(is_problem(*asked(1), 403, "not_yours"));
    const auto told = asked(9);
    CHECK(told->status() == 200);
    // This gateway has no cluster; it says so instead of failing.
    CHECK(told->body().find(R"("state":"fail","name":"cluster")") != std::string::npos);
}

TEST_CASE_METHOD(GatewayWorld, "a command's WebSocket is closed when its session is revoked") {
    GatewayOptions options;
    options.check_sessions = std::chrono::milliseconds(10);
    auto gateway = api(std::move(options));
    Opened session(*gateway, bearer(token(1, 1)));
    session.say(R"({"command":["sh"]})");
    session.say(std::string("\0still here", 11));
    session.wait_for(1);
    CHECK(session.client->closed == 0);
    sessions->end(lease(1));
    session.client->wait([](FakeClient& c) { return c.closed != 0; });
    CHECK(session.client->closed == 1008);
}

TEST_CASE_METHOD(GatewayWorld, "a log is sent as text until its end") {
    auto gateway = api();
    const auto reply =
        ask(*gateway, request_for("GET", "/v1/apps/web/logs?tail=5&workload=db", bearer(token(1, 1))));
    CHECK(reply->status() == 200);
    CHECK(reply->header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(reply->header("X-Content-Type-Options") == "nosniff");
    CHECK(reply->header("Cache-Control") == "no-store");
    CHECK(reply->body() == "one\ntwo\n");
    REQUIRE(log_requests.size() == 1);
    CHECK(log_requests[0].lease_key == lease(1));
    CHECK(log_requests[0].app == "web");
    CHECK(log_requests[0].tail == 5);
    CHECK(log_requests[0].workload == "db");
    CHECK_FALSE(log_requests[0].follow);
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/web/logs?tail=-1", bearer(token(1, 1)))),
                     400, "bad_query"));
    CHECK(is_problem(*ask(*gateway, request_for("GET", "/v1/apps/shop/logs", bearer(token(1, 1)))), 404,
                     "not_found"));
    CHECK(is_problem(
        *ask(*gateway, request_for("GET", "/v1/apps/web/logs", bearer(token(1, 1, lease::Scope::read)))), 403,
        "forbidden"));
    CHECK(log_requests.size() == 1);
}

TEST_CASE_METHOD(GatewayWorld, "a followed log stops when its reader has gone") {
    auto gateway = api();
    auto reply = std::make_shared<test::RecordedReply>();
    gateway->handle(request_for("GET", "/v1/apps/web/logs?follow=true", bearer(token(1, 1))), reply);
    reply->wait([](const test::RecordedReply& r) { return r.body() == "first line\n"; });
    log_sink_actor to;
    {
        const std::lock_guard lock(mutex);
        to = sink;
    }
    caf::scoped_actor self(world.system);
    // Each piece is acknowledged when it has been written.
    bool acknowledged = false;
    self->request(to, std::chrono::seconds(30), LogChunk{"web", "second\n", false})
        .receive([&](ack_atom) { acknowledged = true; }, [](const caf::error&) {});
    CHECK(acknowledged);
    CHECK(reply->body() == "first line\nsecond\n");
    reply->close();
    self->wait_for(to);
    CHECK(reply->body() == "first line\nsecond\n");
}

TEST_CASE_METHOD(GatewayWorld, "a followed log ends when its session is revoked") {
    GatewayOptions options;
    options.check_sessions = std::chrono::milliseconds(10);
    auto gateway = api(std::move(options));
    auto reply = std::make_shared<test::RecordedReply>();
    gateway->handle(request_for("GET", "/v1/apps/web/logs?follow=true", bearer(token(1, 1))), reply);
    reply->wait([](const test::RecordedReply& r) { return r.body() == "first line\n"; });
    CHECK_FALSE(reply->answered());
    sessions->end(lease(1));
    reply->wait();
    CHECK(reply->body() == "first line\n");
}
