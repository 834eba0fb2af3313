// The provider stops and starts the clock; the user tells of an order that is not served.

#include "chain/settlement.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

constexpr std::uint64_t kProbation = 300;

/// Order 1 runs: 300 s of probation, then an hour at kRate an hour. S - 300 is now.
struct Running : World {
    Timestamp begun;
    explicit Running(std::uint64_t probation = kProbation, const MarketParameters& parameters = {})
        : World(parameters) {
        Provider p = offer();
        p.probation = {probation};
        register_provider(p);
        buy_credits(user, kToken);
        run_order(user);
        begun = block.time;
    }
    /// `seconds` after the activation.
    void at(std::uint64_t seconds) {
        block.time = begun + Seconds{seconds};
        ++block.number;
    }
    CallResult suspend() { return ok(provider, contracts.market, market::suspend({1})); }
    CallResult resume() { return ok(provider, contracts.market, market::resume({1})); }
    /// Completes the order at its end or later; what the provider got altogether.
    Amount completed() {
        const auto events = events_of(ok(stranger, contracts.market, market::settle({1})));
        the<OrderCompleted>(events);
        CHECK(credits(contracts.market) == Amount{0});
        CHECK(entry().available == offer().total);
        return credits(provider);
    }
};

std::string not_party(const Address& caller) {
    return "NotParty(id=1, caller=" + caller.checksummed() + ")";
}

}  // namespace

TEST_CASE("a suspension in the paid term is not paid for and leaves the end where it is",
          "[market][suspend]") {
    Running w;
    w.at(kProbation + 600);
    const Timestamp end = w.begun + Seconds{kProbation + 3'600};
    const auto stopped = the<OrderSuspended>(events_of(w.suspend()));
    CHECK(
        stopped ==
        OrderSuspended{{1}, w.provider, w.block.time, w.block.number, {Amount{kRate}, {}, {}, {}, {}, end}});
    CHECK(w.order({1}).suspended_since == w.block.time);
    CHECK(w.order({1}).was_suspended);
    w.at(kProbation + 1'500);
    const auto settled =
        the<OrderSettled>(events_of(w.ok(w.stranger, w.contracts.market, market::settle({1}))));
    CHECK(settled.balance.accrued == Amount{kRate / 6});
    const auto resumed = the<OrderResumed>(events_of(w.resume()));
    CHECK(resumed == OrderResumed{{1},
                                  w.provider,
                                  w.block.time,
                                  w.begun + Seconds{kProbation},
                                  {900},
                                  {Amount{kRate}, Amount{kRate / 6}, Amount{kRate / 6}, {}, {}, end}});
    w.at(kProbation + 3'600);
    CHECK(w.completed() == Amount{kRate / 4 * 3});
    CHECK(w.credits(w.user) == kToken - Amount{kRate / 4 * 3});
}

TEST_CASE("a suspension in probation moves start and end, and while it is open nobody knows the end",
          "[market][suspend]") {
    Running w;
    w.at(100);
    CHECK(the<OrderSuspended>(events_of(w.suspend())).balance.ends_at == settlement::kUnknownEnd);
    w.at(1'000'000);
    // Long past the old end: it still runs, and nothing is earned.
    const auto settled =
        the<OrderSettled>(events_of(w.ok(w.stranger, w.contracts.market, market::settle({1}))));
    CHECK(settled.balance == OrderBalance{Amount{kRate}, {}, {}, {}, {}, settlement::kUnknownEnd});
    const auto resumed = the<OrderResumed>(events_of(w.resume()));
    CHECK(resumed.starts_at == w.block.time + Seconds{kProbation - 100});
    CHECK(resumed.suspended == Seconds{0});
    CHECK(resumed.balance.ends_at == resumed.starts_at + Seconds{3'600});
    w.block.time = resumed.starts_at + Seconds{3'599};
    w.ok(w.user, w.contracts.market, market::settle({1}));
    CHECK(w.order({1}).status == OrderStatus::running);
    w.wait(1);
    CHECK(w.completed() == Amount{kRate});
}

TEST_CASE("a suspension belongs to probation until one second before S, and to the term from S on",
          "[market][suspend]") {
    Running w;
    const auto [begin, moved] = GENERATE(table<std::uint64_t, bool>(
        {{0, true}, {kProbation - 1, true}, {kProbation, false}, {kProbation + 1, false}}));
    w.at(begin);
    w.suspend();
    w.at(begin + 60);
    w.resume();
    const Order order = w.order({1});
    CHECK(order.starts_at() == w.begun + Seconds{kProbation + (moved ? 60 : 0)});
    CHECK(order.suspended == Seconds{moved ? 0u : 60u});
    w.block.time = order.ends_at();
    CHECK(w.completed() == Amount{moved ? kRate : kRate / 3'600 * 3'540});
}

TEST_CASE("to suspend and to resume in one second changes nothing but what is remembered",
          "[market][suspend]") {
    Running w;
    w.at(GENERATE(0u, unsigned(kProbation), 1'000u));
    const Order before = w.order({1});
    w.suspend();
    w.resume();
    Order after = w.order({1});
    CHECK(after.was_suspended);
    after.was_suspended = false;
    CHECK(after == before);
}

TEST_CASE("a suspension that is open at the end is counted up to it, and the order completes",
          "[market][suspend]") {
    Running w;
    w.at(kProbation + 1'800);
    w.suspend();
    w.at(kProbation + 3'600 + GENERATE(0u, 1u, 1'000u));
    const std::string past =
        "OrderPastEnd(id=1, endsAt=" + std::to_string((w.begun + Seconds{kProbation + 3'600}).seconds) + ")";
    CHECK(w.refused(w.provider, w.contracts.market, market::resume({1})) == past);
    CHECK(w.refused(w.provider, w.contracts.market, market::suspend({1})) == past);
    CHECK(w.completed() == Amount{kRate / 2});
}

TEST_CASE("one second before the end an order can still be suspended, at the end no more",
          "[market][suspend]") {
    Running w;
    w.at(kProbation + 3'599);
    SECTION("before") {
        w.suspend();
        w.at(kProbation + 3'600);
        CHECK(w.completed() == Amount{kRate / 3'600 * 3'599});
    }
    SECTION("resumed in the last second") {
        w.at(kProbation + 3'598);
        w.suspend();
        w.at(kProbation + 3'599);
        w.resume();
        w.at(kProbation + 3'600);
        CHECK(w.completed() == Amount{kRate / 3'600 * 3'599});
    }
    SECTION("at the end") {
        w.at(kProbation + 3'600);
        CHECK(revert_name(w.call(w.provider, w.contracts.market, market::suspend({1})).output) ==
              "OrderPastEnd");
    }
}

TEST_CASE("suspend and resume check what the order is, then who calls, then the rest", "[market][suspend]") {
    Running w;
    const Address op = w.operator_key.address();
    for (const auto& act : {market::suspend, market::resume}) {
        CHECK(w.refused(w.provider, w.contracts.market, act({0})) == "UnknownOrder(id=0)");
        CHECK(w.refused(w.provider, w.contracts.market, act({2})) == "UnknownOrder(id=2)");
        for (const Address& by : {w.user, w.stranger, Address{}})
            CHECK(w.refused(by, w.contracts.market, act({1})) == not_party(by));
    }
    CHECK(w.refused(op, w.contracts.market, market::resume({1})) == "NotSuspended(id=1)");
    w.ok(op, w.contracts.market, market::suspend({1}));
    CHECK(w.refused(w.provider, w.contracts.market, market::suspend({1})) == "AlreadySuspended(id=1)");
    // Strangers hear that they are strangers, also of an order past its end.
    w.ok(op, w.contracts.market, market::resume({1}));
    w.at(100'000);
    CHECK(w.refused(w.stranger, w.contracts.market, market::suspend({1})) == not_party(w.stranger));
    w.ok(w.stranger, w.contracts.market, market::settle({1}));
    CHECK(w.refused(w.stranger, w.contracts.market, market::suspend({1})) == "WrongStatus(id=1, status=4)");
    CHECK(w.refused(w.stranger, w.contracts.market, market::resume({1})) == "WrongStatus(id=1, status=4)");
    w.create_order(w.user);
    CHECK(w.refused(w.provider, w.contracts.market, market::suspend({1})) == "StaleOrder(id=1)");
    CHECK(w.refused(w.provider, w.contracts.market, market::suspend({2})) == "WrongStatus(id=2, status=1)");
    CHECK(w.refused(w.provider, w.contracts.market, market::resume({2})) == "WrongStatus(id=2, status=1)");
}

TEST_CASE("cancelled while it is suspended an order pays what was served before", "[market][suspend]") {
    Running w;
    w.at(kProbation + 900);
    w.suspend();
    w.at(kProbation + 2'000);
    w.ok(GENERATE_COPY(values({w.user, w.provider})), w.contracts.market, market::cancel_order({1}));
    CHECK(w.credits(w.provider) == Amount{kRate / 4});
    CHECK(w.credits(w.user) == kToken - Amount{kRate / 4});
    CHECK(w.order({1}).status == OrderStatus::cancelled);
}

TEST_CASE("a cancel in probation counts, but not of an order that the provider had suspended",
          "[market][suspend]") {
    MarketParameters parameters;
    parameters.max_probation_cancels = 0;
    Running w(kProbation, parameters);
    const bool suspended = GENERATE(false, true);
    w.at(10);
    if (suspended) {
        w.suspend();
        w.at(20);
        w.resume();  // closed again: only the order's own memory tells of it
    }
    w.at(30);
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    CHECK(w.state.probation_cancels(w.user).count == (suspended ? 0u : 1u));
}

TEST_CASE("the user reports once, in probation, that nothing is served", "[market][report]") {
    Running w;
    w.at(GENERATE(0u, unsigned(kProbation - 1)));
    const auto events = events_of(w.ok(w.user, w.contracts.market, market::report_unserved({1})));
    REQUIRE(events.size() == 1);
    CHECK(the<OrderUnserved>(events) == OrderUnserved{{1}, w.user, w.provider, w.block.time});
    CHECK(w.order({1}).unserved_reported);
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({1})) == "AlreadyReported(id=1)");
    w.at(kProbation);
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({1})) == "NotInProbation(id=1)");
}

TEST_CASE("a report is refused from S on, from others, and of orders that do not run", "[market][report]") {
    Running w;
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({2})) == "UnknownOrder(id=2)");
    for (const Address& by : {w.provider, w.stranger, w.operator_key.address()})
        CHECK(w.refused(by, w.contracts.market, market::report_unserved({1})) == not_party(by));
    w.at(kProbation);
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({1})) == "NotInProbation(id=1)");
    w.at(kProbation - 1);
    w.suspend();
    w.at(kProbation + 5'000);  // still in probation: the clock stands
    w.ok(w.user, w.contracts.market, market::report_unserved({1}));
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({1})) ==
          "WrongStatus(id=1, status=3)");
    w.create_order(w.user);
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({1})) == "StaleOrder(id=1)");
    CHECK(w.refused(w.user, w.contracts.market, market::report_unserved({2})) ==
          "WrongStatus(id=2, status=1)");
}
