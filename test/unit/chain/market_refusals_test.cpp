// Calls on the market that are refused, and why.
#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

std::string id_text(OrderId id) {
    return std::to_string(id.value);
}

}  // namespace

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
