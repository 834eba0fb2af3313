#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

/// R of World::small() at World::offer()'s prices, and V of an hour.
constexpr std::uint64_t kRate = 1'000 * 36'000 + 512 * 3'600 + 1'000 * 36;

std::string id_text(OrderId id) {
    return std::to_string(id.value);
}

}  // namespace

TEST_CASE("an order escrows its price and reserves its resources", "[market]") {
    World w;
    w.open_market();
    const CallResult result = w.ok(w.user, w.contracts.market, w.create());
    CHECK(*calls::decode_order_id(result.output) == OrderId{1});

    Order expected;
    expected.id = {1};
    expected.user = w.user;
    expected.provider = w.provider;
    expected.resources = w.small();
    expected.prices = w.offer().prices;
    expected.deposit = Amount{kRate};
    expected.user_check = true;
    expected.created_at = w.block.time;
    expected.duration = {3'600};
    expected.activation_deadline = w.block.time + Seconds{3'600};
    expected.status = OrderStatus::unactivated;
    CHECK(w.order({1}) == expected);

    const auto events = events_of(result);
    CHECK(the<OrderCreated>(events) == OrderCreated{expected});
    CHECK(the<CreditTransfer>(events) == CreditTransfer{w.user, w.contracts.market, Amount{kRate}});
    const Resources left{7'000, 15'872, 99'000, 2};
    CHECK(the<ResourceDelta>(events) == ResourceDelta{w.provider, Amount{1}.word(), w.small(), true, left});
    CHECK(w.entry().available == left);
    CHECK(w.credits(w.user) == kToken - Amount{kRate});
    CHECK(w.credits(w.contracts.market) == Amount{kRate});
}

TEST_CASE("an order is served, settled in between, completed and paid to the last unit", "[market]") {
    World w;
    w.open_market();
    const Amount user_before = w.credits(w.user);
    const OrderId id = w.create_order(w.user);
    w.wait(60);
    const auto activated =
        the<OrderActivated>(events_of(w.ok(w.provider, w.contracts.market, market::activate_order(id))));
    CHECK(activated == OrderActivated{id,
                                      w.provider,
                                      w.block.time,
                                      w.block.number,
                                      w.block.time,
                                      {Amount{kRate}, {}, {}, {}, {}, w.block.time + Seconds{3'600}}});
    const Timestamp end = w.block.time + Seconds{3'600};
    w.wait(1'200);
    const auto settled =
        the<OrderSettled>(events_of(w.ok(w.stranger, w.contracts.market, market::settle(id))));
    const Amount third{kRate / 3};
    CHECK(settled ==
          OrderSettled{id, w.block.time, w.block.number, {Amount{kRate}, third, third, {}, {}, end}});
    CHECK(w.credits(w.provider) == third);
    w.wait(2'400);
    const auto events = events_of(w.ok(w.stranger, w.contracts.market, market::settle(id)));
    CHECK(the<OrderCompleted>(events) ==
          OrderCompleted{
              id, w.block.time, w.block.number, {Amount{kRate}, Amount{kRate}, Amount{kRate}, {}, {}, end}});
    CHECK(w.credits(w.provider) == Amount{kRate});
    CHECK(w.credits(w.user) == user_before - Amount{kRate});
    CHECK(w.credits(w.contracts.market) == Amount{0});
    CHECK(w.entry().available == w.offer().total);
    CHECK(w.order(id).status == OrderStatus::completed);
}

TEST_CASE("settling twice in a second moves nothing the second time", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    w.wait(777);
    w.ok(w.stranger, w.contracts.market, market::settle(id));
    const Order once = w.order(id);
    const Amount paid = w.credits(w.provider);
    const auto events = events_of(w.ok(w.other, w.contracts.market, market::settle(id)));
    CHECK(events.size() == 1);
    CHECK(w.order(id) == once);
    CHECK(w.credits(w.provider) == paid);
}

TEST_CASE("an order cancelled before activation refunds everything", "[market]") {
    World w;
    w.open_market();
    const Address by = GENERATE_REF(values({w.user, w.provider}));
    const OrderId id = w.create_order(w.user);
    const auto events = events_of(w.ok(by, w.contracts.market, market::cancel_order(id)));
    CHECK(
        the<OrderCancelled>(events) ==
        OrderCancelled{id, by, w.block.time, w.block.number, {Amount{kRate}, {}, {}, Amount{kRate}, {}, {}}});
    CHECK(w.credits(w.user) == kToken);
    CHECK(w.credits(w.provider) == Amount{0});
    CHECK(w.entry().available == w.offer().total);
    CHECK(w.order(id).status == OrderStatus::cancelled);
}

TEST_CASE("an order that nobody activates can be cancelled by anybody from its deadline on", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.create_order(w.user);
    w.wait(3'599);
    CHECK(w.refused(w.stranger, w.contracts.market, market::cancel_order(id)) ==
          "NotParty(id=1, caller=" + w.stranger.checksummed() + ")");
    w.wait(1);
    CHECK(w.refused(w.provider, w.contracts.market, market::activate_order(id)) ==
          "ActivationExpired(id=1, deadline=" + std::to_string(w.block.time.seconds) + ")");
    w.ok(w.stranger, w.contracts.market, market::cancel_order(id));
    CHECK(w.credits(w.user) == kToken);
}

TEST_CASE("the activation deadline is the one of the day when the order was made", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.create_order(w.user);
    ChainParameters shorter = w.state.parameters();
    shorter.market.activation_deadline = {1};
    w.state.set_parameters(shorter);
    w.wait(3'599);
    w.ok(w.provider, w.contracts.market, market::activate_order(id));
}

TEST_CASE("an order cancelled in probation refunds everything, one second later one second is paid",
          "[market]") {
    World w;
    Provider offer = w.offer();
    offer.probation = {300};
    w.register_provider(offer);
    w.buy_credits(w.user, kToken);
    const OrderId id = w.run_order(w.user);
    const auto [seconds, paid] = GENERATE(table<std::uint64_t, std::uint64_t>({
        {0, 0},
        {299, 0},
        {300, 0},
        {301, kRate / 3'600},
        {300 + 1'800, kRate / 2},
    }));
    w.wait(seconds);
    w.ok(w.user, w.contracts.market, market::cancel_order(id));
    CHECK(w.credits(w.provider) == Amount{paid});
    CHECK(w.credits(w.user) == kToken - Amount{paid});
    CHECK(w.order(id).paid_user == Amount{kRate - paid});
}

TEST_CASE("the provider's cancel pays what was served and refunds the user", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    w.wait(900);
    w.ok(w.provider, w.contracts.market, market::cancel_order(id));
    CHECK(w.credits(w.provider) == Amount{kRate / 4});
    CHECK(w.credits(w.user) == kToken - Amount{kRate / 4});
    CHECK(w.credits(w.contracts.market) == Amount{0});
    CHECK(w.order(id).status == OrderStatus::cancelled);
}

TEST_CASE("past its end an order completes, whoever calls what", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    w.wait(GENERATE(3'600, 3'601, 1'000'000));
    const Bytes act =
        GENERATE_REF(market::settle(id), market::cancel_order(id), market::withdraw(id, Amount{0}),
                     market::withdraw(id, kToken), market::settle_many({id}));
    const Address by = GENERATE_REF(values({w.user, w.provider, w.stranger}));
    const auto events = events_of(w.ok(by, w.contracts.market, act));
    CHECK(the<OrderCompleted>(events).balance.paid_provider == Amount{kRate});
    CHECK(w.order(id).status == OrderStatus::completed);
    CHECK(w.credits(w.provider) == Amount{kRate});
    CHECK(w.credits(w.user) == kToken - Amount{kRate});
    CHECK(w.entry().available == w.offer().total);
}

TEST_CASE("nothing but withdraw is answered by an ended order, and that pays nothing twice", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    w.wait(100);
    w.ok(w.user, w.contracts.market, market::cancel_order(id));
    const std::string ended = "WrongStatus(id=1, status=3)";
    CHECK(w.refused(w.provider, w.contracts.market, market::activate_order(id)) == ended);
    CHECK(w.refused(w.user, w.contracts.market, market::cancel_order(id)) == ended);
    CHECK(w.refused(w.user, w.contracts.market, market::settle(id)) == ended);
    CHECK(w.refused(w.user, w.contracts.market, market::withdraw(id, Amount{1})) ==
          "ExceedsClaimable(amount=1, claimable=0)");
    CHECK(w.refused(w.provider, w.contracts.market, market::withdraw(id, Amount{1})) ==
          "ExceedsClaimable(amount=1, claimable=0)");
}

TEST_CASE("what is left unpaid in an ended order is withdrawn by its owner alone, once", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    // An ended order with unpaid parts, as a later parameter or fee may leave one.
    Order order = w.order(id);
    order.status = OrderStatus::cancelled;
    order.accrued = Amount{1'000};
    w.state.set_order(order);
    const std::string stranger = "NotParty(id=1, caller=" + w.stranger.checksummed() + ")";
    CHECK(w.refused(w.stranger, w.contracts.market, market::withdraw(id, Amount{1})) == stranger);
    CHECK(w.refused(w.provider, w.contracts.market, market::withdraw(id, Amount{0})) == "ZeroAmount()");
    CHECK(w.refused(w.provider, w.contracts.market, market::withdraw(id, Amount{1'001})) ==
          "ExceedsClaimable(amount=1001, claimable=1000)");
    const auto events = events_of(w.ok(w.provider, w.contracts.market, market::withdraw(id, Amount{400})));
    CHECK(the<Withdrawn>(events).amount == Amount{400});
    CHECK(the<Withdrawn>(events).balance.paid_provider == Amount{400});
    w.ok(w.provider, w.contracts.market, market::withdraw(id, Amount{600}));
    w.ok(w.user, w.contracts.market, market::withdraw(id, Amount{kRate - 1'000}));
    CHECK(w.credits(w.provider) == Amount{1'000});
    CHECK(w.credits(w.user) == kToken - Amount{1'000});
    CHECK(w.credits(w.contracts.market) == Amount{0});
    w.refused(w.user, w.contracts.market, market::withdraw(id, Amount{1}));
}

TEST_CASE("a withdrawal from a live order is refused", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.create_order(w.user);
    CHECK(w.refused(w.user, w.contracts.market, market::withdraw(id, Amount{1})) ==
          "WrongStatus(id=1, status=1)");
    w.ok(w.provider, w.contracts.market, market::activate_order(id));
    w.wait(10);
    CHECK(w.refused(w.provider, w.contracts.market, market::withdraw(id, Amount{1})) ==
          "WrongStatus(id=1, status=2)");
}

TEST_CASE("an order for an unknown provider is refused", "[market]") {
    World w;
    w.buy_credits(w.user, kToken);
    CHECK(w.refused(w.user, w.contracts.market, w.create()) ==
          "UnknownProvider(provider=" + w.provider.checksummed() + ")");
}

TEST_CASE("a second live order of the pair is refused and the first one's deposit stays", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.create_order(w.user);
    CHECK(w.refused(w.user, w.contracts.market, w.create()) == "OrderExists(id=1)");
    w.ok(w.provider, w.contracts.market, market::activate_order(id));
    CHECK(w.refused(w.user, w.contracts.market, w.create()) == "OrderExists(id=1)");
    CHECK(w.credits(w.contracts.market) == Amount{kRate});
    CHECK(w.create_order(w.other) == OrderId{2});
}

TEST_CASE("calls on an order that its pair has replaced are stale", "[market]") {
    World w;
    w.open_market();
    const OrderId first = w.create_order(w.user);
    w.ok(w.user, w.contracts.market, market::cancel_order(first));
    const OrderId second = w.create_order(w.user);
    for (const Bytes& act :
         {market::activate_order(first), market::cancel_order(first), market::settle(first)})
        CHECK(w.refused(w.provider, w.contracts.market, act) == "StaleOrder(id=1)");
    CHECK(revert_name(w.call(w.user, w.contracts.market, market::withdraw(first, Amount{1})).output) ==
          "ExceedsClaimable");
    const auto current = w.ok(w.stranger, w.contracts.market, market::current(w.user, w.provider));
    CHECK(*calls::decode_order_id(current.output) == second);
    CHECK(w.order(first).status == OrderStatus::cancelled);
}

TEST_CASE("calls on an order that never was are refused", "[market]") {
    World w;
    w.open_market();
    for (const OrderId id : {OrderId{0}, OrderId{1}, OrderId{~0ull}}) {
        for (const Bytes& act : {market::activate_order(id), market::cancel_order(id), market::settle(id),
                                 market::withdraw(id, Amount{1})})
            CHECK(w.refused(w.user, w.contracts.market, act) == "UnknownOrder(id=" + id_text(id) + ")");
        CHECK(w.order(id) == Order{});
    }
}

TEST_CASE("only the provider, its operator key, or the user of a quote activates", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.create_order(w.user);
    for (const Address& by : {w.user, w.other, w.stranger})
        CHECK(w.refused(by, w.contracts.market, market::activate_order(id)) ==
              "NotParty(id=1, caller=" + by.checksummed() + ")");
    SECTION("provider") {
        w.ok(w.provider, w.contracts.market, market::activate_order(id));
    }
    SECTION("operator") {
        w.ok(w.operator_key.address(), w.contracts.market, market::activate_order(id));
    }
    CHECK(w.order(id).provider_check);
    CHECK(w.refused(w.provider, w.contracts.market, market::activate_order(id)) ==
          "WrongStatus(id=1, status=2)");
}

TEST_CASE("the operator key has no say over money", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    const Address by = w.operator_key.address();
    CHECK(w.refused(by, w.contracts.market, market::cancel_order(id)) ==
          "NotParty(id=1, caller=" + by.checksummed() + ")");
}

TEST_CASE("a provider without an operator key is not run by the zero address", "[market]") {
    World w;
    Provider offer = w.offer();
    offer.operator_key = {};
    w.register_provider(offer);
    w.buy_credits(w.user, kToken);
    const OrderId id = w.create_order(w.user);
    w.refused({}, w.contracts.market, market::activate_order(id));
}

TEST_CASE("strangers cannot cancel a live order", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    w.wait(3'599);
    CHECK(w.refused(w.stranger, w.contracts.market, market::cancel_order(id)) ==
          "NotParty(id=1, caller=" + w.stranger.checksummed() + ")");
}

TEST_CASE("prices are held against the provider's minimum, each of them", "[market]") {
    World w;
    w.open_market();
    Prices prices = w.offer().minimum_prices;
    w.ok(w.other, w.contracts.market, market::create_order(w.provider, w.small(), prices, {3'600}, {}));
    prices.storage_mib = prices.storage_mib - Amount{1};
    CHECK(w.refused(w.user, w.contracts.market,
                    market::create_order(w.provider, w.small(), prices, {3'600}, {})) ==
          "PriceTooLow(resource=2, offered=17, minimum=18)");
}

TEST_CASE("a provider that takes no offers needs a quote", "[market]") {
    World w;
    w.open_market();
    Provider offer = w.offer();
    offer.accepts_offers = false;
    w.register_provider(offer);
    CHECK(w.refused(w.user, w.contracts.market, w.create()) ==
          "OffersNotAccepted(provider=" + w.provider.checksummed() + ")");
    w.ok(w.user, w.contracts.market, w.with_quote(w.quote(), w.provider_key));
}

TEST_CASE("more than is available is refused, each resource by its number", "[market]") {
    World w;
    w.open_market(Amount{100} * kToken);
    const Resources more{1, 1, 1, 3};
    CHECK(w.refused(w.user, w.contracts.market,
                    market::create_order(w.provider, more, w.offer().prices, {3'600}, {})) ==
          "InsufficientResources(resource=3, wanted=3, available=2)");
    w.create_order(w.other);
    const Resources all = w.offer().total;
    CHECK(w.refused(w.user, w.contracts.market,
                    market::create_order(w.provider, all, w.offer().prices, {3'600}, {})) ==
          "InsufficientResources(resource=0, wanted=8000, available=7000)");
}

TEST_CASE("a balance too small is refused with what is needed and what is there", "[market]") {
    World w;
    w.open_market(Amount{kRate - 1});
    CHECK(w.refused(w.user, w.contracts.market, w.create()) ==
          "InsufficientCredits(needed=" + std::to_string(kRate) + ", available=" + std::to_string(kRate - 1) +
              ")");
    CHECK(w.entry().available == w.offer().total);
}

TEST_CASE("price times amount cannot overflow into something cheap", "[market]") {
    World w;
    Provider offer = w.offer();
    const std::uint64_t most = ~std::uint64_t{0};
    const Amount price = Amount::power_of_two(96) - Amount{1};
    offer.total = {most, most, most, most};
    offer.prices = offer.minimum_prices = {price, price, price, price};
    w.register_provider(offer);
    w.buy_credits(w.user, kToken);
    const Amount needed = deposit_for(hourly_rate(offer.total, offer.prices), kMaxDuration);
    CHECK(w.refused(w.user, w.contracts.market,
                    market::create_order(w.provider, offer.total, offer.prices, kMaxDuration, {})) ==
          "InsufficientCredits(needed=" + needed.decimal() + ", available=" + kToken.decimal() + ")");
    CHECK(needed > Amount::power_of_two(160));
}

TEST_CASE("numbers wider than their type are malformed, not cut", "[market]") {
    World w;
    w.open_market();
    const Bytes good = w.create();
    // Words after the selector: provider, four resources, four prices, duration, minimum probation.
    const auto [word, byte] = GENERATE(
        table<std::size_t, std::size_t>({{0, 11}, {1, 23}, {4, 0}, {5, 19}, {8, 0}, {9, 23}, {10, 23}}));
    Bytes wide = good;
    wide[4 + 32 * word + byte] = 1;
    CHECK(w.refused(w.user, w.contracts.market, wide) == "empty");
}

TEST_CASE("nothing in the calldata sets a status, an accrued amount or a time", "[market]") {
    World w;
    w.open_market();
    SECTION("words appended to createOrder are ignored") {
        Bytes data = w.create();
        data.resize(data.size() + 20 * 32, 0xff);
        w.ok(w.user, w.contracts.market, data);
        const Order order = w.order({1});
        CHECK(order.status == OrderStatus::unactivated);
        CHECK(order.accrued == Amount{0});
        CHECK(order.user == w.user);
        CHECK(order.created_at == w.block.time);
    }
    SECTION("a whole order is no argument of any call") {
        w.create_order(w.other);
        Order forged = w.order({1});
        forged.user = w.user;
        forged.status = OrderStatus::completed;
        forged.accrued = forged.paid_provider = kToken;
        abi::Encoder out;
        tuples::put(out, forged);
        const std::string tuple = "(uint64,address,address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES
                                  ",uint256,uint256,uint256,uint256,bool,bool,uint64,uint64,uint64,uint64,"
                                  "uint64,uint64,uint64,uint64,"
                                  "uint64,uint64,uint8)";
        CHECK(w.refused(w.user, w.contracts.market, out.take(abi::selector("createOrder(" + tuple + ")"))) ==
              "empty");
        // The same words behind the selector that exists: its first one is no provider.
        const Bytes real = w.create();
        CHECK(w.refused(w.user, w.contracts.market, out.take({real[0], real[1], real[2], real[3]})) ==
              "empty");
        CHECK(w.state.last_order() == OrderId{1});
    }
}

TEST_CASE("durations from one second to ten years", "[market]") {
    World w;
    w.open_market(Amount{100} * kToken);
    CHECK(w.refused(w.user, w.contracts.market, w.create({0})) == "InvalidDuration(secs=0)");
    CHECK(w.refused(w.user, w.contracts.market, w.create({kMaxDuration.count + 1})) ==
          "InvalidDuration(secs=315360001)");
    w.ok(w.user, w.contracts.market, w.create({1}));
    w.ok(w.other, w.contracts.market, w.create(kMaxDuration));
}

TEST_CASE("deposits below the minimum are refused", "[market]") {
    MarketParameters parameters;
    parameters.minimum_deposit = Amount{kRate};
    World w(parameters);
    w.open_market();
    CHECK(w.refused(w.user, w.contracts.market, w.create({3'599})) ==
          "DepositBelowMinimum(deposit=" + std::to_string((kRate * 3'599 + 3'599) / 3'600) +
              ", minimum=" + std::to_string(kRate) + ")");
    w.create_order(w.user);
}

TEST_CASE("a user has a bounded number of orders that wait for activation", "[market]") {
    MarketParameters parameters;
    parameters.max_unactivated = 2;
    World w(parameters);
    w.buy_credits(w.user, kToken);
    std::vector<Address> providers;
    for (std::uint8_t i = 0; i < 3; ++i) {
        providers.push_back(key(static_cast<std::uint8_t>(20 + i)).address());
        w.ok(providers.back(), w.contracts.registry, calls::registry::set(w.offer()));
    }
    const auto create = [&](const Address& provider) {
        return market::create_order(provider, w.small(), w.offer().prices, {3'600}, {});
    };
    w.ok(w.user, w.contracts.market, create(providers[0]));
    w.ok(w.user, w.contracts.market, create(providers[1]));
    CHECK(w.refused(w.user, w.contracts.market, create(providers[2])) ==
          "TooManyUnactivated(count=2, limit=2)");
    w.ok(providers[0], w.contracts.market, market::activate_order({1}));
    w.ok(w.user, w.contracts.market, create(providers[2]));
    w.ok(w.user, w.contracts.market, market::cancel_order({2}));
    w.ok(w.user, w.contracts.market, create(providers[1]));
}

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

TEST_CASE("a quote makes an order on its own terms, and either party activates", "[market][quote]") {
    World w;
    w.open_market();
    const Quote quote = w.quote();
    const PrivateKey& signer = GENERATE_REF(std::cref(w.provider_key), std::cref(w.operator_key)).get();
    const auto events = events_of(w.ok(w.user, w.contracts.market, w.with_quote(quote, signer)));
    const Hash digest = quote_digest(quote, w.block.chain_id, w.contracts.market);
    CHECK(the<QuoteUsed>(events) == QuoteUsed{digest, w.provider, w.user, {1}});
    const Order order = w.order({1});
    CHECK(order.prices == quote.prices);
    CHECK(order.probation == quote.probation);
    CHECK(order.provider_check);
    CHECK(order.deposit == Amount{(1'000 + 512 + 1'000) * 2});
    CHECK(*calls::decode_boolean(w.ok(w.user, w.contracts.market, market::quote_used(digest)).output));
    w.ok(GENERATE_REF(values({w.user, w.provider, w.operator_key.address()})), w.contracts.market,
         market::activate_order({1}));
}

TEST_CASE("a quote is good once, for its user, in its time, as it was signed", "[market][quote]") {
    World w;
    w.open_market();
    Quote quote = w.quote();
    const auto name = [&](const Address& by, const Bytes& data) {
        w.refused(by, w.contracts.market, data);
        return revert_name(w.call(by, w.contracts.market, data).output);
    };
    SECTION("used") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.ok(w.user, w.contracts.market, data);
        w.ok(w.user, w.contracts.market, market::cancel_order({1}));
        CHECK(name(w.user, data) == "QuoteSpent");
        // Spent by what it says, not by its signature: signed anew it is the same quote.
        CHECK(name(w.user, w.with_quote(quote, w.operator_key)) == "QuoteSpent");
    }
    SECTION("another user's") {
        CHECK(name(w.other, w.with_quote(quote, w.provider_key)) == "QuoteNotForCaller");
    }
    SECTION("expired") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.wait(600);
        CHECK(name(w.user, data) == "QuoteExpired");
    }
    SECTION("in its last second") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.wait(599);
        w.ok(w.user, w.contracts.market, data);
    }
    SECTION("signed by somebody else") {
        CHECK(name(w.user, w.with_quote(quote, w.user_key)) == "QuoteSignerUnknown");
    }
    SECTION("changed after signing") {
        const auto signature =
            w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.contracts.market)).rsv();
        const std::size_t field = GENERATE(range(0, 9));
        if (field == 0) quote.resources.gpus = 1;
        if (field == 1) quote.prices.cpu_milli = Amount{0};
        if (field == 2) quote.duration = {7'201};
        if (field == 3) quote.probation = {61};
        if (field == 4) quote.valid_until = quote.valid_until + Seconds{1};
        if (field == 5) quote.salt.bytes[0] ^= 1;
        if (field == 6) quote.prices.memory_mib = Amount{2};
        if (field == 7) quote.prices.storage_mib = Amount{2};
        if (field == 8) quote.prices.gpus = Amount{2};
        CHECK(name(w.user, market::create_order_with_quote(quote, signature)) == "QuoteSignerUnknown");
    }
    SECTION("of another chain or another market") {
        const auto on_chain = w.provider_key.sign(quote_digest(quote, 1, w.contracts.market)).rsv();
        CHECK(name(w.user, market::create_order_with_quote(quote, on_chain)) == "QuoteSignerUnknown");
        const auto at_market = w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.other)).rsv();
        CHECK(name(w.user, market::create_order_with_quote(quote, at_market)) == "QuoteSignerUnknown");
    }
    SECTION("for a replacement") {
        quote.replaces = {1};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "QuoteReplaces");
    }
    SECTION("of an unknown provider") {
        quote.provider = w.other;
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "UnknownProvider");
    }
    SECTION("with a probation or duration out of bounds") {
        quote.probation = {kMaxDuration.count + 1};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InvalidDuration");
        quote.probation = {};
        quote.duration = {};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InvalidDuration");
    }
    SECTION("while an order of the pair lives") {
        w.create_order(w.user);
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "OrderExists");
    }
    SECTION("for more than there is") {
        quote.resources.gpus = 3;
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InsufficientResources");
        CHECK_FALSE(w.state.quote_spent(quote_digest(quote, w.block.chain_id, w.contracts.market)));
    }
    SECTION("for more than one has") {
        quote.prices.cpu_milli = Amount::power_of_two(95);
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InsufficientCredits");
    }
}

TEST_CASE("signatures of quotes have one form: 65 bytes, low s, v 27 or 28", "[market][quote]") {
    World w;
    w.open_market();
    const Quote quote = w.quote();
    const Signature signature =
        w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.contracts.market));
    Bytes bytes = signature.rsv();
    SECTION("v as parity") {
        bytes[64] = static_cast<std::uint8_t>(bytes[64] - 27);
    }
    SECTION("short") {
        bytes.pop_back();
    }
    SECTION("long") {
        bytes.push_back(0);
    }
    SECTION("none") {
        bytes.clear();
    }
    SECTION("all zero but v") {
        bytes.assign(65, 0);
        bytes[64] = 27;
    }
    SECTION("the high s of the same signature") {
        const Bytes n = *from_hex("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        const Hash s = (Amount::from_big_endian(n) - Amount::from_word(signature.s)).word();
        std::copy(s.bytes.begin(), s.bytes.end(), bytes.begin() + 32);
        bytes[64] = static_cast<std::uint8_t>(55 - bytes[64]);
    }
    CHECK(w.refused(w.user, w.contracts.market, market::create_order_with_quote(quote, bytes)) ==
          "InvalidQuoteSignature()");
}

TEST_CASE("settleMany settles what can be settled and skips the rest", "[market]") {
    World w;
    w.open_market();
    const OrderId first = w.run_order(w.user);
    const OrderId second = w.create_order(w.other);
    w.wait(3'600);
    const auto result =
        w.ok(w.stranger, w.contracts.market, market::settle_many({first, second, {99}, {0}, first}));
    CHECK(*calls::decode_u64(result.output) == 1);
    CHECK(w.order(first).status == OrderStatus::completed);
    CHECK(w.order(second).status == OrderStatus::unactivated);
    CHECK(w.refused(w.stranger, w.contracts.market, market::settle_many(std::vector<OrderId>(257, first))) ==
          "TooMany(given=257, limit=256)");
    CHECK(*calls::decode_u64(w.ok(w.stranger, w.contracts.market, market::settle_many({})).output) == 0);
}

TEST_CASE("who rents from oneself gets everything back", "[market]") {
    World w;
    w.open_market();
    w.buy_credits(w.provider, kToken);
    const OrderId id = w.run_order(w.provider);
    w.wait(100);
    w.ok(w.provider, w.contracts.market, market::cancel_order(id));
    CHECK(w.credits(w.provider) == kToken);
}

TEST_CASE("an ended pair may order anew, and ended orders stay readable", "[market]") {
    World w;
    w.open_market();
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const OrderId id = w.run_order(w.user, {60});
        CHECK(id == OrderId{i});
        w.wait(60);
        w.ok(w.stranger, w.contracts.market, market::settle(id));
    }
    CHECK(w.order({1}).status == OrderStatus::completed);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.market, market::count()).output) == 3);
    const auto ids = [&](const Bytes& data) {
        return *calls::decode_order_ids(w.ok(w.user, w.contracts.market, data).output);
    };
    CHECK(ids(market::orders_of_user(w.user, 0, 100)) == std::vector<OrderId>{{1}, {2}, {3}});
    CHECK(ids(market::orders_of_provider(w.provider, 1, 1)) == std::vector<OrderId>{{2}});
    CHECK(ids(market::orders_of_user(w.other, 0, 100)).empty());
    CHECK(w.refused(w.user, w.contracts.market, market::orders_of_user(w.user, 0, 101)) ==
          "TooMany(given=101, limit=100)");
}

TEST_CASE("what an order will have earned is a view of time", "[market]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    const auto earned = [&](OrderId of, Timestamp t) {
        return *calls::decode_amount(w.ok(w.user, w.contracts.market, market::earned_at(of, t)).output);
    };
    CHECK(earned(id, w.block.time) == Amount{0});
    CHECK(earned(id, w.block.time + Seconds{1'800}) == Amount{kRate / 2});
    CHECK(earned(id, {~0ull}) == Amount{kRate});
    CHECK(earned({7}, w.block.time) == Amount{0});
}

TEST_CASE("the market tells its parameters", "[market]") {
    MarketParameters parameters;
    parameters.activation_deadline = {77};
    parameters.minimum_deposit = kToken;
    World w(parameters);
    CHECK(*calls::decode_parameters(w.ok(w.user, w.contracts.market, market::parameters()).output) ==
          parameters);
}
