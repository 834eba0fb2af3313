#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace grid::web {

/// Bounds of one WebSocket.
struct WebSocketOptions {
    std::size_t max_message = std::size_t{1} << 20;  ///< bytes, whole or in fragments: closed with 1009 above
    /// Bytes that wait for a client that reads slowly: closed with 1013 above.
    std::size_t queue_limit = std::size_t{8} << 20;
    /// Messages that are not answered yet; at so many nothing more is read until some are.
    std::size_t max_unanswered = 1024;
    /// Silence after which the client is given up; a ping asks after half of it.
    std::chrono::milliseconds idle_timeout{120'000};
    std::chrono::milliseconds write_timeout{30'000};  ///< for one message to leave
    std::chrono::milliseconds close_timeout{5'000};   ///< for the client's part of the closing handshake
    bool binary = false;                              ///< what is pushed goes out as binary messages
};

/// The server's end of one WebSocket. Every call is safe from any thread and never blocks.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    /// Queues a message. `sent` is called, on an I/O thread, when it has left; never when the client goes
    /// before that. False: the client has gone, or lags by more than
    /// `WebSocketOptions::queue_limit` bytes (then it is closed); stop producing.
    virtual bool push(std::shared_ptr<const std::string> message, std::function<void()> sent = {}) = 0;
    /// Closes once what is queued has gone out. `reason`: at most 123 bytes of UTF-8.
    virtual void close(std::uint16_t code, std::string reason) = 0;
};

/// What a handler answers to a request that wants a WebSocket.
struct WebSocketUpgrade {
    /// Called once for each message with its answer, from any thread; an empty one sends nothing.
    using Reply = std::function<void(std::string)>;
    /// Takes the messages of one client, text and binary alike, on an I/O thread; must not block. It is
    /// destroyed when the client has gone.
    using Messages = std::function<void(std::string message, Reply reply)>;

    std::string key;  ///< Sec-WebSocket-Key as it came
    WebSocketOptions options;
    /// Called when the WebSocket is open.
    std::function<Messages(std::shared_ptr<WebSocket>)> open;
};

}  // namespace grid::web
