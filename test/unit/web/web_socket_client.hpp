#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine_loopback.hpp"

/// The client's side of RFC 6455 byte by byte, so that it can also be done wrong.
namespace loopback {

struct Frame {
    unsigned opcode = 0;
    bool last = true;
    std::string payload;
    /// Of a closing frame; 0 when there is none (also: the connection ended).
    unsigned close_code() const {
        if (opcode != 8 || payload.size() < 2) return 0;
        return static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
    }
};

constexpr unsigned kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

inline std::string frame(unsigned opcode, std::string_view payload, bool last = true, bool masked = true) {
    std::string out;
    out.push_back(static_cast<char>(opcode | (last ? 0x80 : 0)));
    const unsigned mask_bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(payload.size() | mask_bit));
    } else if (payload.size() < 65536) {
        out.push_back(static_cast<char>(126 | mask_bit));
        for (int shift = 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
    } else {
        out.push_back(static_cast<char>(127 | mask_bit));
        for (int shift = 56; shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift));
    }
    if (!masked) return out.append(payload);
    const char key[4] = {'\x12', '\x34', '\x56', '\x78'};
    out.append(key, 4);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
    return out;
}

struct WebSocketClient : Client {
    explicit WebSocketClient(std::uint16_t port) : Client(port), host("127.0.0.1:" + std::to_string(port)) {}

    std::string handshake(const std::string& more = {}, const std::string& key = "dGhlIHNhbXBsZSBub25jZQ==",
                          const std::string& version = "13") const {
        return "GET /rpc HTTP/1.1\r\nHost: " + host +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + key +
               "\r\nSec-WebSocket-Version: " + version + "\r\n" + more + "\r\n";
    }
    /// Opens it, and answers the head.
    std::string open(const std::string& more = {}) {
        send(handshake(more));
        return head();
    }
    void text(std::string_view message) { send(frame(kText, message)); }
    Frame next() {
        Frame out;
        const auto start = exactly(2);
        if (start.size() < 2) return out;
        out.opcode = static_cast<unsigned char>(start[0]) & 0x0f;
        out.last = (static_cast<unsigned char>(start[0]) & 0x80) != 0;
        std::uint64_t size = static_cast<unsigned char>(start[1]) & 0x7f;
        if (size >= 126) {
            const auto more = exactly(size == 126 ? 2 : 8);
            size = 0;
            for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
        }
        out.payload = exactly(size);
        return out;
    }

    std::string host;
};

}  // namespace loopback
