#include "web/proxy/framing.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace grid::web::proxy;
using State = Framing::State;
using Kind = Framing::Kind;

namespace {

Framing chunked_request() {
    RequestHead head;
    head.chunked = true;
    return Framing::of_request(head);
}

Framing response(unsigned status, std::optional<std::uint64_t> length, bool chunked, bool to_head = false) {
    ResponseHead head;
    head.status = status;
    head.content_length = length;
    head.chunked = chunked;
    return Framing::of_response(head, to_head);
}

struct Outcome {
    std::size_t used = 0;
    State state = State::more;
    std::string payload;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed_whole(std::string_view text) {
    Framing framing = chunked_request();
    Outcome out;
    const auto step = framing.feed(text, &out.payload);
    out.used = step.used;
    out.state = step.state;
    return out;
}

Outcome feed_by_bytes(std::string_view text) {
    Framing framing = chunked_request();
    Outcome out;
    for (std::size_t i = 0; i < text.size() && out.state == State::more; ++i) {
        const auto step = framing.feed(text.substr(i, 1), &out.payload);
        out.used += step.used;
        out.state = step.state;
    }
    return out;
}

}  // namespace

TEST_CASE("the kind of a body follows from head, status and method") {
    struct Row {
        unsigned status;
        std::optional<std::uint64_t> length;
        bool chunked;
        bool to_head;
        Kind kind;
    };
    const Row rows[] = {
        {200, 5, false, false, Kind::length},
        {200, std::nullopt, true, false, Kind::chunked},
        {200, std::nullopt, false, false, Kind::until_close},
        {200, 5, false, true, Kind::none},
        {200, std::nullopt, true, true, Kind::none},
        {200, std::nullopt, false, true, Kind::none},
        {204, std::nullopt, false, false, Kind::none},
        {204, 5, false, false, Kind::none},
        {304, 5, false, false, Kind::none},
        {304, std::nullopt, true, false, Kind::none},
        {100, std::nullopt, false, false, Kind::none},
        {103, 5, false, false, Kind::none},
        {101, std::nullopt, false, false, Kind::tunnel},
        {404, 0, false, false, Kind::length},
    };
    for (const auto& row : rows) {
        INFO(row.status << " HEAD " << row.to_head);
        CHECK(response(row.status, row.length, row.chunked, row.to_head).kind() == row.kind);
    }
    CHECK(Framing::of_request(RequestHead{}).kind() == Kind::none);
    CHECK(Framing::of_request(RequestHead{}).complete());
}

TEST_CASE("a counted body takes its bytes and no more") {
    Framing framing = response(200, 5, false);
    CHECK(framing.feed("hel").state == State::more);
    CHECK(framing.remaining() == 2);
    CHECK_FALSE(Framing(framing).finish_at_close());
    const auto step = framing.feed("loHTTP/1.1");
    CHECK(step.used == 2);
    CHECK(step.state == State::complete);
    CHECK(framing.feed("x").used == 0);
    CHECK(framing.finish_at_close());
    CHECK(response(200, 0, false).complete());
}

TEST_CASE("a body until close is complete when its sender closes") {
    Framing framing = response(200, std::nullopt, false);
    CHECK(framing.feed("abc").used == 3);
    CHECK_FALSE(framing.complete());
    CHECK(framing.finish_at_close());
    Framing cut = response(200, std::nullopt, true);
    cut.feed("5\r\nab");
    CHECK_FALSE(cut.finish_at_close());
}

TEST_CASE("chunked bodies are checked strictly") {
    struct Row {
        const char* what;
        std::string text;
        State state;
        std::string payload;
    };
    const Row rows[] = {
        {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", State::complete, "hello world"},
        {"upper and lower hex, leading zeros", "00a\r\n0123456789\r\n0A\r\n0123456789\r\n0\r\n\r\n",
         State::complete, "01234567890123456789"},
        {"empty", "0\r\n\r\n", State::complete, ""},
        {"extension", "5;name=\"a b\"\r\nhello\r\n0;x\r\n\r\n", State::complete, "hello"},
        {"trailers", "1\r\na\r\n0\r\nX-Sum: 9\r\nX-Other:\r\n\r\n", State::complete, "a"},
        {"no size", "\r\nhello", State::bad, ""},
        {"size with prefix", "0x5\r\nhello\r\n", State::bad, ""},
        {"negative size", "-5\r\nhello\r\n", State::bad, ""},
        {"space before size", " 5\r\nhello\r\n", State::bad, ""},
        {"space after size", "5 \r\nhello\r\n", State::bad, ""},
        {"bare LF after size", "5\nhello\r\n", State::bad, ""},
        {"bare CR after size", "5\rhello\r\n", State::bad, ""},
        {"chunk longer than its size", "5\r\nhello!\r\n", State::bad, "hello"},
        {"chunk ends in LF", "5\r\nhello\n0\r\n\r\n", State::bad, "hello"},
        {"size of 16 digits", "0000000000000005\r\nhello\r\n", State::bad, ""},
        {"size that overflows", "ffffffffffffffff1\r\n", State::bad, ""},
        {"LF in extension", "5;a\nb\r\nhello\r\n", State::bad, ""},
        {"NUL in extension", std::string("5;a\0b\r\nhello\r\n", 13), State::bad, ""},
        {"long extension", "5;" + std::string(2000, 'x') + "\r\nhello\r\n", State::bad, ""},
        {"trailer without colon", "0\r\nabc\r\n\r\n", State::bad, ""},
        {"trailer with space before colon", "0\r\nabc : x\r\n\r\n", State::bad, ""},
        {"trailer folded", "0\r\na: b\r\n c\r\n\r\n", State::bad, ""},
        {"trailer with control", "0\r\na: \x01\r\n\r\n", State::bad, ""},
        {"trailer ends in LF", "0\r\na: b\n\r\n", State::bad, ""},
        {"trailers too long", "0\r\na: " + std::string(9000, 'x') + "\r\n\r\n", State::bad, ""},
        {"trailer Transfer-Encoding", "0\r\nTransfer-Encoding: chunked\r\n\r\n", State::bad, ""},
        {"trailer Content-Length", "0\r\nContent-Length: 5\r\n\r\n", State::bad, ""},
        {"trailer Host", "0\r\nHost: x\r\n\r\n", State::bad, ""},
        {"trailer that forges the user", "0\r\nX-Grid-User: 0x1\r\n\r\n", State::bad, ""},
        {"trailer Cookie", "0\r\nCookie: a=b\r\n\r\n", State::bad, ""},
        {"unfinished", "5\r\nhel", State::more, "hel"},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        const auto whole = feed_whole(row.text);
        CHECK(whole.state == row.state);
        CHECK(whole.payload == row.payload);
        CHECK(feed_by_bytes(row.text) == whole);
    }
}

TEST_CASE("many small extensions together are too much") {
    std::string text;
    for (int i = 0; i < 20; ++i) text += "1;" + std::string(1000, 'x') + "\r\na\r\n";
    CHECK(feed_whole(text).state == State::bad);
}

TEST_CASE("bytes behind a chunked body belong to the next message") {
    const std::string body = "3\r\nabc\r\n0\r\n\r\n";
    const auto out = feed_whole(body + "GET / HTTP/1.1\r\n");
    CHECK(out.state == State::complete);
    CHECK(out.used == body.size());
}

TEST_CASE("chunked bodies end at the same byte however they are split") {
    REQUIRE(rc::check([] {
        const auto pieces = *rc::gen::container<std::vector<std::string>>(
            rc::gen::element<std::string>("3\r\nabc\r\n", "1\r\nx\r\n", "a;e=1\r\n0123456789\r\n", "0\r\n",
                                          "\r\n", "X-T: v\r\n", "\r", "\n", "f", ";"));
        std::string text;
        for (const auto& piece : pieces) text += piece;
        const auto whole = feed_whole(text);
        RC_ASSERT(feed_by_bytes(text) == whole);

        Framing framing = chunked_request();
        Outcome split;
        std::string_view rest = text;
        while (!rest.empty() && split.state == State::more) {
            const auto n = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
            const auto step = framing.feed(rest.substr(0, n), &split.payload);
            split.used += step.used;
            split.state = step.state;
            rest.remove_prefix(n);
        }
        RC_ASSERT(split == whole);
    }));
}

TEST_CASE("what is chunked well comes out as it was") {
    REQUIRE(rc::check([] {
        const auto chunks = *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty<std::string>());
        std::string text;
        std::string content;
        for (const auto& chunk : chunks) {
            char size[20];
            std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
            text += size + chunk + "\r\n";
            content += chunk;
        }
        text += "0\r\n\r\n";
        const auto out = feed_by_bytes(text);
        RC_ASSERT(out.state == State::complete);
        RC_ASSERT(out.used == text.size());
        RC_ASSERT(out.payload == content);
    }));
}
