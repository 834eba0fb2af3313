#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <vector>

#include "fuzz/target.hpp"
#include "web/proxy/connection.hpp"

// A connection of the server on one end of a pair of sockets, served by this thread alone: what the client
// sends is all there, and everything that the server says to it is read before the next input.

namespace grid::fuzz {

namespace {

using namespace grid::web;

constexpr std::size_t kMaxMessage = 300;
constexpr char kHandshake[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) -> unsigned {
            return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
        };
        const unsigned first = byte(i);
        const std::size_t more = first < 0x80                    ? 0
                                 : first >= 0xc2 && first < 0xe0 ? 1
                                 : first >= 0xe0 && first < 0xf0 ? 2
                                 : first >= 0xf0 && first < 0xf5 ? 3
                                                                 : 4;
        if (more == 4) return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((byte(i + k) & 0xc0) != 0x80) return false;
        if ((first == 0xe0 && byte(i + 1) < 0xa0) || (first == 0xed && byte(i + 1) > 0x9f) ||
            (first == 0xf0 && byte(i + 1) < 0x90) || (first == 0xf4 && byte(i + 1) > 0x8f))
            return false;
        i += more + 1;
    }
    return true;
}

/// RFC 6455 as its text says, for whole streams: one frame off the front.
struct Frame {
    bool last = false, reserved = false, masked = false;
    bool padded = false;  ///< the size is not in its shortest form, or has 64 bits
    unsigned opcode = 0;
    std::uint64_t size = 0;
    std::string payload;  ///< unmasked; shorter than `size` when the stream ends within it
};

std::optional<Frame> take_frame(std::string_view& bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() < 2) return std::nullopt;
    Frame frame;
    frame.last = byte(0) & 0x80;
    frame.reserved = byte(0) & 0x70;
    frame.opcode = byte(0) & 0x0f;
    frame.masked = byte(1) & 0x80;
    frame.size = byte(1) & 0x7f;
    std::size_t head = 2;
    if (frame.size >= 126) {
        const std::size_t width = frame.size == 126 ? 2 : 8;
        if (bytes.size() < head + width) return std::nullopt;
        frame.size = 0;
        for (std::size_t i = 0; i < width; ++i) frame.size = frame.size << 8 | byte(head + i);
        head += width;
        frame.padded = frame.size < (width == 2 ? 126 : 65'536) || frame.size >> 63 != 0;
    }
    const std::size_t key = head;
    if (frame.masked) head += 4;
    if (bytes.size() < head) return std::nullopt;
    frame.payload = bytes.substr(head, frame.size);
    if (frame.masked)
        for (std::size_t i = 0; i < frame.payload.size(); ++i)
            frame.payload[i] =
                static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ byte(key + i % 4));
    bytes.remove_prefix(head + frame.payload.size());
    return frame;
}

/// The messages that a server must take from these bytes, until they end or break the rules.
std::vector<std::string> messages_of(std::string_view bytes) {
    std::vector<std::string> messages;
    std::optional<std::string> open;
    bool text = false;
    while (const auto frame = take_frame(bytes)) {
        if (frame->reserved || frame->padded || !frame->masked) break;
        const bool whole = frame->payload.size() == frame->size;
        if (frame->opcode >= 8) {
            if (frame->opcode > 10 || !frame->last || frame->size > 125 || !whole || frame->opcode == 8)
                break;
            continue;
        }
        if (frame->opcode > 2 || (frame->opcode == 0) != open.has_value()) break;
        if (frame->opcode != 0) {
            text = frame->opcode == 1;
            open.emplace();
        }
        if (frame->size > kMaxMessage - open->size() || !whole) break;
        *open += frame->payload;
        if (!frame->last) continue;
        if (text && !is_utf8(*open)) break;
        messages.push_back(std::move(*open));
        open.reset();
    }
    return messages;
}

/// Takes the messages of one client and answers each by its size.
class Taker final : public LocalHandler {
public:
    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override {
        const auto* key = request.header("sec-websocket-key");
        require(request.upgrade && key != nullptr, "a handshake is a request to upgrade");
        WebSocketUpgrade upgrade;
        upgrade.key = *key;
        upgrade.options.max_message = kMaxMessage;
        upgrade.options.binary = binary;
        upgrade.options.max_unanswered = unanswered;
        upgrade.open = [this](std::shared_ptr<WebSocket> socket) {
            if (greets) socket->push(std::make_shared<const std::string>("hello"));
            return [this, socket](std::string message, const WebSocketUpgrade::Reply& answer) {
                answer(std::to_string(message.size()));
                if (ends_after != 0 && messages.size() + 1 == ends_after) socket->close(1000, "enough");
                messages.push_back(std::move(message));
            };
        };
        reply->upgrade(std::move(upgrade));
    }
    bool binary = false;
    bool greets = false;
    std::size_t unanswered = 1;
    std::size_t ends_after = 0;
    std::vector<std::string> messages;
};

/// The client's end of the pair.
class Client {
public:
    explicit Client(int descriptor) : descriptor_(descriptor) { ::fcntl(descriptor_, F_SETFL, O_NONBLOCK); }
    ~Client() { ::close(descriptor_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view bytes) {
        // The server may have ended already.
        [[maybe_unused]] const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    void finish() { ::shutdown(descriptor_, SHUT_WR); }
    void read() {
        char block[4096];
        for (ssize_t got = 0; (got = ::recv(descriptor_, block, sizeof block, 0)) > 0;)
            said.append(block, static_cast<std::size_t>(got));
    }
    std::string said;

private:
    int descriptor_;
};

void check_said(std::string_view said, const Taker& taker) {
    require(said.starts_with("HTTP/1.1 101 "), "a good handshake is accepted");
    said.remove_prefix(said.find("\r\n\r\n") + 4);
    std::size_t answers = 0;
    bool closed = false;
    while (!said.empty()) {
        const auto frame = take_frame(said);
        require(frame && frame->payload.size() == frame->size, "the server sends whole frames");
        require(!frame->masked && !frame->reserved && !frame->padded && frame->last,
                "a server's frames are plain ones");
        require(!closed, "nothing follows a closing frame");
        closed = frame->opcode == 8;
        if (frame->opcode >= 8) {
            require(frame->size <= 125 && frame->opcode <= 10, "control frames are short");
            continue;
        }
        require(frame->opcode == (taker.binary ? 2u : 1u), "messages are of the kind that was chosen");
        require(taker.binary || is_utf8(frame->payload), "text is UTF-8");
        ++answers;
    }
    require(answers <= taker.messages.size() + taker.greets, "every message has one answer at most");
}

}  // namespace

void web_socket(chain::ByteView input) {
    if (input.size() < 2) return;
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()) + 2, input.size() - 2);
    Taker taker;
    taker.binary = input[0] & 1;
    taker.greets = input[0] & 2;
    taker.unanswered = input[0] & 4 ? 1 : 1024;
    taker.ends_after = input[0] >> 6;
    const std::size_t cut = std::min<std::size_t>(bytes.size(), input[1]);

    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
    Client client(ends[1]);
    proxy::Shared shared({}, taker, nullptr);
    {
        proxy::Worker worker(shared);
        std::weak_ptr<proxy::Connection> alive;
        {
            proxy::Socket socket(worker.io());
            socket.assign(proxy::Tcp::v4(), ends[0]);
            const auto connection =
                std::make_shared<proxy::Connection>(worker, std::move(socket), "127.0.0.1", false);
            alive = connection;
            boost::asio::co_spawn(worker.io(), proxy::Connection::serve(connection), boost::asio::detached);
        }
        const auto serve = [&] {
            worker.io().poll();
            client.read();
        };
        client.send(kHandshake);
        serve();
        require(client.said.ends_with("\r\n\r\n") || taker.greets, "the handshake is answered at once");
        client.send(bytes.substr(0, cut));
        serve();
        client.send(bytes.substr(cut));
        client.finish();
        serve();
        // A client that breaks the rules while the server ends is given up after a while.
        if (const auto left = taker.ends_after == 0 ? nullptr : alive.lock())
            left->sweep(proxy::Clock::now() + 2 * WebSocketOptions{}.close_timeout, false);
        serve();
        require(alive.expired(), "a connection ends when its client has nothing more to say");
    }
    check_said(client.said, taker);
    auto expected = messages_of(bytes);
    if (taker.ends_after != 0) {
        // What the client had sent before it could know is taken or not.
        require(taker.messages.size() <= expected.size(), "no more messages than were sent");
        expected.resize(taker.messages.size());
    }
    require(taker.messages == expected, "the messages are those that were sent, whole and in order",
            std::to_string(taker.messages.size()) + " of " + std::to_string(expected.size()));
}

}  // namespace grid::fuzz
