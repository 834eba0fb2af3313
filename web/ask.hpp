#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>

#include "messages/error.hpp"
#include "runtime/ask_port.hpp"

namespace grid::web {

/// What a handler awaits: the answer of an actor, or why there is none. The coroutine goes on on the thread
/// that brings the answer, so it must not block.
template <class R>
class Answer {
public:
    using Done = std::function<void(Result<R>)>;
    explicit Answer(std::function<void(Done)> start) : start_(std::move(start)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        // The answer may come before start() returns, and this object goes with it.
        auto start = std::move(start_);
        start([this, waiting](Result<R> result) {
            result_ = std::move(result);
            waiting.resume();
        });
    }
    Result<R> await_resume() { return std::move(*result_); }

private:
    std::function<void(Done)> start_;
    std::optional<Result<R>> result_;
};

/// The way from an API to the actors. After close() every question, also those under way, is answered
/// `unavailable`, so that no request outlives the actors.
class Asker {
public:
    explicit Asker(caf::actor_system& system) : port_(std::make_unique<runtime::AskPort>(system)) {}
    ~Asker() { close(); }

    /// `auto row = co_await asker.ask<OrderRow>(orders, 2s, find_atom_v, id);`
    template <class R, class Handle, class... Ts>
    Answer<R> ask(const Handle& actor, std::chrono::milliseconds timeout, Ts... xs) {
        return Answer<R>([this, actor, timeout, message = std::make_tuple(std::move(xs)...)](
                             typename Answer<R>::Done done) mutable {
            asking_.fetch_add(1);
            if (closed_.load() || !actor) {
                asking_.fetch_sub(1);
                done(fail("unavailable", "this part of the node is not running"));
                return;
            }
            std::apply(
                [&](auto&&... parts) {
                    port_->ask_then<R>(
                        actor, timeout,
                        [done = std::move(done)](runtime::AskPort::Answer<R> answer) {
                            if (answer) {
                                done(std::move(*answer));
                            } else {
                                done(tl::unexpected(messages::from_caf(answer.error())));
                            }
                        },
                        std::move(parts)...);
                },
                std::move(message));
            asking_.fetch_sub(1);
        });
    }

    void close() {
        if (closed_.exchange(true)) return;
        while (asking_.load() != 0) std::this_thread::yield();
        port_.reset();
    }

private:
    std::atomic<bool> closed_{false};
    std::atomic<unsigned> asking_{0};
    std::unique_ptr<runtime::AskPort> port_;
};

}  // namespace grid::web
