#pragma once

#include <deque>
#include <mutex>

#include "web/web_socket.hpp"

namespace grid::web::proxy {

/// What waits to go out to one WebSocket, shared by its handler (any thread) and its connection (its I/O
/// thread).
class WebSocketState {
public:
    /// `wake` tells the connection that there is something new; called from any thread, at most once per
    /// wait.
    WebSocketState(const WebSocketOptions& options, std::function<void()> wake)
        : options_(options), wake_(std::move(wake)) {}

    // The handler's side.
    bool push(std::shared_ptr<const std::string> message, std::function<void()> sent);
    void answer(std::string message);
    void close(std::uint16_t code, std::string reason);

    /// What is next to go out.
    struct Out {
        std::shared_ptr<const std::string> message;  ///< null: close with code and reason
        std::function<void()> sent;                  ///< to be called when it has left; may be empty
        std::uint16_t code = 0;
        std::string reason;
    };

    // The connection's side.
    /// False: nothing is there, or the client has gone; the next change will call `wake`.
    bool take(Out& out);
    /// A message has come. False: nothing more is to be read until some are answered; the next change will
    /// call `wake`.
    void note_message();
    bool may_read();
    /// The client has gone.
    void end();

private:
    bool queue(std::shared_ptr<const std::string> message, std::function<void()> sent);
    bool must_wake();

    const WebSocketOptions options_;
    const std::function<void()> wake_;
    std::mutex mutex_;
    struct Queued {
        std::shared_ptr<const std::string> message;
        std::function<void()> sent;
    };
    std::deque<Queued> queue_;
    std::size_t queued_ = 0;      ///< bytes in the queue
    std::size_t unanswered_ = 0;  ///< messages
    std::uint16_t close_code_ = 0;
    std::string close_reason_;
    bool close_taken_ = false;
    bool ended_ = false;
    bool waiting_ = false;
};

}  // namespace grid::web::proxy
