// An order from the escrow to the last unit.
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

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
