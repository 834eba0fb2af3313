// Who gets a free probation, and how often.
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

TEST_CASE("a pair gets one free probation in a window", "[market]") {
    MarketParameters parameters;
    parameters.probation_window = {10'000};
    World w(parameters);
    w.block.time = {1'700'000'000};  // the first second of a window
    Provider offer = w.offer();
    offer.probation = {300};
    w.register_provider(offer);
    w.buy_credits(w.user, kToken);
    CHECK(w.refused(w.user, w.contracts.market, w.create({3'600}, {301})) ==
          "ProbationTooShort(offered=300, wanted=301)");
    SECTION("used by activation") {
        w.ok(w.user, w.contracts.market, w.create({3'600}, {300}));
        w.ok(w.provider, w.contracts.market, market::activate_order({1}));
        CHECK(w.order({1}).probation == Seconds{300});
        w.ok(w.user, w.contracts.market, market::cancel_order({1}));
        CHECK(w.refused(w.user, w.contracts.market, w.create({3'600}, {1})) ==
              "ProbationUsed(user=" + w.user.checksummed() + ", provider=" + w.provider.checksummed() + ")");
        w.ok(w.user, w.contracts.market, w.create());
        CHECK(w.order({2}).probation == Seconds{0});
        w.ok(w.user, w.contracts.market, market::cancel_order({2}));
        w.wait(10'000);
        w.ok(w.user, w.contracts.market, w.create({3'600}, {300}));
    }
    SECTION("not used by an order that never ran") {
        w.ok(w.user, w.contracts.market, w.create({3'600}, {300}));
        w.ok(w.user, w.contracts.market, market::cancel_order({1}));
        w.ok(w.user, w.contracts.market, w.create({3'600}, {300}));
    }
}

TEST_CASE("who cancels in probation again and again gets none for the rest of the window", "[market]") {
    MarketParameters parameters;
    parameters.max_probation_cancels = 1;
    World w(parameters);
    w.buy_credits(w.user, kToken);
    std::vector<Address> providers;
    Provider offer = w.offer();
    offer.probation = {300};
    for (std::uint8_t i = 0; i < 4; ++i) {
        providers.push_back(key(static_cast<std::uint8_t>(20 + i)).address());
        w.ok(providers.back(), w.contracts.registry, calls::registry::set(offer));
    }
    const auto try_out = [&](const Address& provider, const Address& cancelled_by) {
        const auto result = w.ok(w.user, w.contracts.market,
                                 market::create_order(provider, w.small(), offer.prices, {3'600}, {300}));
        const OrderId id = *calls::decode_order_id(result.output);
        w.ok(provider, w.contracts.market, market::activate_order(id));
        w.ok(cancelled_by, w.contracts.market, market::cancel_order(id));
    };
    try_out(providers[0], w.user);
    try_out(providers[1], providers[1]);  // the provider's cancel does not count
    try_out(providers[2], w.user);
    CHECK(revert_name(w.call(w.user, w.contracts.market,
                             market::create_order(providers[3], w.small(), offer.prices, {3'600}, {300}))
                          .output) == "ProbationUsed");
}
