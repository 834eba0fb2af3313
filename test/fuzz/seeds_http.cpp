// Seeds of HTTP heads and of WebSocket frames.

#include "fuzz/seeds.hpp"

namespace grid::fuzz {

namespace {

/// Two bytes that choose what is done, then what comes over the wire.
void add(Seeds& seeds, const std::string& name, std::uint8_t choice, std::uint8_t piece,
         std::string_view text) {
    chain::Bytes input{choice, piece};
    input.insert(input.end(), text.begin(), text.end());
    seeds[name] = std::move(input);
}

std::string frame(unsigned opcode, std::string_view payload, bool last = true, bool masked = true) {
    std::string out(1, static_cast<char>(opcode | (last ? 0x80 : 0)));
    const unsigned mask = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size() | mask);
    } else {
        out += static_cast<char>(126 | mask);
        out += static_cast<char>(payload.size() >> 8);
        out += static_cast<char>(payload.size());
    }
    if (!masked) return out.append(payload);
    const std::string key = "\x12\x34\x56\x78";
    out += key;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
    return out;
}

}  // namespace

Seeds http_head_seeds() {
    Seeds seeds;
    const std::string start = "GET /p?q=1 HTTP/1.1\r\nHost: app.example\r\n";
    const auto request = [&](const char* name, std::uint8_t choice, const std::string& lines,
                             const std::string& body = "") {
        add(seeds, name, choice, 7, start + lines + "\r\n" + body);
    };
    request("plain", 0, "Accept: */*\r\nx-lower:  two  spaces \r\n");
    request("hop-by-hop", 16,
            "Keep-Alive: timeout=5\r\nA: 1\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nB: 2\r\n");
    request("nominated", 0,
            "X-Hop: x\r\nConnection: close, x-hop, host, content-length\r\nContent-Length: 3\r\n", "abc");
    request("identity", 8,
            "X-Grid-User: 0xevil\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=x\r\nX_REAL_IP: 1\r\n");
    request("underscores", 32, "Content_Length: 7\r\ntransfer_encoding: chunked\r\nProxy: http://evil\r\n");
    request("cookies", 0,
            "Cookie: a=1; cpuser_0xABC=t; b=2;__Host-grid-app=x; grid-app=y\r\nCookie: c=\"d;e\"\r\n");
    request("token", 4, "Authorization: Bearer x\r\n");
    request("upgrade", 0, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    request("upgrade-to-http2", 0,
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n");
    request("te", 0, "TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n");
    request("chunked", 0, "Transfer-Encoding: chunked\r\n",
            "5;name=\"a b\"\r\nhello\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 9\r\n\r\nGET /");
    request("trailer-that-is-a-header", 0, "Transfer-Encoding: chunked\r\n",
            "0\r\nContent-Length: 3\r\n\r\n");
    request("both-lengths", 0, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "abc");
    request("two-lengths", 0, "Content-Length: 3\r\nContent-Length: 4\r\n", "abcd");
    request("folded", 0, "A: 1\r\n B: 2\r\n");
    request("expects", 0, "Expect: 100-continue\r\nContent-Length: 3\r\n", "abc");
    add(seeds, "line-feed-alone", 0, 1, "GET / HTTP/1.1\nHost: a\n\n");
    add(seeds, "http-1.0", 0, 3, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    add(seeds, "asterisk", 0, 3, "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    add(seeds, "absolute", 0, 3, "GET http://app.example/x HTTP/1.1\r\nHost: app.example\r\n\r\n");
    const auto response = [&](const char* name, std::uint8_t choice, const std::string& text) {
        add(seeds, name, static_cast<std::uint8_t>(choice | 1), 5, text);
    };
    response("response", 0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello");
    response("response-cookies", 0,
             "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Domain=.app.example\r\nSet-Cookie: cpuser_1=x\r\n"
             "Set-Cookie: b=2; Domain=example\r\n\r\n");
    response("response-in-sandbox", 4 + 8 + 16,
             "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nClear-Site-Data: \"*\"\r\nAlt-Svc: h3=\":1\"\r\n"
             "Strict-Transport-Security: max-age=1\r\nService-Worker-Allowed: /\r\n\r\nx");
    response("response-chunked", 64 + 32,
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    response("response-204", 0, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello");
    response("response-304-to-head", 2,
             "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n");
    response("response-101", 0,
             "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01x");
    response("response-103", 0, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 1\r\n\r\n");
    response("response-426", 0,
             "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
    response("response-without-reason", 0, "HTTP/1.0 200\r\nConnection: keep-alive\r\n\r\nuntil the end");
    response("response-bad-status", 0, "HTTP/1.1 2000 OK\r\n\r\n");
    return seeds;
}

Seeds web_socket_seeds() {
    constexpr unsigned kGoesOn = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
    Seeds seeds;
    const auto one = [&](const char* name, std::uint8_t choice, const std::string& frames) {
        add(seeds, name, choice, 9, frames);
    };
    const std::string normal("\x03\xe8", 2);
    one("text", 0, frame(kText, "hello"));
    one("binary", 1, frame(kBinary, std::string("\0\xff", 2)));
    one("two-and-the-end", 2, frame(kText, "a") + frame(kText, "b") + frame(kClose, normal));
    one("answered-one-by-one", 4, frame(kText, "a") + frame(kBinary, "b") + frame(kText, "c"));
    one("fragments", 0, frame(kText, "hel", false) + frame(kGoesOn, "l", false) + frame(kGoesOn, "o"));
    one("fragments-around-a-ping", 0, frame(kText, "a", false) + frame(kPing, "?") + frame(kGoesOn, "b"));
    one("letter-in-two-fragments", 0, frame(kText, "\xc3", false) + frame(kGoesOn, "\xa4"));
    one("half-a-letter", 0, frame(kText, "\xc3"));
    one("surrogate", 0, frame(kText, "\xed\xa0\x80"));
    one("over-long", 0, frame(kText, "\xc0\xaf"));
    one("empty", 0, frame(kText, "") + frame(kBinary, ""));
    one("pong-unasked", 0, frame(kPong, "x") + frame(kText, "y"));
    one("longest", 0, frame(kText, std::string(300, 'x')));
    one("too-long", 0, frame(kText, std::string(301, 'x')));
    one("too-long-in-fragments", 0,
        frame(kText, std::string(200, 'x'), false) + frame(kGoesOn, std::string(101, 'x')));
    one("too-long-by-its-head", 0, std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14));
    one("long-form-of-a-short-size", 0, std::string("\x81\xfe\0\x01\0\0\0\0x", 9));
    one("unmasked", 0, frame(kText, "a") + frame(kText, "b", true, false));
    one("reserved-bit", 0, std::string("\xc1\x81\0\0\0\0x", 7));
    one("reserved-opcode", 0, frame(3, "x"));
    one("reserved-control", 0, frame(11, "x"));
    one("ping-in-fragments", 0, frame(kPing, "x", false));
    one("ping-too-long", 0, frame(kPing, std::string(126, 'x')));
    one("continuation-of-nothing", 0, frame(kGoesOn, "x"));
    one("text-within-text", 0, frame(kText, "a", false) + frame(kText, "b"));
    one("close-empty", 0, frame(kClose, ""));
    one("close-of-one-byte", 0, frame(kClose, "x"));
    one("close-bad-code", 0, frame(kClose, std::string("\x03\xed", 2)));
    one("close-bad-reason", 0, frame(kClose, normal + "\xff"));
    one("after-the-end", 0, frame(kClose, normal) + frame(kText, "x"));
    one("server-ends", 64, frame(kText, "a") + frame(kText, "b") + frame(kClose, normal));
    one("server-ends-and-the-client-breaks-the-rules", 64,
        frame(kText, "a") + frame(kText, "b", true, false));
    one("cut-in-a-frame", 0, frame(kText, "hello").substr(0, 8));
    return seeds;
}

}  // namespace grid::fuzz
