#include "web/proxy/local_reply.hpp"

namespace grid::web::proxy {

namespace {

class HeldReply : public LocalReply {
public:
    explicit HeldReply(std::shared_ptr<ReplyState> state) : state_(std::move(state)) {}
    ~HeldReply() override { state_->drop(); }

    void send(unsigned status, Headers headers, std::string body) override {
        state_->send(status, std::move(headers), std::move(body));
    }
    void begin(unsigned status, Headers headers) override { state_->begin(status, std::move(headers)); }
    bool write(std::string_view piece) override { return state_->write(piece); }
    void finish() override { state_->finish(); }
    bool closed() const override { return state_->closed(); }
    void on_close(std::function<void()> callback) override { state_->on_close(std::move(callback)); }
    void upgrade(WebSocketUpgrade upgrade) override { state_->upgrade(std::move(upgrade)); }

private:
    std::shared_ptr<ReplyState> state_;
};

}  // namespace

std::shared_ptr<LocalReply> make_local_reply(std::shared_ptr<ReplyState> state) {
    return std::make_shared<HeldReply>(std::move(state));
}

/// With the lock held: whether the connection sleeps and must be told.
bool ReplyState::must_wake() {
    return std::exchange(waiting_, false);
}

void ReplyState::send(unsigned status, Headers headers, std::string body) {
    std::function<void()> callback;
    std::unique_lock lock(mutex_);
    if (started_ || closed_) return;
    started_ = true;
    finished_ = true;
    status_ = status;
    headers_ = std::move(headers);
    pending_ = std::move(body);
    callback.swap(on_close_);
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

void ReplyState::begin(unsigned status, Headers headers) {
    std::unique_lock lock(mutex_);
    if (started_ || closed_) return;
    started_ = true;
    streaming_ = true;
    status_ = status;
    headers_ = std::move(headers);
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

bool ReplyState::write(std::string_view piece) {
    std::unique_lock lock(mutex_);
    if (!streaming_ || finished_ || closed_ || broken_) return false;
    if (pending_.size() + piece.size() > queue_limit_) {
        broken_ = true;
        pending_.clear();
    } else {
        pending_.append(piece);
    }
    const bool good = !broken_;
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
    return good;
}

void ReplyState::finish() {
    std::function<void()> callback;
    std::unique_lock lock(mutex_);
    if (!streaming_ || finished_ || closed_) return;
    finished_ = true;
    callback.swap(on_close_);
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

bool ReplyState::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

void ReplyState::on_close(std::function<void()> callback) {
    std::unique_lock lock(mutex_);
    if (finished_) return;
    if (!closed_) {
        on_close_.swap(callback);
        return;
    }
    lock.unlock();
    if (callback) callback();
}

void ReplyState::upgrade(WebSocketUpgrade upgrade) {
    std::unique_lock lock(mutex_);
    if (started_ || closed_) return;
    started_ = true;
    finished_ = true;
    upgrade_ = std::move(upgrade);
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

void ReplyState::drop() {
    std::unique_lock lock(mutex_);
    if (finished_ || closed_) return;
    if (started_) {
        broken_ = true;
    } else {
        started_ = true;
        finished_ = true;
        status_ = 500;
        headers_ = {{"Content-Type", "application/problem+json"}};
        pending_ =
            "{\"type\":\"about:blank\",\"title\":\"No answer\",\"status\":500,"
            "\"detail\":\"the request was given up without an answer\"}\n";
    }
    const bool wake = must_wake();
    lock.unlock();
    if (wake) wake_();
}

bool ReplyState::take(Ready& ready) {
    const std::lock_guard lock(mutex_);
    const bool head = started_ && !head_taken_;
    const bool end = (finished_ || broken_) && !end_taken_;
    if (!head && !end && pending_.empty()) {
        waiting_ = true;
        return false;
    }
    ready = Ready{};
    if (head) {
        head_taken_ = true;
        ready.head = true;
        ready.status = status_;
        ready.headers = std::move(headers_);
    }
    ready.upgrade = std::exchange(upgrade_, std::nullopt);
    ready.streaming = streaming_;
    ready.body.swap(pending_);
    ready.finished = finished_;
    ready.broken = broken_;
    end_taken_ = end_taken_ || end;
    return true;
}

void ReplyState::close() {
    std::function<void()> callback;
    std::unique_lock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    waiting_ = false;
    pending_.clear();
    callback.swap(on_close_);
    const bool call = callback && !finished_;
    lock.unlock();
    if (call) callback();
}

}  // namespace grid::web::proxy
