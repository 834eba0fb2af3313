#pragma once

#include <coroutine>
#include <exception>
#include <utility>
#include <variant>

namespace grid::web {

/// A coroutine that gives one value to the coroutine that awaits it. It starts when awaited, and goes on on
/// whichever thread finishes what it waits for. An exception travels to the awaiting one.
template <class T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::variant<std::monostate, T, std::exception_ptr> outcome;
        std::coroutine_handle<> awaiting;

        struct Finish {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
                return self.promise().awaiting;
            }
            void await_resume() const noexcept {}
        };

        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Finish final_suspend() const noexcept { return {}; }
        void return_value(T value) { outcome.template emplace<1>(std::move(value)); }
        void unhandled_exception() noexcept { outcome.template emplace<2>(std::current_exception()); }
    };

    Task(Task&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (self_) self_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        self_.promise().awaiting = awaiting;
        return self_;
    }
    T await_resume() {
        auto& outcome = self_.promise().outcome;
        if (outcome.index() == 2) std::rethrow_exception(std::get<2>(outcome));
        return std::move(std::get<1>(outcome));
    }

private:
    explicit Task(std::coroutine_handle<promise_type> self) : self_(self) {}
    std::coroutine_handle<promise_type> self_;
};

/// A coroutine that nobody awaits: it starts at once and owns itself. It must not let an exception out.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

}  // namespace grid::web
