#include "web/proxy/web_socket_state.hpp"

#include <utility>

namespace grid::web::proxy {

namespace {

constexpr std::uint16_t kTryAgainLater = 1013;

}  // namespace

/// With the lock held: whether the connection sleeps and must be told.
bool WebSocketState::must_wake() {
    return std::exchange(waiting_, false);
}

/// With the lock held. One message may be larger than the limit, or a large answer could never be sent.
bool WebSocketState::queue(std::shared_ptr<const std::string> message, std::function<void()> sent) {
    if (ended_ || close_code_ != 0) return false;
    if (queued_ > options_.queue_limit) {
        queue_.clear();
        queued_ = 0;
        close_code_ = kTryAgainLater;
        close_reason_ = "more than " + std::to_string(options_.queue_limit) + " bytes wait: read faster";
        return false;
    }
    queued_ += message->size();
    queue_.push_back({std::move(message), std::move(sent)});
    return true;
}

bool WebSocketState::push(std::shared_ptr<const std::string> message, std::function<void()> sent) {
    std::unique_lock lock(mutex_);
    const bool queued = queue(std::move(message), std::move(sent));
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
    return queued;
}

void WebSocketState::answer(std::string message) {
    auto shared = message.empty() ? nullptr : std::make_shared<const std::string>(std::move(message));
    std::unique_lock lock(mutex_);
    if (unanswered_ > 0) --unanswered_;
    if (shared) queue(std::move(shared), {});
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

void WebSocketState::close(std::uint16_t code, std::string reason) {
    std::unique_lock lock(mutex_);
    if (ended_ || close_code_ != 0) return;
    close_code_ = code;
    close_reason_ = std::move(reason);
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

bool WebSocketState::take(Out& out) {
    const std::lock_guard lock(mutex_);
    if (!ended_ && !queue_.empty()) {
        out.message = std::move(queue_.front().message);
        out.sent = std::move(queue_.front().sent);
        queue_.pop_front();
        queued_ -= out.message->size();
        return true;
    }
    if (!ended_ && close_code_ != 0 && !close_taken_) {
        close_taken_ = true;
        out = {nullptr, {}, close_code_, std::move(close_reason_)};
        return true;
    }
    waiting_ = true;
    return false;
}

void WebSocketState::note_message() {
    const std::lock_guard lock(mutex_);
    ++unanswered_;
}

/// Also a client that does not read its answers is not listened to: half of the queue is left for what is
/// being answered.
bool WebSocketState::may_read() {
    const std::lock_guard lock(mutex_);
    if (unanswered_ < options_.max_unanswered && queued_ <= options_.queue_limit / 2) return true;
    waiting_ = true;
    return false;
}

void WebSocketState::end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    queue_.clear();
    queued_ = 0;
}

}  // namespace grid::web::proxy
