#include "web/proxy/head.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace grid::web::proxy;

namespace {

std::optional<HeadError> parse(std::string_view text, RequestHead& head) {
    HeadScanner scanner;
    if (scanner.scan(text) != HeadScanner::State::complete) return HeadError{400, "not delimited"};
    return parse_request_head(text.substr(0, scanner.size()), {}, head);
}

unsigned status_of(std::string_view text) {
    RequestHead head;
    const auto error = parse(text, head);
    return error ? error->status : 0;
}

unsigned response_status_of(std::string_view text) {
    HeadScanner scanner;
    if (scanner.scan(text) != HeadScanner::State::complete) return 1;
    ResponseHead head;
    const auto error = parse_response_head(text.substr(0, scanner.size()), {}, head);
    return error ? error->status : 0;
}

}  // namespace

TEST_CASE("a request head is read into its parts") {
    const std::string text =
        "POST /a/b?x=1&y=2 HTTP/1.1\r\nHost: App--0123.Apps.LocalHost:8090\r\nContent-Length: 12\r\n"
        "X-Custom:   spaced out \t\r\nConnection: close, X-Hop\r\nExpect: 100-continue\r\n\r\nhello";
    RequestHead head;
    REQUIRE_FALSE(parse(text, head));
    CHECK(head.method == "POST");
    CHECK(head.target == "/a/b?x=1&y=2");
    CHECK(head.path == "/a/b");
    CHECK(head.query == "x=1&y=2");
    CHECK(head.authority == "App--0123.Apps.LocalHost:8090");
    CHECK(head.content_length == 12u);
    CHECK_FALSE(head.chunked);
    CHECK_FALSE(head.keep_alive);
    CHECK(head.expects_continue);
    CHECK(head.has_body());
    CHECK(head.value("x-custom") == "spaced out");
    REQUIRE(head.nominated.size() == 1);
    CHECK(head.nominated[0] == "X-Hop");
    std::uint16_t port = 0;
    CHECK(host_name(head.authority, &port) == "app--0123.apps.localhost");
    CHECK(port == 8090);
}

TEST_CASE("keep-alive follows version and Connection") {
    struct Row {
        const char* line;
        const char* connection;
        bool keeps;
    };
    const Row rows[] = {
        {"HTTP/1.1", "", true},
        {"HTTP/1.1", "Connection: close\r\n", false},
        {"HTTP/1.1", "Connection: keep-alive, Close\r\n", false},
        {"HTTP/1.0", "", false},
        {"HTTP/1.0", "Connection: Keep-Alive\r\n", true},
        {"HTTP/1.0", "Connection: keep-alive, close\r\n", false},
    };
    for (const auto& row : rows) {
        INFO(row.line << " " << row.connection);
        RequestHead head;
        REQUIRE_FALSE(
            parse(std::string("GET / ") + row.line + "\r\nHost: h\r\n" + row.connection + "\r\n", head));
        CHECK(head.keep_alive == row.keeps);
    }
}

TEST_CASE("an upgrade needs both fields, HTTP/1.1, and is never to HTTP/2") {
    struct Row {
        const char* text;
        bool upgrade;
    };
    const Row rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, upgrade\r\nUpgrade: websocket\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket, H2C\r\n\r\n", false},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        RequestHead head;
        REQUIRE_FALSE(parse(row.text, head));
        CHECK(head.upgrade == row.upgrade);
    }
}

TEST_CASE("what two parsers could read in two ways is refused") {
    struct Row {
        const char* what;
        std::string text;
        unsigned status;
    };
    const std::string host = "Host: h\r\n";
    const std::string get = "GET / HTTP/1.1\r\n";
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    const Row rows[] = {
        {"plain", get + host + "\r\n", 0},
        {"TE with CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
        {"CL with TE", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"different CLs", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
        {"equal CLs", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
        {"CL list", post + "Content-Length: 3, 3\r\n\r\n", 400},
        {"CL with sign", post + "Content-Length: +3\r\n\r\n", 400},
        {"negative CL", post + "Content-Length: -1\r\n\r\n", 400},
        {"CL in hexadecimal", post + "Content-Length: 0x3\r\n\r\n", 400},
        {"empty CL", post + "Content-Length:\r\n\r\n", 400},
        {"CL beyond 63 bits", post + "Content-Length: 18446744073709551617\r\n\r\n", 400},
        {"CL with inner space", post + "Content-Length: 1 2\r\n\r\n", 400},
        {"good chunked", post + "Transfer-Encoding: Chunked\r\n\r\n", 0},
        {"TE xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n", 400},
        {"TE chunked twice in one", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
        {"TE twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"TE identity", post + "Transfer-Encoding: identity\r\n\r\n", 400},
        {"TE gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
        {"TE quoted", post + "Transfer-Encoding: \"chunked\"\r\n\r\n", 400},
        {"TE with vertical tab",
         post + "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n",
         400},
        {"TE empty", post + "Transfer-Encoding:\r\n\r\n", 400},
        {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"space before colon", post + "Transfer-Encoding : chunked\r\n\r\n", 400},
        {"tab before colon", post + "Content-Length\t: 3\r\n\r\n", 400},
        {"obs-fold", get + host + "X-A: b\r\n c\r\n\r\n", 400},
        {"obs-fold at the first field", get + " Host: h\r\n\r\n", 400},
        {"bare LF after a field", get + "Host: h\n\r\n", 400},
        {"bare LF in the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
        {"bare CR in a value", get + host + "X-A: b\rContent-Length: 3\r\n\r\n", 400},
        {"NUL in a value", get + host + std::string("X-A: b\0c\r\n\r\n", 11), 400},
        {"NUL in a name", get + host + std::string("X\0A: b\r\n\r\n", 10), 400},
        {"DEL in a value", get + host + "X-A: \x7f\r\n\r\n", 400},
        {"no colon", get + host + "nonsense\r\n\r\n", 400},
        {"empty name", get + host + ": x\r\n\r\n", 400},
        {"non-ASCII name", get + host + "X-\xc3\xa9: b\r\n\r\n", 400},
        {"non-ASCII value", get + host + "X-A: \xc3\xa9\r\n\r\n", 0},
        {"two Hosts", get + host + "Host: i\r\n\r\n", 400},
        {"two equal Hosts", get + host + host + "\r\n", 400},
        {"no Host", get + "\r\n", 400},
        {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0},
        {"empty Host", get + "Host:\r\n\r\n", 400},
        {"Host with a path", get + "Host: h/x\r\n\r\n", 400},
        {"Host with user", get + "Host: a@h\r\n\r\n", 400},
        {"Host with a list", get + "Host: h, i\r\n\r\n", 400},
        {"Host with a bad port", get + "Host: h:8o\r\n\r\n", 400},
        {"Host IPv6", get + "Host: [::1]:8090\r\n\r\n", 0},
        {"Host IPv6 bare", get + "Host: ::1\r\n\r\n", 400},
        {"target in absolute form", "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", 0},
        {"absolute form of another host", "GET http://i/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"absolute form of another scheme", "GET ftp://h/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target without slash", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with space", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with control", "GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"target with non-ASCII", "GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 0},
        {"GET *", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 400},
        {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"tab for space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"bad method", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"no version", "GET /\r\nHost: h\r\n\r\n", 400},
        {"lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
        {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\n", 505},
        {"version with a tail", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
        {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"unknown expectation", get + host + "Expect: 200-ok\r\n\r\n", 417},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(status_of(row.text) == row.status);
    }
}

TEST_CASE("a head has bounds") {
    RequestHead head;
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 127; ++i) many += "X-" + std::to_string(i) + ": v\r\n";
    CHECK(status_of(many + "\r\n") == 0);
    CHECK(status_of(many + "X-Last: v\r\n\r\n") == 431);
    CHECK(status_of("GET /" + std::string(17000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n") == 414);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(66000, 'x') + "\r\n\r\n") == 431);
}

TEST_CASE("a response head is read as strictly") {
    struct Row {
        const char* what;
        std::string text;
        bool good;
    };
    const Row rows[] = {
        {"plain", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true},
        {"no reason", "HTTP/1.1 200\r\n\r\n", true},
        {"empty reason", "HTTP/1.1 200 \r\n\r\n", true},
        {"1.0", "HTTP/1.0 404 Not Found\r\n\r\n", true},
        {"two CLs", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", false},
        {"TE with CL", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", false},
        {"odd TE", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false},
        {"TE in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
        {"obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", false},
        {"bare CR", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", false},
        {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", false},
        {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", false},
        {"status 600", "HTTP/1.1 600 OK\r\n\r\n", false},
        {"status 099", "HTTP/1.1 099 OK\r\n\r\n", false},
        {"other protocol", "ICY 200 OK\r\n\r\n", false},
        {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", false},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(response_status_of(row.text) == (row.good ? 0u : 502u));
    }
}

TEST_CASE("the scanner finds the same end however the bytes are split") {
    REQUIRE(rc::check([] {
        const auto pieces = *rc::gen::container<std::vector<std::string>>(
            rc::gen::element<std::string>("\r", "\n", "\r\n", "a", "b: c", "\r\n\r\n", "GET / HTTP/1.1"));
        std::string text;
        for (const auto& piece : pieces) text += piece;
        HeadScanner whole;
        const auto expected = whole.scan(text);
        HeadScanner split;
        auto state = HeadScanner::State::incomplete;
        for (std::size_t n = 1; n <= text.size() && state == HeadScanner::State::incomplete; ++n) {
            state = split.scan(std::string_view(text).substr(0, n));
        }
        RC_ASSERT(state == expected);
        if (expected == HeadScanner::State::complete) RC_ASSERT(split.size() == whole.size());
    }));
}

TEST_CASE("no bytes make the parser leave its input or accept controls") {
    REQUIRE(rc::check([] {
        std::string text = "GET / HTTP/1.1\r\nHost: h\r\nX-Field: value\r\nContent-Length: 5\r\n\r\n";
        const auto changes = *rc::gen::inRange(1, 4);
        for (int i = 0; i < changes; ++i) {
            text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
        }
        RequestHead head;
        if (parse(text, head)) return;
        for (const auto& field : head.fields) {
            RC_ASSERT(is_token(field.name));
            RC_ASSERT(is_field_value(field.value));
            RC_ASSERT(field.line.data() >= text.data());
            RC_ASSERT(field.line.data() + field.line.size() <= text.data() + text.size());
        }
    }));
}
