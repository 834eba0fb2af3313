#include "web/proxy/rewrite.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

using namespace grid::web::proxy;

namespace {

/// The request that an application would get for these header lines.
std::string forwarded(const std::string& lines, RequestRewrite with = {},
                      const std::string& start = "GET /p?q=1") {
    const std::string text = start + " HTTP/1.1\r\nHost: app.example\r\n" + lines + "\r\n";
    RequestHead head;
    const auto error = parse_request_head(text, {}, head);
    REQUIRE_FALSE(error);
    if (with.client.empty()) with.client = "192.0.2.7";
    std::string out;
    rewrite_request(head, with, out);
    return out;
}

const std::string kTail =
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app.example\r\n\r\n";
const std::string kStart = "GET /p?q=1 HTTP/1.1\r\nHost: app.example\r\n";

std::string answered(const std::string& lines, ResponseRewrite with = {},
                     const std::string& status = "200 OK") {
    const std::string text = "HTTP/1.1 " + status + "\r\n" + lines + "\r\n";
    ResponseHead head;
    const auto error = parse_response_head(text, {}, head);
    REQUIRE_FALSE(error);
    std::string out;
    rewrite_response(head, with, out);
    return out;
}

}  // namespace

TEST_CASE("header lines that no rule names reach the application as they are, in order") {
    CHECK(forwarded("Accept: */*\r\nx-lower:  two  spaces \r\nAccept: again\r\n") ==
          kStart + "Accept: */*\r\nx-lower:  two  spaces \r\nAccept: again\r\n" + kTail);
}

TEST_CASE("lines that must not reach the application are removed") {
    struct Row {
        const char* what;
        std::string lines;
        std::string kept;
    };
    const Row rows[] = {
        {"hop-by-hop",
         "Keep-Alive: timeout=5\r\nA: 1\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nB: 2\r\nUpgrade: "
         "h2c\r\n",
         "A: 1\r\nB: 2\r\n"},
        {"nominated", "A: 1\r\nX-Hop: x\r\nConnection: close, x-hop\r\nB: 2\r\n", "A: 1\r\nB: 2\r\n"},
        {"nominated Host, length and coding stay",
         "Connection: host, content-length, transfer-encoding\r\nContent-Length: 3\r\n",
         "Content-Length: 3\r\n"},
        {"identity",
         "X-Grid-User: 0xevil\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nForwarded: for=x\r\n"
         "X-Real-IP: 1.2.3.4\r\nX-Forwarded-Anything: x\r\nx-GRID-lease: y\r\nA: 1\r\n",
         "A: 1\r\n"},
        {"identity spelt with underscores",
         "X_Grid_User: 0xevil\r\nX_FORWARDED_FOR: 1.2.3.4\r\nx_real-ip: 1\r\nA_B: 1\r\n", "A_B: 1\r\n"},
        {"framing spelt with underscores", "Content_Length: 7\r\ntransfer_encoding: chunked\r\nA: 1\r\n",
         "A: 1\r\n"},
        {"httpoxy", "Proxy: http://evil\r\nA: 1\r\n", "A: 1\r\n"},
        {"only our cookies", "Cookie: cpuser_0xabc=t\r\nA: 1\r\n", "A: 1\r\n"},
        {"our cookies among others", "Cookie: a=1; cpuser_0xABC=t; b=2;__Host-grid-app=x\r\n",
         "Cookie: a=1; b=2\r\n"},
        {"our cookies in any case", "cookie: CPUSER_x=1; __host-GRID=2; c=3\r\n", "cookie: c=3\r\n"},
        {"two Cookie lines", "Cookie: a=1; cpuser_x=1\r\nCookie: b=2\r\n", "Cookie: a=1\r\nCookie: b=2\r\n"},
        {"a cookie that hides ours in quotes", "Cookie: a=\"x; cpuser_x=t; y\"\r\n",
         "Cookie: a=\"x; y\"\r\n"},
        {"a cookie whose value names ours", "Cookie: a=cpuser_x\r\n", "Cookie: a=cpuser_x\r\n"},
        {"TE without trailers", "TE: gzip\r\n", ""},
        {"a foreign Authorization stays", "Authorization: Basic eDp5\r\n", "Authorization: Basic eDp5\r\n"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(forwarded(row.lines) == kStart + row.kept + kTail);
    }
}

TEST_CASE("our bearer token is removed when told so") {
    RequestRewrite with;
    with.strip_authorization = true;
    CHECK(forwarded("Authorization: Bearer secret\r\nA: 1\r\n", with) == kStart + "A: 1\r\n" + kTail);
}

TEST_CASE("an upgrade and the wish for trailers are passed on") {
    CHECK(
        forwarded("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n") ==
        kStart + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: upgrade\r\n" + kTail);
    CHECK(forwarded("TE: gzip;q=0, Trailers\r\nConnection: TE\r\n") ==
          kStart + "Connection: TE\r\nTE: trailers\r\n" + kTail);
}

TEST_CASE("the application is told who asks and by which way") {
    RequestRewrite with;
    with.client = "2001:db8::1";
    with.proto = "https";
    with.target = "/inner?q=1";
    with.prefix = "/a/0123/app";
    with.user = "0x52908400098527886E0F7030069857D2E4169EE7";
    CHECK(forwarded("X-Grid-User: 0xevil\r\n", with) ==
          "GET /inner?q=1 HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-For: "
          "2001:db8::1\r\nX-Forwarded-Proto: https\r\n"
          "X-Forwarded-Host: app.example\r\nX-Forwarded-Prefix: /a/0123/app\r\n"
          "X-Grid-User: 0x52908400098527886E0F7030069857D2E4169EE7\r\n\r\n");
}

TEST_CASE("responses lose their hop-by-hop lines and keep the rest") {
    struct Row {
        const char* what;
        std::string status;
        std::string lines;
        std::string kept;
    };
    const Row rows[] = {
        {"plain", "200 OK", "Content-Length: 3\r\nX: y\r\n", "Content-Length: 3\r\nX: y\r\n"},
        {"hop-by-hop", "200 OK", "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: x\r\nUpgrade: x\r\nA: 1\r\n",
         "A: 1\r\n"},
        {"nominated framing stays", "200 OK", "Connection: content-length\r\nContent-Length: 3\r\n",
         "Content-Length: 3\r\n"},
        {"chunked with trailers", "200 OK", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
         "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"},
        {"204 has no length", "204 No Content", "Content-Length: 0\r\nA: 1\r\n", "A: 1\r\n"},
        {"304 keeps its length", "304 Not Modified", "Content-Length: 9\r\n", "Content-Length: 9\r\n"},
        {"foreign cookies", "200 OK", "Set-Cookie: a=1; Path=/\r\n", "Set-Cookie: a=1; Path=/\r\n"},
        {"cookies that pose as ours", "200 OK",
         "Set-Cookie: cpuser_0x1=x\r\nSet-Cookie: __Host-grid-app=x; Path=/\r\n", ""},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(answered(row.lines, {}, row.status) == "HTTP/1.1 " + row.status + "\r\n" + row.kept + "\r\n");
    }
}

TEST_CASE("an accepted upgrade keeps its lines") {
    CHECK(answered("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n", {},
                   "101 Switching Protocols") ==
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"
          "Connection: upgrade\r\n\r\n");
}

TEST_CASE("the path form is sandboxed and cannot touch the origin's state") {
    ResponseRewrite with;
    with.sandbox = true;
    CHECK(
        answered(
            "Set-Cookie: a=1\r\nClear-Site-Data: \"*\"\r\nService-Worker-Allowed: /\r\nAlt-Svc: h3=\":1\"\r\n"
            "Strict-Transport-Security: max-age=0\r\nContent-Security-Policy: default-src *\r\nA: 1\r\n",
            with) ==
        "HTTP/1.1 200 OK\r\nContent-Security-Policy: default-src *\r\nA: 1\r\n"
        "Content-Security-Policy: sandbox\r\n\r\n");
}

TEST_CASE("an application cannot set cookies for its neighbours") {
    ResponseRewrite with;
    with.own_host = "app--01.apps.example";
    CHECK(
        answered(
            "Set-Cookie: a=1; Domain=apps.example\r\nSet-Cookie: b=2; domain = .apps.example ; Path=/\r\n"
            "Set-Cookie: c=3; Domain=app--01.apps.example\r\nSet-Cookie: d=domain=x\r\n"
            "Set-Cookie: e=5; Domain=app--01.apps.example; Domain=apps.example\r\n",
            with) ==
        "HTTP/1.1 200 OK\r\nSet-Cookie: c=3; Domain=app--01.apps.example\r\nSet-Cookie: d=domain=x\r\n\r\n");
}

TEST_CASE("property: cookies of ours never pass, others always do") {
    REQUIRE(rc::check([] {
        const std::vector<std::string> ours{"cpuser_0xab", "grid-app", "__Host-grid-app", "cpuser_"};
        const auto names = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
            "a", "theme", "xcpuser_", "cpuser_0xab", "grid-app", "__Host-grid-app", "cpuser_"));
        std::string header, expected, kept;
        for (const auto& name : names) {
            header += (header.empty() ? "" : "; ") + name + "=v";
            if (std::find(ours.begin(), ours.end(), name) == ours.end())
                expected += (expected.empty() ? "" : "; ") + name + "=v";
        }
        append_foreign_cookies(header, kept);
        RC_ASSERT(kept == expected);
    }));
}
