#include "chain/clock_guard.hpp"

#include <catch2/catch.hpp>

using namespace grid;
using namespace grid::chain;

namespace {
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kWall = 1'700'000'000 * kSecond;
}  // namespace

TEST_CASE("clocks that go on together are fine, also after sleep and slewing", "[clock_guard]") {
    ClockGuard guard;
    CHECK(guard.check(kWall, 100 * kSecond));
    CHECK(guard.check(kWall + kSecond, 101 * kSecond));
    CHECK(guard.check(kWall + 3601 * kSecond, 3701 * kSecond));  // the machine slept
    CHECK(guard.check(kWall + 90'001 * kSecond + 43 * kSecond,
                      90'101 * kSecond));  // slewed by 500 ppm for a day
}

TEST_CASE("a jump of the wall clock is an alarm until it is right again", "[clock_guard]") {
    const std::int64_t jump = GENERATE(10, -10, 3600, -3600, 315'360'000) * kSecond;
    ClockGuard guard;
    REQUIRE(guard.check(kWall, 0));
    const auto jumped = guard.check(kWall + kSecond + jump, kSecond);
    REQUIRE_FALSE(jumped);
    CHECK(jumped.error().code == "clock_jumped");
    CHECK(guard.expected_wall(kSecond) == kWall + kSecond);
    CHECK_FALSE(guard.check(kWall + 2 * kSecond + jump, 2 * kSecond));
    SECTION("it comes back") {
        CHECK(guard.check(kWall + 3 * kSecond, 3 * kSecond));
    }
    SECTION("the operator says that it is right now") {
        guard.accept(kWall + 3 * kSecond + jump, 3 * kSecond);
        CHECK(guard.check(kWall + 4 * kSecond + jump, 4 * kSecond));
    }
}

TEST_CASE("the first readings are accepted whatever they are", "[clock_guard]") {
    ClockGuard guard;
    CHECK(guard.check(0, 99 * kSecond));
}
