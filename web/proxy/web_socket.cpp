#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "web/proxy/connection.hpp"
#include "web/proxy/frame_socket.hpp"
#include "web/proxy/web_socket_state.hpp"

// WebSockets (RFC 6455) of local handlers: Beast does the framing, over the connection's own socket.

namespace grid::web::proxy {

namespace {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr auto kForEver = std::chrono::hours(24 * 365);
constexpr std::size_t kLeastRoom = 512;      ///< bytes for a message; doubled as it grows
constexpr std::size_t kLongestReason = 123;  ///< bytes: the payload of a control frame without the code

class HeldWebSocket : public WebSocket {
public:
    explicit HeldWebSocket(std::shared_ptr<WebSocketState> state) : state_(std::move(state)) {}
    bool push(std::shared_ptr<const std::string> message, std::function<void()> sent) override {
        return state_->push(std::move(message), std::move(sent));
    }
    void close(std::uint16_t code, std::string reason) override { state_->close(code, std::move(reason)); }

private:
    std::shared_ptr<WebSocketState> state_;
};

/// The request as Beast wants it: the engine has read and checked the real one.
http::request<http::empty_body> handshake(const std::string& key) {
    http::request<http::empty_body> request(http::verb::get, "/", 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, key);
    return request;
}

}  // namespace

/// Both coroutines share it. No permessage-deflate: it costs memory per client and hides the size of what
/// comes.
struct Connection::Frames {
    Frames(Socket& socket, const WebSocketOptions& limits, std::function<void()> wake)
        : stream(socket), options(limits), state(std::make_shared<WebSocketState>(limits, std::move(wake))) {
        websocket::stream_base::timeout timeout{};
        timeout.handshake_timeout = options.write_timeout;
        timeout.idle_timeout = options.idle_timeout;
        timeout.keep_alive_pings = true;
        stream.set_option(timeout);
        stream.set_option(websocket::stream_base::decorator(
            [](websocket::response_type& response) { response.set(http::field::server, "gridd"); }));
        stream.read_message_max(options.max_message);
        stream.auto_fragment(false);
        options.binary ? stream.binary(true) : stream.text(true);
    }

    /// Ends what waits in the stream itself, not for the socket: after a frame against the rules while we
    /// close, Beast's reading and its closing each wait for what the other holds, for ever.
    void give_up() {
        reading.emit(asio::cancellation_type::terminal);
        closing.emit(asio::cancellation_type::terminal);
    }

    websocket::stream<FrameSocket, false> stream;
    asio::cancellation_signal reading, closing;
    const WebSocketOptions options;
    std::shared_ptr<WebSocketState> state;
    bool reader_waits = false;
};

Task<bool> Connection::serve_web_socket(WebSocketUpgrade upgrade) {
    // Frames before the answer to the handshake: RFC 6455, section 4.1 forbids them.
    if (in_.size() > 0) {
        co_await refuse(400, "nothing may follow the handshake before it is answered");
        co_return false;
    }
    const std::weak_ptr<Connection> weak = weak_from_this();
    const auto frames =
        std::make_shared<Frames>(client_, upgrade.options, [weak, mailbox = worker_.mailbox()] {
            mailbox->post([weak] {
                if (const auto self = weak.lock()) self->wake();
            });
        });
    record_.status = 101;
    touch(kForEver, Expire::all);
    const auto request = handshake(upgrade.key);
    auto [refused] = co_await frames->stream.async_accept(request, use_tuple);
    if (refused) co_return false;

    const auto state = frames->state;
    auto messages = upgrade.open(std::make_shared<HeldWebSocket>(state));
    upgrade.open = nullptr;  // what it holds ends with the handler of the messages
    web_socket_ = frames;
    uploading_ = true;
    asio::co_spawn(worker_.io(), send_frames(shared_from_this(), frames), asio::detached);
    const WebSocketUpgrade::Reply reply = [state](std::string answer) { state->answer(std::move(answer)); };
    while (!aborted_) {
        if (!state->may_read()) {
            frames->reader_waits = true;
            co_await wait_event();
            frames->reader_waits = false;
            continue;
        }
        // Piece by piece: between the pieces of what it reads as a whole, Beast's asserts do not bear that
        // closing passes over the rest of a frame.
        std::string text;
        std::size_t filled = 0;
        ErrorCode error;
        do {
            text.resize(filled + std::max(kLeastRoom, filled));
            const auto room = asio::buffer(text.data() + filled, text.size() - filled);
            auto token = asio::bind_cancellation_slot(frames->reading.slot(), use_tuple);
            const auto step = co_await frames->stream.async_read_some(room, std::move(token));
            error = std::get<0>(step);
            filled += std::get<1>(step);
        } while (!error && !frames->stream.is_message_done());
        if (error) break;
        text.resize(filled);
        record_.bytes_in += filled;
        state->note_message();
        messages(std::move(text), reply);
    }
    state->end();
    messages = nullptr;
    web_socket_.reset();
    if (!aborted_) co_await linger();
    abort();
    co_await join_upload();
    co_return false;
}

/// Sends what is queued, one message at a time, and the closing frame when the handler wants to end.
Task<void> Connection::send_frames(std::shared_ptr<Connection> self, std::shared_ptr<Frames> frames) {
    WebSocketState::Out out;
    while (!self->aborted_) {
        if (!frames->state->take(out)) {
            co_await self->wait_event();
            continue;
        }
        if (!out.message) {
            self->touch(frames->options.close_timeout, Expire::all);
            const websocket::close_reason reason(static_cast<websocket::close_code>(out.code),
                                                 out.reason.substr(0, kLongestReason));
            auto token = asio::bind_cancellation_slot(frames->closing.slot(), use_tuple);
            co_await frames->stream.async_close(reason, std::move(token));
            break;
        }
        self->touch(frames->options.write_timeout, Expire::all);
        self->sending_ = true;
        auto [error, n] = co_await frames->stream.async_write(asio::buffer(*out.message), use_tuple);
        self->sending_ = false;
        self->record_.bytes_out += n;
        if (error) {
            self->abort();
            break;
        }
        if (out.sent) std::exchange(out.sent, nullptr)();
        self->touch(kForEver, Expire::all);
        if (frames->reader_waits) self->wake();
    }
    self->uploading_ = false;
    self->event_.cancel();
}

void Connection::give_up_frames() {
    // Later: what is given up goes on at once, and this may be called from where nothing may end.
    if (const auto frames = web_socket_.lock()) asio::post(worker_.io(), [frames] { frames->give_up(); });
}

/// At the server's end: tells a WebSocket's client that we go (1001), as far as that is possible at once.
void Connection::say_goodbye() {
    if (web_socket_.expired() || sending_ || !client_.is_open()) return;
    constexpr unsigned char kGoingAway[] = {0x88, 0x02, 0x03, 0xe9};
    [[maybe_unused]] const auto sent =
        ::send(client_.native_handle(), kGoingAway, sizeof kGoingAway, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace grid::web::proxy
