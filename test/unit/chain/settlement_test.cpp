#include "chain/settlement.hpp"

#include <catch2/catch.hpp>

using namespace grid::chain;

namespace {

/// Activated at 1000, 100 s of probation, 3600 s at 3600 an hour: one unit a second from 1100 to 4700.
Order running() {
    Order order;
    order.id = {1};
    order.resources.cpu_milli = 3'600;
    order.prices.cpu_milli = Amount{1};
    order.duration = {3'600};
    order.probation = {100};
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.activated_at = {1'000};
    order.status = OrderStatus::running;
    return order;
}

Amount earned(const Order& order, std::uint64_t t) {
    return settlement::earned_at(order, {t});
}

}  // namespace

TEST_CASE("an hour costs the sum of price times amount, a price being per hour", "[settlement]") {
    const Resources resources{2, 3, 5, 7};
    const Prices prices{Amount{11}, Amount{13}, Amount{17}, Amount{19}};
    CHECK(hourly_rate(resources, prices) == Amount{2 * 11 + 3 * 13 + 5 * 17 + 7 * 19});
    CHECK(deposit_for(Amount{279}, {3'600}) == Amount{279});
    CHECK(deposit_for(Amount{279}, {7'200}) == Amount{558});
}

TEST_CASE("a deposit is rounded up, so that a second is never free", "[settlement]") {
    CHECK(deposit_for(Amount{1}, {1}) == Amount{1});
    CHECK(deposit_for(Amount{3'601}, {1}) == Amount{2});
    CHECK(deposit_for(Amount{0}, {3'600}) == Amount{0});
}

TEST_CASE("the widest prices, amounts and durations stay inside 256 bits", "[settlement]") {
    const std::uint64_t most = ~std::uint64_t{0};
    const Amount price = Amount::power_of_two(96) - Amount{1};
    const Amount rate = hourly_rate({most, most, most, most}, {price, price, price, price});
    CHECK(deposit_for(rate, kMaxDuration) == rate * Amount{kMaxDuration.count} / Amount{3'600});
}

TEST_CASE("an order earns by the second within its paid term", "[settlement]") {
    const Order order = running();
    const auto [t, expected] = GENERATE(table<std::uint64_t, std::uint64_t>({
        {0, 0},          // before everything
        {1'000, 0},      // activated
        {1'099, 0},      // the last second of probation
        {1'100, 0},      // S
        {1'101, 1},      // one second after S one second is paid
        {2'900, 1'800},  // half
        {4'699, 3'599},  // the last second
        {4'700, 3'600},  // E
        {9'999, 3'600},  // long after
    }));
    CHECK(earned(order, t) == Amount{expected});
    CHECK(settlement::past_end(order, {t}) == (t >= 4'700));
}

TEST_CASE("settling often or once pays the same, and the whole deposit at the end", "[settlement]") {
    Order order = running();
    order.resources.cpu_milli = 1'000;  // 0.277.. a second: every step is rounded
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    Amount paid;
    for (std::uint64_t t = 1'000; t <= 4'700; ++t) {
        const Amount now = earned(order, t);
        REQUIRE(now >= paid);
        paid = now;
    }
    CHECK(paid == order.deposit);
}

TEST_CASE("orders that do not run earn nothing more", "[settlement]") {
    Order order = running();
    order.status = OrderStatus::unactivated;
    CHECK(earned(order, 9'999) == Amount{0});
    order.status = OrderStatus::cancelled;
    order.accrued = Amount{7};
    CHECK(earned(order, 9'999) == Amount{7});
    CHECK_FALSE(settlement::past_end(order, {9'999}));
}

TEST_CASE("a suspension in probation moves the paid term by its length", "[settlement]") {
    Order order = running();
    settlement::suspend(order, {1'040});
    SECTION("while it is open the start runs ahead of time") {
        CHECK(settlement::starts_at(order, {1'090}) == Timestamp{1'150});
        CHECK(earned(order, 5'000) == Amount{0});
        CHECK_FALSE(settlement::past_end(order, {99'999}));
    }
    SECTION("closed before the old start") {
        settlement::resume(order, {1'090});
        CHECK(settlement::starts_at(order, {1'090}) == Timestamp{1'150});
        CHECK(settlement::ends_at(order, {1'090}) == Timestamp{4'750});
        CHECK(earned(order, 1'151) == Amount{1});
        CHECK(earned(order, 4'750) == Amount{3'600});
    }
    SECTION("closed long after the old start") {
        settlement::resume(order, {2'040});
        CHECK(settlement::starts_at(order, {2'040}) == Timestamp{2'100});
        CHECK(order.suspended == Seconds{0});
        CHECK(earned(order, 5'700) == Amount{3'600});
    }
}

TEST_CASE("a suspension in the paid term is not paid for", "[settlement]") {
    Order order = running();
    settlement::suspend(order, {1'200});
    CHECK(earned(order, 1'200) == Amount{100});
    CHECK(earned(order, 1'900) == Amount{100});
    SECTION("closed") {
        settlement::resume(order, {1'700});
        CHECK(order.suspended == Seconds{500});
        CHECK(earned(order, 1'701) == Amount{101});
        CHECK(settlement::ends_at(order, {1'701}) == Timestamp{4'700});
        CHECK(earned(order, 4'700) == Amount{3'100});
    }
    SECTION("open at the end: counted up to the end, not beyond") {
        CHECK(settlement::suspended_at(order, {9'000}) == Seconds{3'500});
        CHECK(earned(order, 9'000) == Amount{100});
        CHECK(settlement::past_end(order, {4'700}));
    }
}

TEST_CASE("the end that is told is not known while a suspension begun in probation is open", "[settlement]") {
    Order order = running();
    CHECK(settlement::announced_end(order) == Timestamp{4'700});
    settlement::suspend(order, {1'099});
    CHECK(settlement::announced_end(order) == settlement::kUnknownEnd);
    settlement::resume(order, {1'199});
    CHECK(settlement::announced_end(order) == Timestamp{4'800});
    settlement::suspend(order, {1'200});  // S: it counts against the paid term
    CHECK(settlement::announced_end(order) == Timestamp{4'800});
}

TEST_CASE("an extension costs what the longer term costs more, rounded as one order", "[settlement]") {
    Order order = running();
    order.resources.cpu_milli = 1;  // 1 an hour: every deposit up to an hour is 1
    order.duration = {1};
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    CHECK(order.deposit == Amount{1});
    CHECK(settlement::extend(order, {3'599}) == Amount{0});
    CHECK(settlement::extend(order, {1}) == Amount{1});
    CHECK((order.duration == Seconds{3'601} && order.deposit == Amount{2}));
    CHECK(settlement::ends_at(order, {1'000}) == Timestamp{4'701});
}

TEST_CASE("what is left of a probation goes on, and is nothing from S on", "[settlement]") {
    Order order = running();
    CHECK(settlement::probation_left(order, {1'000}) == Seconds{100});
    CHECK(settlement::probation_left(order, {1'099}) == Seconds{1});
    CHECK(settlement::probation_left(order, {1'100}) == Seconds{0});
    CHECK(settlement::probation_left(order, {9'999}) == Seconds{0});
    settlement::suspend(order, {1'040});
    CHECK(settlement::probation_left(order, {2'000}) == Seconds{60});
}

TEST_CASE("the fee is taken of all that accrued, so that settling often pays no more of it", "[settlement]") {
    Order order = running();
    order.fee_bp = 250;
    order.accrued = Amount{39};
    CHECK(settlement::fee(order) == Amount{0});
    order.accrued = Amount{40};
    CHECK(settlement::fee(order) == Amount{1});
    CHECK(settlement::claimable_fee(order) == Amount{1});
    CHECK(settlement::claimable_by_provider(order) == Amount{39});
    order.paid_fee = Amount{1};
    CHECK(settlement::claimable_fee(order) == Amount{0});
    order.fee_bp = 10'000;
    CHECK(settlement::claimable_by_provider(order) == Amount{0});
}

TEST_CASE("claimable is what was earned and not yet paid; the user's part only after the end",
          "[settlement]") {
    Order order = running();
    order.accrued = Amount{1'000};
    order.paid_provider = Amount{400};
    CHECK(settlement::claimable_by_provider(order) == Amount{600});
    CHECK(settlement::claimable_by_user(order) == Amount{0});
    order.status = OrderStatus::cancelled;
    CHECK(settlement::claimable_by_user(order) == Amount{2'600});
    order.paid_user = Amount{2'600};
    CHECK(settlement::claimable_by_user(order) == Amount{0});
}
