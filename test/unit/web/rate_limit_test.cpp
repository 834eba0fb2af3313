// Callers that ask too often.
#include <catch2/catch.hpp>

#include "router_fixture.hpp"

using namespace grid;
using namespace grid::web;
using test::ask;
using test::is_problem;
using test::request_for;
using test::RouterFixture;

TEST_CASE_METHOD(RouterFixture, "a client that asks too often is told when to come back") {
    auto with = options();
    with.per_client = {1, 2, 16};
    auto api = router(with);
    const auto from = [&](const char* address) {
        auto request = request_for("GET", "/v1/things");
        request.client = address;
        return ask(*api, request);
    };
    CHECK(from("198.51.100.1")->status() == 200);
    CHECK(from("198.51.100.1")->status() == 200);
    const auto refused = from("198.51.100.1");
    CHECK(refused->status() == 429);
    CHECK(refused->header("Retry-After") == "1");
    CHECK(is_problem(*refused, "too_many_requests"));
    CHECK(from("198.51.100.2")->status() == 200);
    CHECK(from("127.0.0.1")->status() == 200);
    time += std::chrono::seconds(1);
    CHECK(from("198.51.100.1")->status() == 200);
    CHECK(from("198.51.100.1")->status() == 429);
}

TEST_CASE_METHOD(RouterFixture, "a wallet that asks too often is limited wherever it comes from") {
    auto with = options();
    with.per_wallet = {1, 1, 16};
    auto api = router(with);
    const auto mine = [&](const char* token) {
        return ask(*api, request_for("GET", "/v1/mine", {{"authorization", token}}))->status();
    };
    CHECK(mine("Bearer one") == 200);
    CHECK(mine("Bearer one") == 429);
    CHECK(mine("Bearer two") == 200);
}

TEST_CASE("buckets of callers are bounded and IPv6 counts by subscriber") {
    RateLimit limit({1, 1, 2});
    CHECK_FALSE(limit.take("a", 1, SteadyTime{0}));
    CHECK(limit.take("a", 1, SteadyTime{0}));
    CHECK_FALSE(limit.take("b", 1, SteadyTime{0}));
    CHECK_FALSE(limit.take("c", 1, SteadyTime{0}));  // forgets a
    CHECK(limit.size() == 2);
    CHECK_FALSE(limit.take("a", 1, SteadyTime{0}));
    CHECK(limit.take("c", 100, SteadyTime{0}) == std::chrono::seconds(100));
    RateLimit none({0, 0, 2});
    CHECK_FALSE(none.take("a", 1e9, SteadyTime{0}));

    CHECK(client_key("2001:db8:1:2:3:4:5:6") == client_key("2001:db8:1:2:ffff::1"));
    CHECK(client_key("2001:db8:1:2::1") != client_key("2001:db8:1:3::1"));
    CHECK(client_key("192.0.2.1") == "192.0.2.1");
}
