// Who gets to which application, and what is told to those who do not.
#include <catch2/catch.hpp>
#include <future>

#include "engine_gateway.hpp"

using namespace loopback;
using grid::lease::RouteState;

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
