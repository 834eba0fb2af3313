#include "runtime/ask_port.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using grid::runtime::AskPort;

namespace {

// CAF 0.17 binds a reference through a null pointer when a function actor takes no argument; hence the unit.
caf::behavior doubler(caf::event_based_actor*, caf::unit_t) {
    return {[](int x) { return x * 2; },
            [](const std::string& text) -> caf::result<std::string> {
                if (text.empty()) return caf::make_error(caf::sec::invalid_argument);
                return text + text;
            },
            [](caf::unit_t) { return caf::unit; }};
}

caf::behavior silent(caf::event_based_actor* self, caf::unit_t) {
    return {[self](int) { return self->make_response_promise(); }};
}

struct Fixture {
    caf::actor_system_config config;
    caf::actor_system system{config};
    boost::asio::io_context io;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a coroutine asks an actor and goes on with its answer") {
    AskPort port(system);
    auto actor = system.spawn(doubler, caf::unit);
    int doubled = 0;
    std::string text;
    bool refused = false;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            if (auto answer = co_await port.ask<int>(actor, 5s, 21)) doubled = *answer;
            if (auto answer = co_await port.ask<std::string>(actor, 5s, std::string("ab"))) text = *answer;
            auto answer = co_await port.ask<std::string>(actor, 5s, std::string());
            refused = !answer && answer.error() == caf::sec::invalid_argument;
        },
        boost::asio::detached);
    io.run();
    CHECK(doubled == 42);
    CHECK(text == "abab");
    CHECK(refused);
}

TEST_CASE_METHOD(Fixture, "an actor that does not answer costs the asker no more than the timeout") {
    AskPort port(system);
    auto actor = system.spawn(silent, caf::unit);
    bool timed_out = false;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            auto answer = co_await port.ask<int>(actor, 20ms, 1);
            timed_out = !answer && answer.error() == caf::sec::request_timeout;
        },
        boost::asio::detached);
    io.run();
    CHECK(timed_out);
}

TEST_CASE_METHOD(Fixture, "an answer of another type than asked for is an error, not a crash") {
    AskPort port(system);
    auto actor = system.spawn(doubler, caf::unit);
    bool unexpected = false;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            auto answer = co_await port.ask<std::string>(actor, 5s, 21);
            unexpected = !answer && answer.error() == caf::sec::unexpected_response;
        },
        boost::asio::detached);
    io.run();
    CHECK(unexpected);
}
