#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "web/http_server.hpp"

namespace grid::test {

/// A LocalReply that keeps what the handler answered, for tests without a socket.
class RecordedReply : public web::LocalReply {
public:
    void send(unsigned s, web::Headers h, std::string b) override {
        std::lock_guard lock(mutex_);
        status_ = s;
        headers_ = std::move(h);
        body_ = std::move(b);
        done_ = true;
        changed_.notify_all();
    }
    void begin(unsigned s, web::Headers h) override {
        std::lock_guard lock(mutex_);
        status_ = s;
        headers_ = std::move(h);
        changed_.notify_all();
    }
    bool write(std::string_view piece) override {
        std::lock_guard lock(mutex_);
        if (closed_) return false;
        body_ += piece;
        changed_.notify_all();
        return true;
    }
    void finish() override {
        std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }
    bool closed() const override {
        std::lock_guard lock(mutex_);
        return closed_;
    }
    void upgrade(web::WebSocketUpgrade upgrade) override {
        {
            std::lock_guard lock(mutex_);
            upgraded = std::move(upgrade);
        }
        send(101, {}, {});
    }
    web::WebSocketUpgrade upgraded;
    void on_close(std::function<void()> callback) override {
        std::unique_lock lock(mutex_);
        if (closed_) {
            lock.unlock();
            callback();
        } else {
            on_close_ = std::move(callback);
        }
    }

    /// The client goes.
    void close() {
        std::function<void()> callback;
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
            callback = std::move(on_close_);
        }
        if (callback) callback();
    }

    /// Waits for a condition on what was answered; the generous bound only ends a test that would hang.
    template <class Condition>
    void wait(Condition condition) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(30), [&] { return condition(*this); }))
            throw std::runtime_error("no answer");
    }
    void wait() {
        wait([](RecordedReply& r) { return r.done_; });
    }

    // Read after wait(), or within its condition.
    bool answered() const { return done_; }
    unsigned status() const { return status_; }
    const std::string& body() const { return body_; }
    std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers_) {
            if (key == name) return value;
        }
        return {};
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> on_close_;
    unsigned status_ = 0;
    web::Headers headers_;
    std::string body_;
    bool done_ = false;
    bool closed_ = false;
};

/// A request as the server hands it over: from this machine, to 127.0.0.1:8090.
inline web::LocalRequest request_for(std::string method, std::string target, web::Headers headers = {},
                                     std::string body = {}) {
    web::LocalRequest request;
    request.method = std::move(method);
    request.target = target;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.host = "127.0.0.1";
    request.port = 8090;
    request.client = "127.0.0.1";
    request.headers = std::move(headers);
    request.body = std::move(body);
    if (!request.body.empty() && !request.header("content-type"))
        request.headers.emplace_back("content-type", "application/json");
    return request;
}

/// Hands a request to a handler and waits for the whole answer.
inline std::shared_ptr<RecordedReply> ask(web::LocalHandler& handler, web::LocalRequest request) {
    auto reply = std::make_shared<RecordedReply>();
    handler.handle(std::move(request), reply);
    reply->wait();
    return reply;
}

inline bool contains(const RecordedReply& reply, std::string_view text) {
    return reply.body().find(text) != std::string::npos;
}

}  // namespace grid::test
