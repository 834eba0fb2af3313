// The settlement formula against a clock that counts second by second, and payouts against the order of
// calls.

#include <vector>

#include "chain/settlement.hpp"
#include "property/runs.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

/// Counts what an order has served by looking at every second of its life.
class SecondBySecond {
public:
    explicit SecondBySecond(const Order& order)
        : probation_left_(order.probation.count), term_left_(order.duration.count) {}

    /// One second passes; the order was suspended during it, or not. A suspension that began in probation
    /// stops the probation; a later one lets the term run without serving it.
    void pass(bool suspended, bool suspension_began_in_probation) {
        if (probation_left_ > 0) {
            if (!suspended) --probation_left_;
            return;
        }
        if (suspended && suspension_began_in_probation) return;
        if (term_left_ == 0) return;
        --term_left_;
        if (!suspended) ++served_;
    }
    bool in_probation() const { return probation_left_ > 0; }
    bool ended() const { return probation_left_ == 0 && term_left_ == 0; }
    std::uint64_t served() const { return served_; }

private:
    std::uint64_t probation_left_;
    std::uint64_t term_left_;
    std::uint64_t served_ = 0;
};

Order random_order() {
    Order order;
    order.id = {1};
    order.resources = {*rc::gen::inRange<std::uint64_t>(0, 100'000),
                       *rc::gen::inRange<std::uint64_t>(0, 1'000'000), 1,
                       *rc::gen::inRange<std::uint64_t>(0, 8)};
    const auto price = [] { return Amount{*rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000)}; };
    order.prices = {price(), price(), price(), price()};
    order.duration = {*rc::gen::inRange<std::uint64_t>(1, 400)};
    order.probation = {*rc::gen::inRange<std::uint64_t>(0, 100)};
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.activated_at = {1'000 + *rc::gen::inRange<std::uint64_t>(0, 1'000)};
    order.status = OrderStatus::running;
    return order;
}

}  // namespace

TEST_CASE("the formula serves what a clock counts second by second, suspended whenever one likes",
          "[settlement]") {
    REQUIRE(grid::test::holds("settlement second by second", 2'000, [] {
        Order order = random_order();
        const Seconds term = order.duration;
        SecondBySecond clock(order);
        bool began_in_probation = false;
        Amount before;
        for (std::uint64_t t = order.activated_at.seconds; t < order.activated_at.seconds + 1'500; ++t) {
            const Timestamp now{t};
            RC_ASSERT(settlement::past_end(order, now) == clock.ended());
            RC_ASSERT(settlement::served_at(order, now).count == clock.served());
            const Amount earned = settlement::earned_at(order, now);
            RC_ASSERT(earned >= before);
            RC_ASSERT(earned <= order.deposit);
            RC_ASSERT((earned == order.deposit) || clock.served() < term.count);
            before = earned;
            if (clock.ended()) {
                // Whoever settles late pays the same, a suspension still open or not.
                for (const std::uint64_t late : {1u, 50u, 100'000u})
                    RC_ASSERT(settlement::earned_at(order, now + Seconds{late}) == earned);
                break;
            }
            const bool suspended = order.suspended_since.seconds != 0;
            if (*rc::gen::inRange(0, 40) == 0) {
                if (suspended) {
                    settlement::resume(order, now);
                } else {
                    began_in_probation = clock.in_probation();
                    settlement::suspend(order, now);
                }
                // To suspend or resume moves nothing by itself.
                RC_ASSERT(settlement::earned_at(order, now) == earned);
            }
            clock.pass(order.suspended_since.seconds != 0, began_in_probation);
        }
    }));
}

TEST_CASE("any interleaving of settlements pays the same in the end", "[settlement]") {
    REQUIRE(grid::test::holds("interleavings", 300, [] {
        World w;
        Provider offer = w.offer();
        offer.probation = {*rc::gen::inRange<std::uint64_t>(0, 500)};
        offer.total = {1'000'000, 1'000'000, 1'000'000, 100};
        offer.minimum_prices = {};
        w.register_provider(offer);
        w.buy_credits(w.user, kToken);
        Order terms = random_order();
        terms.resources.storage_mib = 1;
        terms.prices.storage_mib = Amount{1'000};
        const auto created = w.call(
            w.user, w.contracts.market,
            calls::market::create_order(w.provider, terms.resources, terms.prices, terms.duration, {}));
        RC_PRE(created.success);
        w.ok(w.provider, w.contracts.market, calls::market::activate_order({1}));
        const State start = w.state;
        const BlockContext start_block = w.block;
        const std::uint64_t life = offer.probation.count + terms.duration.count;
        const std::uint64_t end_after = *rc::gen::inRange<std::uint64_t>(0, life + 50);

        const auto finish = [&] {
            w.block.time = start_block.time + Seconds{end_after};
            w.ok(w.user, w.contracts.market, calls::market::cancel_order({1}));
            return std::tuple(w.credits(w.user), w.credits(w.provider), w.order({1}).status);
        };
        const auto undisturbed = finish();

        w.state = start;
        w.block = start_block;
        const auto steps =
            *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 60));
        std::uint64_t t = 0;
        for (const std::uint64_t step : steps) {
            t += step;
            if (t >= end_after || t >= life) break;
            w.block.time = start_block.time + Seconds{t};
            w.ok(w.stranger, w.contracts.market, calls::market::settle({1}));
        }
        RC_ASSERT(finish() == undisturbed);
        RC_ASSERT(w.credits(w.contracts.market) == Amount{0});
    }));
}
