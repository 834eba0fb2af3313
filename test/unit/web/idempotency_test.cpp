// Writes that come twice.
#include <catch2/catch.hpp>

#include "router_fixture.hpp"

using namespace grid;
using namespace grid::web;
using test::ask;
using test::is_problem;
using test::request_for;
using test::RouterFixture;

TEST_CASE_METHOD(RouterFixture, "a repeated write with the same Idempotency-Key is done once") {
    auto api = router();
    const auto post = [&](std::string path, std::string token, std::string key, std::string body) {
        return ask(*api,
                   request_for("POST", std::move(path),
                               {{"authorization", "Bearer " + token}, {"idempotency-key", std::move(key)}},
                               std::move(body)));
    };
    const auto first = post("/v1/things", "one", "k1", "{}");
    const auto again = post("/v1/things", "one", "k1", "{}");
    CHECK(writes == 1);
    CHECK(again->status() == 201);
    CHECK(again->body() == first->body());
    CHECK(again->header("Idempotency-Replayed") == "true");
    CHECK(is_problem(*post("/v1/things", "one", "k1", "{ }"), "idempotency_key_reused"));
    CHECK(writes == 1);
    // Another session's key, another key: another write.
    CHECK(post("/v1/things", "two", "k1", "{}")->header("Idempotency-Replayed").empty());
    CHECK(post("/v1/things", "one", "k2", "{}")->status() == 201);
    CHECK(writes == 3);
    CHECK(post("/v1/things", "one", "", "{}")->status() == 400);
    CHECK(post("/v1/things", "one", std::string(129, 'k'), "{}")->status() == 400);
    // What was refused was not done, and may be tried again: the conflict may be over.
    writes = 0;
    CHECK(post("/v1/conflict", "one", "k3", "{}")->status() == 409);
    CHECK(post("/v1/conflict", "one", "k3", "{}")->status() == 409);
    CHECK(writes == 2);
    CHECK(post("/v1/fails", "one", "k4", "{}")->status() == 503);
    CHECK(post("/v1/fails", "one", "k4", "{}")->status() == 503);
    CHECK(writes == 4);
}

TEST_CASE("the cache of answers is bounded in number, size and age, and knows what is under way") {
    IdempotencyCache cache({2, 10, std::chrono::seconds(10)});
    const chain::Hash hash{};
    const auto begins = [&](const char* key, SteadyTime now) {
        return std::holds_alternative<IdempotencyCache::Begin>(cache.begin(key, hash, now));
    };
    CHECK(begins("a", SteadyTime{0}));
    CHECK(std::holds_alternative<IdempotencyCache::Running>(cache.begin("a", hash, SteadyTime{0})));
    const ApiReply small{200, {}, "small"};
    cache.finish("a", &small);
    CHECK_FALSE(begins("a", SteadyTime{9'999}));
    CHECK(begins("a", SteadyTime{10'000}));
    cache.finish("a", &small);
    CHECK(begins("b", SteadyTime{10'000}));
    const ApiReply large{200, {}, "larger than ten"};
    cache.finish("b", &large);
    CHECK(begins("b", SteadyTime{10'000}));
    CHECK(begins("c", SteadyTime{10'000}));  // forgets a
    CHECK(begins("a", SteadyTime{10'000}));
    cache.finish("nobody", &small);
}
