#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "web/http_server.hpp"

namespace grid::web::proxy {

/// What a handler has answered so far, shared by the handler (any thread) and the connection (its I/O
/// thread).
class ReplyState {
public:
    /// `wake` tells the connection that there is something to take; called from any thread, at most once per
    /// wait.
    ReplyState(std::size_t queue_limit, std::function<void()> wake)
        : queue_limit_(queue_limit), wake_(std::move(wake)) {}

    // The handler's side.
    void send(unsigned status, Headers headers, std::string body);
    void begin(unsigned status, Headers headers);
    bool write(std::string_view piece);
    void finish();
    bool closed() const;
    void on_close(std::function<void()> callback);
    void upgrade(WebSocketUpgrade upgrade);
    /// The handler has let go of the reply.
    void drop();

    /// What is new since the last take.
    struct Ready {
        bool head = false;       ///< status, headers and streaming are set
        bool streaming = false;  ///< the length is not known
        unsigned status = 0;
        Headers headers;
        std::string body;                         ///< next piece of the body
        std::optional<WebSocketUpgrade> upgrade;  ///< instead of all others
        bool finished = false;                    ///< nothing comes after this
        bool broken = false;                      ///< the answer will never be complete: cut the connection
    };

    // The connection's side.
    /// False: nothing is new, and the next change will call `wake`.
    bool take(Ready& ready);
    /// The client has gone, or the answer is done.
    void close();

private:
    bool must_wake();

    const std::size_t queue_limit_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    unsigned status_ = 0;
    Headers headers_;
    std::string pending_;
    std::optional<WebSocketUpgrade> upgrade_;
    std::function<void()> on_close_;
    bool started_ = false;
    bool streaming_ = false;
    bool finished_ = false;
    bool broken_ = false;
    bool closed_ = false;
    bool head_taken_ = false;
    bool end_taken_ = false;
    bool waiting_ = false;
};

/// The reply that a handler holds.
std::shared_ptr<LocalReply> make_local_reply(std::shared_ptr<ReplyState> state);

}  // namespace grid::web::proxy
