// The protocol's fee: a part of what accrues, to the treasury or out of the world.

#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

constexpr Amount kHour{kRate};

MarketParameters with_fee(std::uint16_t fee_bp, const Address& treasury = {}) {
    MarketParameters p;
    p.fee_bp = fee_bp;
    p.treasury = treasury;
    return p;
}

Amount fee_of(const Amount& accrued, std::uint64_t bp) {
    return accrued * Amount{bp} / Amount{10'000};
}

}  // namespace

TEST_CASE("the fee goes to the treasury as it accrues, out of the provider's part", "[market][fee]") {
    const Address treasury = key(9).address();
    World w(with_fee(250, treasury));
    w.open_market();
    const OrderId id = w.run_order(w.user);
    CHECK(w.order(id).fee_bp == 250);
    w.wait(1'200);
    const auto settled =
        the<OrderSettled>(events_of(w.ok(w.stranger, w.contracts.market, market::settle(id))));
    const Amount third{kRate / 3};
    const Amount fee = fee_of(third, 250);
    CHECK(settled.balance.accrued == third);
    CHECK(settled.balance.paid_fee == fee);
    CHECK(settled.balance.paid_provider == third - fee);
    CHECK(w.credits(treasury) == fee);
    CHECK(w.credits(w.provider) == third - fee);
    CHECK(w.credits(w.contracts.market) == kHour - third);
    w.wait(2'400);
    w.ok(w.stranger, w.contracts.market, market::settle(id));
    CHECK(w.credits(treasury) == fee_of(kHour, 250));
    CHECK(w.credits(w.provider) == kHour - fee_of(kHour, 250));
    CHECK(w.credits(w.user) == kToken - kHour);
    CHECK(w.credits(w.contracts.market) == Amount{0});
    CHECK(w.order(id).paid_fee == fee_of(kHour, 250));
}

TEST_CASE("without a treasury the fee is burned, and the tokens behind it", "[market][fee]") {
    World w(with_fee(1'000));
    w.open_market();
    const Amount tokens = w.token_supply();
    const Amount credits = w.state.credit_supply();
    const OrderId id = w.run_order(w.user);
    w.wait(3'600);
    const auto events = events_of(w.ok(w.stranger, w.contracts.market, market::settle(id)));
    const Amount fee = fee_of(kHour, 1'000);
    CHECK(the<TokenTransfer>(events) == TokenTransfer{w.contracts.credit, {}, fee});
    CHECK(std::count(events.begin(), events.end(), Event{CreditTransfer{w.contracts.market, {}, fee}}) == 1);
    CHECK(w.token_supply() == tokens - fee);
    CHECK(w.state.credit_supply() == credits - fee);
    CHECK(w.tokens(w.contracts.credit) == w.state.credit_supply());
    CHECK(w.credits(w.provider) == kHour - fee);
    CHECK(w.credits(w.contracts.market) == Amount{0});
}

TEST_CASE("settling every second takes no more fee than settling once", "[market][fee]") {
    const Address treasury = key(9).address();
    World w(with_fee(333, treasury));
    w.open_market();
    w.run_order(w.user, {61});
    w.run_order(w.other, {61});
    for (int second = 0; second < 61; ++second) {
        w.wait(1);
        w.ok(w.stranger, w.contracts.market, market::settle({1}));
    }
    w.ok(w.stranger, w.contracts.market, market::settle({2}));
    CHECK(w.order({1}).paid_fee == w.order({2}).paid_fee);
    CHECK(w.order({1}).paid_provider == w.order({2}).paid_provider);
    CHECK(w.credits(treasury) == w.order({1}).paid_fee + w.order({2}).paid_fee);
    CHECK(w.credits(w.contracts.market) == Amount{0});
}

TEST_CASE("what was not earned pays no fee", "[market][fee]") {
    World w(with_fee(10'000, key(9).address()));
    w.open_market();
    const OrderId first = w.create_order(w.user);
    w.ok(w.user, w.contracts.market, market::cancel_order(first));
    CHECK(w.credits(w.user) == kToken);
    const OrderId id = w.run_order(w.user);
    w.wait(900);
    w.ok(w.user, w.contracts.market, market::cancel_order(id));
    // All of what accrued is the protocol's here, and nothing else.
    CHECK(w.credits(key(9).address()) == Amount{kRate / 4});
    CHECK(w.credits(w.provider) == Amount{0});
    CHECK(w.credits(w.user) == kToken - Amount{kRate / 4});
}

TEST_CASE("an order keeps the fee of the day when it was made", "[market][fee]") {
    World w(with_fee(100, key(9).address()));
    w.open_market();
    const OrderId id = w.run_order(w.user);
    ChainParameters dearer = w.state.parameters();
    dearer.market.fee_bp = 5'000;
    dearer.market.treasury = key(8).address();
    w.state.set_parameters(dearer);
    w.wait(3'600);
    w.ok(w.stranger, w.contracts.market, market::settle(id));
    CHECK(w.order(id).paid_fee == fee_of(kHour, 100));
    // Whom it goes to is not the order's concern.
    CHECK(w.credits(key(8).address()) == fee_of(kHour, 100));
}

TEST_CASE("a provider's withdrawal pays the fee that belongs to it", "[market][fee]") {
    World w(with_fee(1'000, key(9).address()));
    w.open_market();
    const OrderId id = w.run_order(w.user);
    Order order = w.order(id);
    order.status = OrderStatus::cancelled;
    order.accrued = Amount{1'000};
    w.state.set_order(order);
    CHECK(w.refused(w.provider, w.contracts.market, market::withdraw(id, Amount{901})) ==
          "ExceedsClaimable(amount=901, claimable=900)");
    const auto paid =
        the<Withdrawn>(events_of(w.ok(w.provider, w.contracts.market, market::withdraw(id, Amount{1}))));
    CHECK(paid.balance.paid_fee == Amount{100});
    CHECK(w.credits(key(9).address()) == Amount{100});
    w.ok(w.provider, w.contracts.market, market::withdraw(id, Amount{899}));
    w.ok(w.user, w.contracts.market, market::withdraw(id, kHour - Amount{1'000}));
    CHECK(w.credits(w.contracts.market) == Amount{0});
}

TEST_CASE("genesis refuses a fee of more than all, and a contract as treasury", "[genesis][fee]") {
    Genesis genesis = development_genesis();
    genesis.market.fee_bp = 10'000;
    CHECK(check_genesis(genesis));
    genesis.market.fee_bp = 10'001;
    CHECK(check_genesis(genesis).error().message == "market.fee_bp: expected 0 to 10000, came 10001");
    genesis.market.fee_bp = 0;
    const ContractAddresses c = embedded_addresses();
    for (const Address& contract : {c.token, c.credit, c.registry, c.market}) {
        genesis.market.treasury = contract;
        CHECK(check_genesis(genesis).error().message.find(
                  "market.treasury: expected the account of a person") == 0);
    }
}
