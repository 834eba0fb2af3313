// Profit of orders: promised at creation, minted as they are served, lapsed when they end before.

#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

/// A fee and a profit of five percent, a provider whose orders may be extended, and one pledge that earns.
struct ProfitWorld : PledgeWorld {
    explicit ProfitWorld(std::uint64_t fee = 500, std::uint64_t profit = 500) {
        set("feeBp", fee);
        set("profitBp", profit);
        PledgeParameters pledge = round();
        pledge.epoch_profit = Amount{1'000'000'000};
        pledge_rows::set_parameters(state, pledge);
        Provider p = offer();
        p.renewable = true;
        register_provider(p);
        buy_credits(user, kToken);
        buy_credits(other, kToken);
        this->pledge(other, 1'024);
        next_epoch();
    }
    void set(std::string_view name, std::uint64_t value) {
        ok(contracts.council, contracts.market, market::set_parameter(name, Amount{value}));
    }
    void settle(OrderId id) { ok(stranger, contracts.market, market::settle(id)); }
    Amount promised() { return pledge_rows::totals(state).promised; }
    Amount unclaimed() { return pledge_rows::totals(state).unclaimed; }
};

/// Of an hour of the small order.
constexpr std::uint64_t kProfit = kRate * 500 / 10'000;

}  // namespace

TEST_CASE("an order's profit is fixed at creation and minted as it is served, fully backed", "[profit]") {
    ProfitWorld w;
    const Amount supply = w.state.token_supply();
    const OrderId id = w.run_order(w.user);
    CHECK(w.order(id).profit == Amount{kProfit});
    CHECK(w.order(id).profit_bp == 500);
    CHECK(w.promised() == Amount{kProfit});
    w.wait(1'800);
    const CallResult half = w.ok(w.stranger, w.contracts.market, market::settle(id));
    const auto minted = the<ProfitMinted>(events_of(half));
    CHECK(minted.provider == w.provider);
    CHECK(minted.order == id);
    CHECK(minted.amount == Amount{kProfit / 2});
    CHECK(w.order(id).profit_minted == Amount{kProfit / 2});
    // Settling again in the same second moves nothing.
    const auto again = events_of(w.ok(w.stranger, w.contracts.market, market::settle(id)));
    CHECK(again.size() == 1);
    w.wait(1'800);
    w.settle(id);
    CHECK(w.order(id).status == OrderStatus::completed);
    CHECK(w.order(id).profit_minted == Amount{kProfit});
    CHECK(w.unclaimed() == Amount{kProfit});
    CHECK(w.promised() == Amount{0});
    CHECK(w.earned(w.other) >= kProfit - 1);
    // The fee that was burned is no less than what was minted.
    CHECK(w.state.token_supply() <= supply);
    CHECK(w.state.credit_supply() == w.tokens(w.contracts.credit));
}

TEST_CASE("what was not served brings no profit", "[profit]") {
    ProfitWorld w;
    const OrderId id = w.run_order(w.user);
    w.wait(900);
    w.ok(w.user, w.contracts.market, market::cancel_order(id));
    CHECK(w.order(id).profit_minted == Amount{kProfit / 4});
    CHECK(w.order(id).profit == Amount{kProfit});
    CHECK(w.promised() == Amount{0});
    CHECK(w.unclaimed() == Amount{kProfit / 4});
    // An order that was never activated: all of it lapses.
    const OrderId idle = w.create_order(w.user);
    CHECK(w.promised() == Amount{kProfit});
    w.ok(w.user, w.contracts.market, market::cancel_order(idle));
    CHECK(w.promised() == Amount{0});
    CHECK(w.unclaimed() == Amount{kProfit / 4});
}

TEST_CASE("where nobody earns, profit lapses", "[profit]") {
    ProfitWorld w;
    w.unpledge(w.other, 1'024);
    const OrderId id = w.run_order(w.user);
    const Amount supply = w.state.token_supply();
    w.wait(3'600);
    w.settle(id);
    CHECK(w.order(id).profit_minted == Amount{kProfit});
    CHECK(w.promised() == Amount{0});
    CHECK(w.unclaimed() == Amount{0});
    CHECK(w.state.token_supply() < supply);  // the fee alone
}

TEST_CASE("profit is what the epoch leaves, and never makes an order fail", "[profit]") {
    ProfitWorld w;
    PledgeParameters tight = PledgeWorld::round();
    tight.epoch_profit = Amount{kProfit + 10};
    pledge_rows::set_parameters(w.state, tight);
    const OrderId first = w.create_order(w.user);
    const OrderId second = w.create_order(w.other);
    CHECK(w.order(first).profit == Amount{kProfit});
    CHECK(w.order(second).profit == Amount{10});
    w.next_epoch();
    w.ok(w.other, w.contracts.market, market::cancel_order(second));
    CHECK(w.order(w.create_order(w.other)).profit == Amount{kProfit});
}

TEST_CASE("an order keeps the profit and the fee that it was created with", "[profit]") {
    ProfitWorld w;
    const OrderId id = w.run_order(w.user);
    w.set("profitBp", 0);
    w.set("feeBp", 0);
    w.wait(3'600);
    w.settle(id);
    CHECK(w.order(id).profit_minted == Amount{kProfit});
    CHECK(w.order(id).paid_fee == Amount{kProfit});
    CHECK(w.order(w.create_order(w.user)).profit == Amount{0});
}

TEST_CASE("an extension brings profit for what it adds, at the order's own rate", "[profit]") {
    ProfitWorld w;
    const OrderId id = w.run_order(w.user);
    w.wait(1'800);
    w.settle(id);
    w.set("profitBp", 100);
    const auto extended =
        the<OrderExtended>(events_of(w.ok(w.user, w.contracts.market, market::extend_order(id, {3'600}))));
    CHECK(extended.added_profit == Amount{kProfit});
    CHECK(w.order(id).profit == Amount{2 * kProfit});
    w.wait(5'400);
    w.settle(id);
    CHECK(w.order(id).profit_minted == Amount{2 * kProfit});
    CHECK(w.unclaimed() == Amount{2 * kProfit});
}

TEST_CASE("an extension for which nothing was left takes back no profit", "[profit]") {
    ProfitWorld w;
    const OrderId id = w.run_order(w.user);
    w.wait(3'000);
    w.settle(id);
    const Amount minted = w.order(id).profit_minted;
    PledgeParameters none = PledgeWorld::round();
    none.epoch_profit = {};
    pledge_rows::set_parameters(w.state, none);
    w.ok(w.user, w.contracts.market, market::extend_order(id, {36'000}));
    w.wait(60);
    w.settle(id);
    CHECK(w.order(id).profit_minted == minted);
    w.wait(36'540);
    w.settle(id);
    CHECK(w.order(id).status == OrderStatus::completed);
    CHECK(w.order(id).profit_minted == Amount{kProfit});
}

TEST_CASE("who orders from oneself and pledges to oneself gains nothing", "[profit]") {
    ProfitWorld w;
    w.unpledge(w.other, 1'024);
    w.buy_credits(w.provider, kToken);
    w.ok(w.provider, w.contracts.pledge, calls::pledge::pledge(Amount{1'000}, w.provider));
    w.next_epoch();
    const Amount before = w.credits(w.provider);
    for (const std::uint64_t pause : {1, 7, 59, 3'600}) {
        const OrderId id = w.run_order(w.provider);
        w.wait(pause);
        w.settle(id);
        if (w.order(id).live()) w.ok(w.provider, w.contracts.market, market::cancel_order(id));
    }
    w.ok(w.provider, w.contracts.pledge, calls::pledge::claim(w.provider));
    CHECK(w.credits(w.provider) <= before);
}

TEST_CASE("only the council sets parameters, known ones, within their range", "[parameters]") {
    PledgeWorld w;
    const auto by_council = [&](std::string_view name, const Amount& value) {
        const CallResult result =
            w.call(w.contracts.council, w.contracts.market, market::set_parameter(name, value));
        return result.success ? "" : describe_revert(result.output);
    };
    const auto invalid = [](std::string_view name, const Amount& value) {
        return "InvalidParameter(key=" + name_word(name).hex() + ", value=" + value.decimal() + ")";
    };
    for (const Address& caller : {w.user, w.minter, w.alice, w.contracts.pledge})
        CHECK(w.refused(caller, w.contracts.market, market::set_parameter("feeBp", Amount{1})) ==
              "NotCouncil(caller=" + caller.checksummed() + ")");
    CHECK(by_council("fee", Amount{1}) == "UnknownParameter(key=" + name_word("fee").hex() + ")");
    const Amount ten_years{kMaxDuration.count};
    const std::pair<std::string_view, Amount> refused[] = {
        {"activationDeadline", Amount{0}},
        {"activationDeadline", ten_years + Amount{1}},
        {"maxUnactivated", Amount::power_of_two(32)},
        {"minimumDeposit", Amount::power_of_two(96)},
        {"probationWindow", ten_years + Amount{1}},
        {"maxProbationCancels", Amount::power_of_two(32)},
        {"feeBp", Amount{10'001}},
        {"profitBp", Amount{1}},  // the fee is 0
        {"treasury", Amount::from_word(w.contracts.credit.word())},
        {"treasury", Amount::power_of_two(160)},
        {"activationDeadline", Amount::power_of_two(200)}};
    for (const auto& [name, value] : refused) CHECK(by_council(name, value) == invalid(name, value));
    const std::pair<std::string_view, Amount> taken[] = {
        {"activationDeadline", Amount{1}},
        {"activationDeadline", ten_years},
        {"maxUnactivated", Amount{0xffffffff}},
        {"minimumDeposit", Amount::power_of_two(96) - Amount{1}},
        {"probationWindow", Amount{0}},
        {"maxProbationCancels", Amount{0}},
        {"feeBp", Amount{10'000}},
        {"profitBp", Amount{10'000}},
        {"treasury", Amount::from_word(w.user.word())}};
    for (const auto& [name, value] : taken) CHECK(by_council(name, value).empty());
    CHECK(by_council("feeBp", Amount{9'999}) == invalid("feeBp", Amount{9'999}));  // below the profit
    const MarketParameters now = w.state.parameters().market;
    CHECK(now.activation_deadline == kMaxDuration);
    CHECK(now.minimum_deposit == Amount::power_of_two(96) - Amount{1});
    CHECK(now.fee_bp == 10'000);
    CHECK(now.profit_bp == 10'000);
    CHECK(now.treasury == w.user);
    // And through a proposal, as it is meant.
    CHECK(
        events_of(w.by_council(w.contracts.market, market::set_parameter("profitBp", Amount{5}))) ==
        std::vector<Event>{ParameterSet{name_word("profitBp"), Amount{5}}, ProposalExecuted{1, w.stranger}});
    CHECK(*calls::decode_parameters(w.ok(w.user, w.contracts.market, market::parameters()).output) ==
          w.state.parameters().market);
}

TEST_CASE("a provider grants probation to who has pledged", "[probation]") {
    PledgeWorld w;
    Provider p = w.offer();
    p.probation = {600};
    p.probation_pledge = Amount{100};
    w.register_provider(p);
    const auto permission = [&](std::uint64_t least) {
        return market::check_permission(w.user, w.provider, kToken, {least});
    };
    CHECK(w.entry().probation_pledge == Amount{100});
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.market, permission(0)).output) == 0);
    CHECK(w.refused(w.user, w.contracts.market, permission(1)) == "PledgeTooSmall(pledged=0, wanted=100)");
    w.pledge(w.user, 99);
    CHECK(w.refused(w.user, w.contracts.market, w.create({60}, {1})) ==
          "PledgeTooSmall(pledged=99, wanted=100)");
    w.pledge(w.user, 1);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.market, permission(600)).output) == 600);
    CHECK(w.refused(w.user, w.contracts.market, permission(601)) ==
          "ProbationTooShort(offered=600, wanted=601)");
    // What unbonds is no pledge.
    w.unpledge(w.user, 1);
    CHECK(w.refused(w.user, w.contracts.market, permission(1)) == "PledgeTooSmall(pledged=99, wanted=100)");
    w.ok(w.user, w.contracts.market, w.create({1}));
    CHECK(w.order({1}).probation == Seconds{0});
}

TEST_CASE("an order is made out of tokens in one transaction", "[permit]") {
    PledgeWorld w;
    const auto terms = [&](const Amount& value) {
        return calls::token::PermitTerms{
            w.stranger, w.contracts.credit, value,
            *calls::decode_amount(w.ok(w.user, w.contracts.token, calls::token::nonces(w.stranger)).output),
            Amount{w.block.time.seconds}};
    };
    const auto sign = [&](const calls::token::PermitTerms& t) {
        return key(5).sign(calls::token::permit_digest(t, w.block.chain_id, w.contracts.token));
    };
    const auto create = [&](const calls::token::PermitTerms& t, const Signature& signature) {
        return market::create_order_with_permit(w.provider, w.small(), w.offer().prices, {3'600}, {}, t,
                                                signature);
    };
    // The permit's guards come before the order's.
    auto late = terms(Amount{kRate});
    late.deadline = Amount{1};
    CHECK(w.refused(w.stranger, w.contracts.market, create(late, sign(late))) ==
          "ERC2612ExpiredSignature(deadline=1)");
    const auto none = terms(Amount{0});
    CHECK(w.refused(w.stranger, w.contracts.market, create(none, sign(none))) == "ZeroAmount()");
    // Too few: nothing was bought either.
    const auto few = terms(Amount{kRate - 1});
    CHECK(w.refused(w.stranger, w.contracts.market, create(few, sign(few))) ==
          "InsufficientCredits(needed=37879200, available=37879199)");
    CHECK(w.credits(w.stranger) == Amount{0});

    const auto enough = terms(Amount{kRate});
    const auto events = events_of(w.ok(w.stranger, w.contracts.market, create(enough, sign(enough))));
    CHECK(the<CreditPurchased>(events) == CreditPurchased{w.stranger, Amount{kRate}});
    CHECK(the<OrderCreated>(events).order.user == w.stranger);
    w.ok(w.stranger, w.contracts.market, market::cancel_order({1}));
    w.ok(w.stranger, w.contracts.credit, calls::credit::redeem(Amount{kRate}));

    Quote quote = w.quote();
    quote.user = w.stranger;
    quote.renewable = true;
    const Bytes signature =
        w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.contracts.market)).rsv();
    const auto for_quote = terms(kToken);
    w.ok(w.stranger, w.contracts.market,
         market::create_order_with_quote_and_permit(quote, signature, for_quote, sign(for_quote)));
    w.ok(w.stranger, w.contracts.market, market::activate_order({2}));
    w.ok(w.stranger, w.contracts.credit, calls::credit::redeem(w.credits(w.stranger)));
    const auto for_more = terms(Amount{10'000});
    w.ok(w.stranger, w.contracts.market,
         market::extend_order_with_permit({2}, {60}, for_more, sign(for_more)));
    CHECK(w.order({2}).duration.count == quote.duration.count + 60);
    // Nobody buys with somebody else's permit.
    const auto theirs = terms(Amount{kRate});
    CHECK(revert_name(w.call(w.user, w.contracts.market, create(theirs, sign(theirs))).output) ==
          "ERC2612InvalidSigner");
}
