// Orders that grow, and orders that go on as another.

#include "chain/settlement.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

/// Order 1 runs for an hour from now on, extendable.
struct Renewable : World {
    explicit Renewable(std::uint64_t probation = 0) {
        Provider p = offer();
        p.renewable = true;
        p.probation = {probation};
        register_provider(p);
        buy_credits(user, kToken);
        run_order(user);
    }
    CallResult extend(std::uint64_t seconds) {
        return ok(user, contracts.market, market::extend_order({1}, {seconds}));
    }
    std::string not_extended(std::uint64_t seconds) {
        return refused(user, contracts.market, market::extend_order({1}, {seconds}));
    }
    /// A quote that continues order 1 at half its resources.
    Quote next() const {
        Quote q = quote();
        q.replaces = {1};
        q.prices = offer().prices;
        q.resources = {500, 256, 500, 0};
        q.duration = {7'200};
        return q;
    }
    CallResult replace(const Quote& q) { return ok(user, contracts.market, replace_with(q, provider_key)); }
    std::string not_replaced(const Quote& q, const Address& by) {
        return refused(by, contracts.market, replace_with(q, provider_key));
    }
};

}  // namespace

TEST_CASE("an extension adds time at the same prices, and its deposit", "[market][extend]") {
    Renewable w;
    const Timestamp begun = w.block.time;
    CHECK(w.order({1}).renewable);
    w.wait(1'800);
    const auto events = events_of(w.extend(1'800));
    const Amount half{kRate / 2};
    CHECK(the<OrderExtended>(events) ==
          OrderExtended{{1},
                        w.user,
                        {1'800},
                        {5'400},
                        half,
                        Amount{0},
                        {Amount{kRate} + half, {}, {}, {}, {}, begun + Seconds{5'400}}});
    CHECK(the<CreditTransfer>(events) == CreditTransfer{w.user, w.contracts.market, half});
    CHECK(w.credits(w.contracts.market) == Amount{kRate} + half);
    w.wait(1'800);  // the old end
    w.ok(w.stranger, w.contracts.market, market::settle({1}));
    CHECK(w.order({1}).status == OrderStatus::running);
    CHECK(w.credits(w.provider) == Amount{kRate});
    w.wait(1'800);
    w.ok(w.stranger, w.contracts.market, market::settle({1}));
    CHECK(w.order({1}).status == OrderStatus::completed);
    CHECK(w.credits(w.provider) == Amount{kRate} + half);
    CHECK(w.credits(w.user) == kToken - Amount{kRate} - half);
}

TEST_CASE("an order is extended until one second before its end", "[market][extend]") {
    Renewable w;
    w.wait(3'599);
    w.extend(1);
    w.wait(1);
    w.extend(1);
    w.wait(2);
    CHECK(w.not_extended(1) == "OrderPastEnd(id=1, endsAt=" + std::to_string(w.block.time.seconds) + ")");
}

TEST_CASE("an order grows to ten years and no further", "[market][extend]") {
    Renewable w;
    CHECK(w.not_extended(0) == "InvalidDuration(secs=0)");
    const std::uint64_t rest = kMaxDuration.count - 3'600;
    CHECK(w.not_extended(rest + 1) == "InvalidDuration(secs=" + std::to_string(rest + 1) + ")");
    CHECK(w.not_extended(~0ull) == "InvalidDuration(secs=18446744073709551615)");
    w.ok(w.user, w.contracts.credit, calls::credit::redeem(w.credits(w.user)));
    CHECK(w.not_extended(rest).rfind("InsufficientCredits(", 0) == 0);
    // Free of charge it fits.
    Order order = w.order({1});
    order.prices = {};
    order.deposit = {};
    w.state.set_order(order);
    w.extend(rest);
    CHECK(w.order({1}).duration == kMaxDuration);
    CHECK(w.not_extended(1) == "InvalidDuration(secs=1)");
}

TEST_CASE("only a renewable order is extended, by its user alone", "[market][extend]") {
    Renewable w;
    for (const Address& by : {w.provider, w.stranger, w.operator_key.address()})
        CHECK(w.refused(by, w.contracts.market, market::extend_order({1}, {60})) ==
              "NotParty(id=1, caller=" + by.checksummed() + ")");
    CHECK(w.refused(w.user, w.contracts.market, market::extend_order({9}, {60})) == "UnknownOrder(id=9)");
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    CHECK(w.not_extended(60) == "WrongStatus(id=1, status=3)");
    w.register_provider(w.offer());  // no longer renewable
    w.create_order(w.user);
    CHECK(w.not_extended(60) == "StaleOrder(id=1)");
    const Bytes extend = market::extend_order({2}, {60});
    CHECK(w.refused(w.user, w.contracts.market, extend) == "WrongStatus(id=2, status=1)");
    w.ok(w.provider, w.contracts.market, market::activate_order({2}));
    CHECK(w.refused(w.user, w.contracts.market, extend) == "NotRenewable(id=2)");
    w.wait(3'600);
    CHECK(revert_name(w.call(w.user, w.contracts.market, extend).output) == "OrderPastEnd");
}

TEST_CASE("what was renewable at creation stays so, and a quote says it for itself", "[market][extend]") {
    Renewable w;
    w.register_provider(w.offer());
    w.extend(60);
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    Quote q = w.quote();
    q.renewable = true;
    w.ok(w.user, w.contracts.market, w.with_quote(q, w.provider_key));
    w.ok(w.user, w.contracts.market, market::activate_order({2}));
    CHECK(w.order({2}).renewable);
    w.ok(w.user, w.contracts.market, market::extend_order({2}, {60}));
}

TEST_CASE("an order that is suspended can be extended, and the end stays unknown in probation",
          "[market][extend]") {
    Renewable w(100);
    w.ok(w.provider, w.contracts.market, market::suspend({1}));
    w.wait(50'000);
    CHECK(the<OrderExtended>(events_of(w.extend(400))).balance.ends_at == settlement::kUnknownEnd);
    w.ok(w.provider, w.contracts.market, market::resume({1}));
    CHECK(w.order({1}).ends_at() == w.block.time + Seconds{100 + 3'600 + 400});
}

TEST_CASE("a replacement ends the old order and starts the new one in the same second", "[market][replace]") {
    Renewable w;
    w.wait(900);
    const CallResult result = w.replace(w.next());
    CHECK(*calls::decode_order_id(result.output) == OrderId{2});
    const auto events = events_of(result);
    const Amount quarter{kRate / 4};
    const auto completed = the<OrderCompleted>(events);
    CHECK(completed.id == OrderId{1});
    CHECK(completed.balance.accrued == quarter);
    CHECK(completed.balance.paid_user == Amount{kRate} - quarter);
    CHECK(the<OrderReplaced>(events) == OrderReplaced{{1}, {2}});
    const auto created = the<OrderCreated>(events).order;
    CHECK((created.replaces == OrderId{1} && created.user_check && created.provider_check));
    CHECK(the<QuoteUsed>(events).id == OrderId{2});
    CHECK(the<OrderActivated>(events).starts_at == w.block.time);
    const Order now = w.order({2});
    CHECK(now.status == OrderStatus::running);
    CHECK(now.activated_at == w.block.time);
    CHECK(now.deposit == Amount{kRate});  // half as much for twice as long
    CHECK(w.order({1}).status == OrderStatus::completed);
    CHECK(w.credits(w.provider) == quarter);
    CHECK(w.credits(w.user) == kToken - quarter - Amount{kRate});
    CHECK(w.credits(w.contracts.market) == Amount{kRate});
    CHECK(w.entry().available == Resources{7'500, 16'128, 99'500, 2});
    CHECK(w.state.unactivated(w.user) == 0);
    CHECK(w.state.current(w.user, w.provider) == OrderId{2});
    w.wait(7'200);
    w.ok(w.stranger, w.contracts.market, market::settle({2}));
    CHECK(w.credits(w.provider) == quarter + Amount{kRate});
    CHECK(w.entry().available == w.offer().total);
}

TEST_CASE("the rest of a probation goes on in the replacement, and there is no second one",
          "[market][replace]") {
    Renewable w(300);
    const Timestamp start = w.order({1}).starts_at();
    const auto [wait, left] =
        GENERATE(table<std::uint64_t, std::uint64_t>({{0, 300}, {299, 1}, {300, 0}, {301, 0}}));
    w.wait(wait);
    Quote q = w.next();
    q.probation = {100'000};
    w.replace(q);
    CHECK(w.order({2}).probation == Seconds{left});
    CHECK(w.order({2}).starts_at() == std::max(start, w.block.time));
    CHECK(w.order({1}).accrued == Amount{wait == 301 ? kRate / 3'600 : 0});
}

TEST_CASE("a suspended order is replaced: what was left of its probation is left", "[market][replace]") {
    Renewable w(300);
    w.wait(100);
    w.ok(w.provider, w.contracts.market, market::suspend({1}));
    w.wait(10'000);
    w.replace(w.next());
    CHECK(w.order({2}).probation == Seconds{200});
    CHECK(w.order({2}).suspended_since == Timestamp{});
}

TEST_CASE("the credits and resources of the old order serve for the new one", "[market][replace]") {
    Renewable w;
    Quote q = w.next();
    q.resources = {8'000, 512, 1'000, 0};  // all the cores there are
    q.prices = {Amount{1}, Amount{1}, Amount{1}, Amount{0}};
    const Amount rest = w.credits(w.user);
    w.ok(w.user, w.contracts.credit, calls::credit::redeem(rest));
    w.replace(q);
    CHECK(w.order({2}).resources == q.resources);
}

TEST_CASE("a replacement that cannot be paid or placed leaves the old order as it was", "[market][replace]") {
    Renewable w;
    w.wait(600);
    Quote q = w.next();
    SECTION("resources") {
        q.resources.gpus = 3;
        CHECK(w.not_replaced(q, w.user) == "InsufficientResources(resource=3, wanted=3, available=2)");
    }
    SECTION("credits") {
        q.prices.gpus = Amount::power_of_two(90);
        q.resources.gpus = 1;
        CHECK(w.not_replaced(q, w.user).rfind("InsufficientCredits(", 0) == 0);
    }
    CHECK(w.order({1}).status == OrderStatus::running);
    CHECK(w.credits(w.contracts.market) == Amount{kRate});
}

TEST_CASE("a replacement checks the old order first, then the quote", "[market][replace]") {
    Renewable w;
    Quote q = w.next();
    q.replaces = {0};
    CHECK(w.not_replaced(q, w.user) == "UnknownOrder(id=0)");
    q.replaces = {7};
    CHECK(w.not_replaced(q, w.user) == "UnknownOrder(id=7)");
    q = w.next();
    CHECK(w.not_replaced(q, w.provider) == "NotParty(id=1, caller=" + w.provider.checksummed() + ")");
    q.provider = w.other;
    CHECK(w.not_replaced(q, w.user) == "QuoteReplaces(id=1)");
    q = w.next();
    q.duration = {0};
    CHECK(w.not_replaced(q, w.user) == "InvalidDuration(secs=0)");
    q = w.next();
    q.probation = {kMaxDuration.count + 1};
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key)).output) ==
          "InvalidDuration");
    q = w.next();
    q.user = w.other;
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key)).output) ==
          "QuoteNotForCaller");
    q = w.next();
    CHECK(w.refused(w.user, w.contracts.market, w.replace_with(q, w.user_key)) ==
          "QuoteSignerUnknown(signer=" + w.user.checksummed() + ")");
    // A quote that continues is none that begins, and the other way round.
    w.ok(w.provider, w.contracts.market, market::cancel_order({1}));
    CHECK(w.not_replaced(q, w.user) == "WrongStatus(id=1, status=3)");
    CHECK(w.refused(w.user, w.contracts.market, w.with_quote(q, w.provider_key)) == "QuoteReplaces(id=1)");
    w.create_order(w.user);
    CHECK(w.not_replaced(q, w.user) == "StaleOrder(id=1)");
    q.replaces = {2};
    CHECK(w.not_replaced(q, w.user) == "WrongStatus(id=2, status=1)");
    w.ok(w.provider, w.contracts.market, market::activate_order({2}));
    q.valid_until = w.block.time;
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key)).output) ==
          "QuoteExpired");
    w.ok(w.provider, w.contracts.registry, calls::registry::deregister());
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key)).output) ==
          "ProviderInactive");
    w.wait(3'600);
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key)).output) ==
          "OrderPastEnd");
}

TEST_CASE("one second before its end an order is replaced, at its end no more", "[market][replace]") {
    Renewable w;
    Quote q = w.next();
    q.valid_until = w.block.time + Seconds{10'000};
    w.wait(3'599 + GENERATE(0u, 1u));
    const bool late = w.block.time >= w.order({1}).ends_at();
    const CallResult result = w.call(w.user, w.contracts.market, w.replace_with(q, w.provider_key));
    CHECK(result.success != late);
    if (late) CHECK(revert_name(result.output) == "OrderPastEnd");
}
