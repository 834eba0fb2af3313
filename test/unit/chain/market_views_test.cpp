// Pages of orders, and what createOrder would say.

#include "chain/settlement.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

calls::EndingOrders ending(World& w, Timestamp t, OrderId from, std::uint64_t limit) {
    return *calls::decode_ending_orders(
        w.ok(w.stranger, w.contracts.market, market::orders_ending_before(t, from, limit)).output);
}

std::vector<OrderId> ids(std::initializer_list<std::uint64_t> numbers) {
    std::vector<OrderId> list;
    for (const std::uint64_t number : numbers) list.push_back({number});
    return list;
}

std::vector<Order> many(World& w, const std::vector<OrderId>& wanted) {
    return *calls::decode_orders(w.ok(w.stranger, w.contracts.market, market::get_many(wanted)).output);
}

/// `count` users with one order each.
void crowd(World& w, std::size_t count, Seconds duration) {
    for (std::size_t i = 0; i < count; ++i) {
        const Address user = key(static_cast<std::uint8_t>(20 + i)).address();
        w.state.set_credit_balance(user, kToken);
        const Bytes create = market::create_order(w.provider, {1, 1, 1, 0}, w.offer().prices, duration, {});
        const auto id = *calls::decode_order_id(w.ok(user, w.contracts.market, create).output);
        w.ok(w.provider, w.contracts.market, market::activate_order(id));
    }
}

}  // namespace

TEST_CASE("many orders are read at once, in the order asked for", "[market][views]") {
    World w;
    w.open_market();
    w.run_order(w.user);
    w.create_order(w.other);
    const auto orders = many(w, ids({2, 9, 1, 2, 0}));
    REQUIRE(orders.size() == 5);
    CHECK(orders[0] == w.order({2}));
    CHECK(orders[1] == Order{});
    CHECK(orders[2] == w.order({1}));
    CHECK(orders[3] == orders[0]);
    CHECK(orders[4] == Order{});
    CHECK(many(w, {}).empty());
    CHECK(many(w, std::vector<OrderId>(100, OrderId{1})).size() == 100);
    CHECK(w.refused(w.user, w.contracts.market, market::get_many(std::vector<OrderId>(101, OrderId{1}))) ==
          "TooMany(given=101, limit=100)");
    Bytes wide = market::get_many(ids({1}));
    wide[4 + 64] = 1;  // an id of more than 64 bits
    CHECK(w.refused(w.user, w.contracts.market, wide) == "empty");
}

TEST_CASE("orders that end are listed by their end, page by page", "[market][views]") {
    World w;
    w.open_market();
    crowd(w, 5, {100});
    const Timestamp end = w.block.time + Seconds{100};
    CHECK(ending(w, {end.seconds - 1}, {}, 100).ids.empty());
    CHECK(ending(w, end, {}, 100).ids == ids({1, 2, 3, 4, 5}));
    CHECK(ending(w, end, {}, 100).next == OrderId{0});
    CHECK(ending(w, end, {3}, 100).ids == ids({3, 4, 5}));
    CHECK(ending(w, end, {6}, 100).ids.empty());
    CHECK(ending(w, end, {~0ull}, 100).next == OrderId{0});
    const auto page = ending(w, end, {1}, 2);
    CHECK(page.ids == ids({1, 2}));
    CHECK(page.next == OrderId{3});
    CHECK(ending(w, end, page.next, 2).ids == ids({3, 4}));
    CHECK(ending(w, end, {4}, 2).next == OrderId{0});
    CHECK(ending(w, end, {4}, 0).next == OrderId{4});
    CHECK(w.refused(w.user, w.contracts.market, market::orders_ending_before(end, {}, 101)) ==
          "TooMany(given=101, limit=100)");
}

TEST_CASE("only running orders whose end is known are said to end", "[market][views]") {
    World w;
    Provider p = w.offer();
    p.probation = {50};
    w.register_provider(p);
    crowd(w, 4, {100});
    const Timestamp end = w.block.time + Seconds{150};
    w.ok(w.provider, w.contracts.market, market::suspend({1}));  // before S: nobody knows
    w.ok(w.provider, w.contracts.market, market::cancel_order({2}));
    CHECK(ending(w, end, {}, 100).ids == ids({3, 4}));
    CHECK(ending(w, settlement::kUnknownEnd, {}, 100).ids == ids({3, 4}));
    w.wait(60);
    w.ok(w.provider, w.contracts.market, market::suspend({3}));  // after S: the end stays
    w.ok(w.provider, w.contracts.market, market::resume({1}));
    CHECK(ending(w, end, {}, 100).ids == ids({3, 4}));
    CHECK(ending(w, end + Seconds{60}, {}, 100).ids == ids({1, 3, 4}));
}

TEST_CASE("one call looks at ten thousand orders and tells where to go on", "[market][views]") {
    World w;
    w.open_market();
    w.run_order(w.user, {100});
    Order order = w.order({1});
    const Timestamp end = order.ends_at();
    for (std::uint64_t id = 2; id <= 10'002; ++id) {
        order.id = {id};
        order.status = id == 10'002 ? OrderStatus::running : OrderStatus::completed;
        w.state.set_order(order);
    }
    const auto first = ending(w, end, {}, 100);
    CHECK(first.ids == ids({1}));
    CHECK(first.next == OrderId{10'001});
    const auto second = ending(w, end, first.next, 100);
    CHECK(second.ids == ids({10'002}));
    CHECK(second.next == OrderId{0});
}

TEST_CASE("checkPermission says what createOrder would, without doing it", "[market][views]") {
    MarketParameters parameters;
    parameters.minimum_deposit = Amount{1'000};
    parameters.max_unactivated = 1;
    World w(parameters);
    const auto permission = [&](const Address& user, std::uint64_t deposit, std::uint64_t probation) {
        return market::check_permission(user, w.provider, Amount{deposit}, {probation});
    };
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.user, 1'000, 0)) ==
          "UnknownProvider(provider=" + w.provider.checksummed() + ")");
    Provider p = w.offer();
    p.probation = {300};
    p.accepts_offers = false;  // another matter: a quote may be had
    w.register_provider(p);
    const auto granted = [&](const Address& user) {
        return *calls::decode_u64(w.ok(w.stranger, w.contracts.market, permission(user, 1'000, 0)).output);
    };
    CHECK(granted(w.user) == 300);
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.user, 999, 0)) ==
          "DepositBelowMinimum(deposit=999, minimum=1000)");
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.user, 1'000, 301)) ==
          "ProbationTooShort(offered=300, wanted=301)");
    p.accepts_offers = true;
    w.register_provider(p);
    w.buy_credits(w.user, kToken);
    w.create_order(w.user);
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.user, 1'000, 0)) == "OrderExists(id=1)");
    w.ok(w.provider, w.contracts.market, market::activate_order({1}));
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    CHECK(granted(w.user) == 0);
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.user, 1'000, 1)) ==
          "ProbationUsed(user=" + w.user.checksummed() + ", provider=" + w.provider.checksummed() + ")");
    CHECK(granted(w.other) == 300);
    w.ok(w.provider, w.contracts.registry, calls::registry::deregister());
    CHECK(w.refused(w.stranger, w.contracts.market, permission(w.other, 1'000, 0)) ==
          "ProviderInactive(provider=" + w.provider.checksummed() + ")");
}
