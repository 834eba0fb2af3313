#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <tl/expected.hpp>

namespace grid::runtime {

/// From Asio to actors: one companion receives every response and finds the waiting handler by request id (a
/// scoped_actor for each request would be eight times slower). Thread-safe; shared by all I/O threads.
///
///     auto row = co_await port.ask<OrderRow>(orders, 2s, find_atom_v, id);   // expected<OrderRow,
///     caf::error>
class AskPort {
public:
    template <class R>
    using Answer = tl::expected<R, caf::error>;
    using Reply = Answer<caf::message>;

    explicit AskPort(caf::actor_system& system);
    AskPort(const AskPort&) = delete;
    AskPort& operator=(const AskPort&) = delete;
    /// Requests under way are answered with caf::sec::request_receiver_down.
    ~AskPort();

    /// Calls `done` on a thread of the actor system with the answer or caf::sec::request_timeout.
    template <class R, class Handle, class... Ts>
    void ask_then(const Handle& actor, std::chrono::milliseconds timeout, std::function<void(Answer<R>)> done,
                  Ts&&... xs) {
        send(caf::actor_cast<caf::actor>(actor), timeout, caf::make_message(std::forward<Ts>(xs)...),
             [done = std::move(done)](Reply reply) { done(take<R>(std::move(reply))); });
    }

    /// The same for a coroutine, which goes on on its own executor.
    template <class R, class Handle, class... Ts>
    boost::asio::awaitable<Answer<R>> ask(Handle actor, std::chrono::milliseconds timeout, Ts... xs) {
        auto executor = co_await boost::asio::this_coro::executor;
        auto message = caf::make_message(std::move(xs)...);
        co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Answer<R>)>(
            [this, executor, timeout, &actor, &message](auto handler) {
                auto shared = std::make_shared<decltype(handler)>(std::move(handler));
                send(caf::actor_cast<caf::actor>(actor), timeout, std::move(message),
                     [executor, shared](Reply reply) {
                         boost::asio::post(executor, [shared, reply = std::move(reply)]() mutable {
                             (*shared)(take<R>(std::move(reply)));
                         });
                     });
            },
            boost::asio::use_awaitable);
    }

private:
    template <class R>
    static Answer<R> take(Reply reply) {
        if (!reply) return tl::unexpected(std::move(reply.error()));
        if constexpr (std::is_same_v<R, caf::unit_t>) {
            return caf::unit;
        } else {
            if (!reply->template match_elements<R>())
                return tl::unexpected(caf::make_error(caf::sec::unexpected_response));
            return reply->template get_as<R>(0);
        }
    }

    void send(caf::actor to, std::chrono::milliseconds timeout, caf::message message,
              std::function<void(Reply)> done);

    struct Waiting;
    std::shared_ptr<Waiting> waiting_;
    caf::actor companion_;
};

}  // namespace grid::runtime
