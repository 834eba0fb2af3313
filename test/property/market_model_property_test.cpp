// The native Market against a model that is written independently of it (market_model.hpp): random calls by
// several people, at and around every edge of time. After each call the status, the error, every balance and
// every order must be the model's. GRID_PROPERTY_RUNS says how many sequences.

#include <array>

#include "chain/council_calls.hpp"
#include "property/dice.hpp"
#include "property/market_model_checks.hpp"
#include "property/runs.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

enum class Act : std::uint8_t {
    create,
    quote,
    replace,
    activate,
    suspend,
    resume,
    extend,
    report,
    cancel,
    settle,
    settle_many,
    withdraw,
    cancel_quote,
    bump,
    registry,
    parameter
};
constexpr int kActs = 16;

/// 0 and 1 are providers, 3 is their operator key; everybody may do everything.
class Play {
public:
    explicit Play(std::uint64_t seed)
        : dice_(seed), parameters_(make_parameters()), model_(parameters_), state_(make_state()) {
        for (const Address& person : people()) {
            run(person, contracts_.token, calls::token::approve(contracts_.credit, Amount{kMoney}), "");
            run(person, contracts_.credit, calls::credit::purchase(Amount{kMoney}), "");
            model_.credits[person] = Amount{kMoney};
        }
        for (int i = 0; i < 2; ++i) enlist(people()[static_cast<std::size_t>(i)]);
        // Somebody earns with the first provider, and nobody with the second.
        const Address pledger = key(10).address();
        run(pledger, contracts_.token, calls::token::approve(contracts_.credit, Amount{kPledge}), "");
        run(pledger, contracts_.credit, calls::credit::purchase(Amount{kPledge}), "");
        run(pledger, contracts_.pledge, calls::pledge::pledge(Amount{kPledge}, people()[0]), "");
        block_.time.seconds += kEpoch;
        model_.earning = {people()[0]};
        model_.epoch_length = kEpoch;
        model_.epoch_profit = Amount{kEpochProfit};
    }

    void step() {
        move_clock();
        ++block_.number;
        const Address& who = people()[dice_.below(4)];
        const std::vector<Amount> accrued_before = accrued();
        act(who);
        check(accrued_before);
    }

    /// All that still runs is settled at the end of time, in two orders of calls: the payouts are the same.
    void finish() {
        block_.time.seconds += 1'000'000;
        const std::size_t mark = state_.checkpoint();
        for (std::uint64_t id = 1; id <= model_.orders.size(); ++id) settle(id);
        const auto paid = balances();
        state_.rollback(mark);
        for (std::uint64_t id = model_.orders.size(); id > 0; --id)
            for (int twice = 0; twice < 2; ++twice) settle(id);
        RC_ASSERT(balances() == paid);
        for (std::uint64_t id = 1; id <= model_.orders.size(); ++id) model_.settle(id, block_.time.seconds);
        check(accrued());
    }

    const std::array<std::size_t, kActs>& succeeded() const { return succeeded_; }

private:
    static constexpr std::uint64_t kMoney = 1'000'000'000;
    static constexpr std::uint64_t kPledge = 777;
    static constexpr std::uint64_t kEpoch = 200;
    static constexpr std::uint64_t kEpochProfit = 3'000;

    MarketParameters make_parameters() {
        MarketParameters p;
        p.activation_deadline = {300};
        p.max_unactivated = 2;
        p.minimum_deposit = Amount{50};
        p.probation_window = {dice_.one_in(4) ? 0u : 2'000u};
        p.max_probation_cancels = 1;
        const std::uint16_t fees[] = {0, 1, 250, 3'333, 10'000};
        p.fee_bp = fees[dice_.below(5)];
        p.profit_bp = static_cast<std::uint16_t>(dice_.below(p.fee_bp + 1u));
        if (dice_.one_in(2)) p.treasury = key(9).address();
        return p;
    }

    State make_state() const {
        Genesis g;
        g.token_cap = Amount{10 * kMoney};
        g.market = parameters_;
        g.pledge.epoch_length = {kEpoch};
        g.pledge.epoch_profit = Amount{kEpochProfit};
        g.allocations.emplace_back(key(10).address(), Amount{kPledge});
        for (const Address& account : people()) g.allocations.emplace_back(account, Amount{kMoney});
        return make_genesis_state(g);
    }

    /// Waits a little, or goes to an edge of some order: S, E, its deadline, one before, one after.
    void move_clock() {
        const std::uint64_t now = block_.time.seconds;
        if (dice_.one_in(3)) return;
        if (model_.orders.empty() || dice_.one_in(2)) {
            block_.time.seconds += dice_.below(dice_.one_in(8) ? 2'000 : 60);
            return;
        }
        const auto& order = model_.orders[some_id(true) - 1];
        std::uint64_t edge = order.deadline;
        if (order.activated != 0) {
            edge = MarketModel::start(order, now);
            if (dice_.one_in(2)) edge = MarketModel::end(order, now).value_or(edge);
        }
        edge += dice_.below(3) - 1;
        if (edge > now) block_.time.seconds = edge;
    }

    /// Mostly one of the newest; now and then none that exists.
    std::uint64_t some_id(bool exists = false) {
        const std::uint64_t last = model_.orders.size();
        if (!exists && dice_.one_in(12)) return dice_.one_in(2) ? 0 : last + 1;
        if (last == 0) return 1;
        return dice_.one_in(5) ? 1 + dice_.below(last) : last - dice_.below(std::min<std::uint64_t>(last, 3));
    }

    /// What moves orders comes more often than the rest.
    Act any_act() {
        static constexpr std::array<std::uint8_t, kActs> kWeights{3, 3, 3, 6, 4, 4, 3, 1,
                                                                  2, 3, 1, 1, 1, 1, 1, 2};
        std::uint64_t left = dice_.below(39);
        std::size_t act = 0;
        while (left >= kWeights[act]) left -= kWeights[act++];
        return static_cast<Act>(act);
    }

    /// Mostly a newest one of that status, when there is one.
    std::uint64_t one_that(OrderStatus status) {
        if (!dice_.one_in(6))
            for (std::uint64_t id = model_.orders.size(); id > 0; --id)
                if (model_.orders[id - 1].status == status && !dice_.one_in(3)) return id;
        return some_id();
    }

    /// Who has a say in the order, most of the time.
    Address somebody(std::uint64_t id, bool provider) {
        if (id == 0 || id > model_.orders.size() || dice_.one_in(5)) return people()[dice_.below(4)];
        const auto& order = model_.orders[id - 1];
        if (provider) return dice_.one_in(4) ? people()[3] : order.provider;
        return order.user;
    }

    Resources some_resources() {
        return {dice_.below(120), dice_.below(120), dice_.below(20), dice_.one_in(6) ? 1u : 0u};
    }
    Prices some_prices() {
        return {Amount{dice_.below(40)}, Amount{dice_.below(40)}, Amount{dice_.below(9)},
                Amount{dice_.below(999)}};
    }

    void enlist(const Address& who) {
        MarketModel::Listing& listing = model_.listings[who];
        Provider p;
        p.host = "h";
        p.port = 1;
        p.minimum_prices = {Amount{dice_.below(8)}, Amount{1}, {}, {}};
        p.prices = {Amount{50}, Amount{50}, Amount{50}, Amount{50}};
        p.total = {400, 400, 100, 2};
        p.probation = {dice_.one_in(2) ? dice_.below(200) : 0};
        p.renewable = !dice_.one_in(3);
        p.accepts_offers = !dice_.one_in(6);
        p.operator_key = dice_.one_in(6) ? Address{} : people()[3];
        const Resources reserved = listing.reserved;
        listing = {true,    p.accepts_offers, p.renewable,   p.probation.count, p.minimum_prices,
                   p.total, reserved,         p.operator_key};
        run(who, contracts_.registry, calls::registry::set(p), "");
    }

    Quote some_quote(const Address& user, bool replace) {
        Quote q;
        q.provider = people()[dice_.below(2)];
        q.user = dice_.one_in(12) ? people()[dice_.below(4)] : user;
        if (replace || dice_.one_in(12)) {
            const std::uint64_t id = one_that(OrderStatus::running);
            q.replaces = {id};
            if (id != 0 && id <= model_.orders.size() && !dice_.one_in(8))
                q.provider = model_.orders[id - 1].provider;
        }
        q.resources = some_resources();
        q.prices = some_prices();
        q.duration = {dice_.one_in(30) ? 0 : 1 + dice_.below(500)};
        q.probation = {dice_.one_in(2) ? dice_.below(150) : 0};
        q.renewable = dice_.one_in(2);
        q.valid_until = {block_.time.seconds + (dice_.one_in(10) ? dice_.below(2) : 100)};
        q.epoch = model_.epochs[q.provider] + (dice_.one_in(12) ? 1 : 0);
        q.salt.bytes[31] = static_cast<std::uint8_t>(dice_.below(40));
        return q;
    }

    void act(const Address& who) {
        const std::uint64_t t = block_.time.seconds;
        const auto act = any_act();
        std::string expected;
        switch (act) {
            case Act::create: {
                const Address provider = people()[dice_.below(dice_.one_in(15) ? 4 : 2)];
                const Resources resources = some_resources();
                const Prices prices = some_prices();
                const std::uint64_t duration = dice_.one_in(30) ? 0 : 1 + dice_.below(500);
                const std::uint64_t least = dice_.one_in(4) ? dice_.below(200) : 0;
                expected = model_.create(who, provider, resources, prices, duration, least, t);
                run(who, contracts_.market,
                    market::create_order(provider, resources, prices, {duration}, {least}), expected);
                break;
            }
            case Act::quote:
            case Act::replace: {
                const bool replace = act == Act::replace;
                Quote q = some_quote(who, replace);
                const Address user = replace ? somebody(q.replaces.value, false) : who;
                if (replace && !dice_.one_in(12)) q.user = user;
                if (last_quote_ && dice_.one_in(10)) q = *last_quote_;  // once more
                last_quote_ = q;
                const Hash digest = quote_digest(q, block_.chain_id, contracts_.market);
                const std::size_t signer = dice_.one_in(8)             ? dice_.below(4)
                                           : q.provider == people()[0] ? 0
                                                                       : 1;
                const Bytes signature = keys()[signer].sign(digest).rsv();
                expected = model_.with_quote(user, q, digest, people()[signer], replace, t);
                run(user, contracts_.market,
                    replace ? market::replace_order(q, signature)
                            : market::create_order_with_quote(q, signature),
                    expected);
                break;
            }
            case Act::activate: {
                const std::uint64_t id = one_that(OrderStatus::unactivated);
                const Address by = somebody(id, !dice_.one_in(4));
                expected = model_.activate(by, id, t);
                run(by, contracts_.market, market::activate_order({id}), expected);
                break;
            }
            case Act::suspend:
            case Act::resume: {
                const std::uint64_t id = one_that(OrderStatus::running);
                const Address by = somebody(id, true);
                expected = model_.suspend(by, id, act == Act::resume, t);
                run(by, contracts_.market, act == Act::resume ? market::resume({id}) : market::suspend({id}),
                    expected);
                break;
            }
            case Act::extend: {
                const std::uint64_t id = one_that(OrderStatus::running);
                const Address by = somebody(id, false);
                const std::uint64_t seconds = dice_.one_in(10) ? ~0ull * dice_.below(2) : dice_.below(300);
                expected = model_.extend(by, id, seconds, t);
                run(by, contracts_.market, market::extend_order({id}, {seconds}), expected);
                break;
            }
            case Act::report: {
                const std::uint64_t id = one_that(OrderStatus::running);
                const Address by = somebody(id, false);
                expected = model_.report(by, id, t);
                run(by, contracts_.market, market::report_unserved({id}), expected);
                break;
            }
            case Act::cancel: {
                const std::uint64_t id = some_id();
                if (!dice_.one_in(2)) return;  // orders shall live a while
                const Address by = somebody(id, dice_.one_in(3));
                expected = model_.cancel(by, id, t);
                run(by, contracts_.market, market::cancel_order({id}), expected);
                break;
            }
            case Act::settle: {
                const std::uint64_t id = one_that(OrderStatus::running);
                expected = model_.settle(id, t);
                run(who, contracts_.market, market::settle({id}), expected);
                break;
            }
            case Act::settle_many: {
                const std::vector<OrderId> ids{{some_id()}, {some_id()}, {some_id()}};
                for (const OrderId id : ids) model_.settle(id.value, t);
                run(who, contracts_.market, market::settle_many(ids), expected);
                break;
            }
            case Act::withdraw: {
                const std::uint64_t id = some_id();
                const Address by = somebody(id, dice_.one_in(2));
                const Amount amount{dice_.below(3)};
                expected = model_.withdraw(by, id, amount, t);
                run(by, contracts_.market, market::withdraw({id}, amount), expected);
                break;
            }
            case Act::cancel_quote: {
                if (!dice_.one_in(3)) return;
                Hash salt;
                salt.bytes[31] = static_cast<std::uint8_t>(dice_.below(40));
                expected = model_.cancel_quote(who, salt);
                run(who, contracts_.market, market::cancel_quote(salt), expected);
                break;
            }
            case Act::bump:
                if (!dice_.one_in(4)) return;
                expected = model_.bump(who);
                run(who, contracts_.market, market::bump_quote_epoch(), expected);
                break;
            case Act::registry:
                if (dice_.one_in(4) && model_.listings.contains(who) && model_.listings[who].active) {
                    model_.listings[who].active = false;
                    run(who, contracts_.registry, calls::registry::deregister(), "");
                } else {
                    enlist(people()[dice_.below(2)]);
                }
                break;
            case Act::parameter:
                expected = change_parameter(who);
                break;
        }
        if (expected.empty()) ++succeeded_[static_cast<std::size_t>(act)];
    }

    /// By the council, or by somebody who may not: a value that may be, or one that may not.
    std::string change_parameter(const Address& who) {
        static constexpr std::array<std::string_view, 8> kNames{
            "activationDeadline",  "maxUnactivated", "minimumDeposit", "probationWindow",
            "maxProbationCancels", "feeBp",          "profitBp",       "treasury"};
        static constexpr std::array<std::uint64_t, 7> kMost{600, 4, 100, 3'000, 3, 11'000, 6'000};
        const std::size_t which = dice_.below(kNames.size());
        const Amount value = which < kMost.size() ? Amount{dice_.below(kMost[which])}
                             : dice_.one_in(2)    ? Amount{}
                                                  : Amount::from_word(key(9).address().word());
        const bool council = !dice_.one_in(6);
        const std::string expected = model_.set_parameter(council, kNames[which], value);
        run(council ? contracts_.council : who, contracts_.market,
            market::set_parameter(kNames[which], value), expected);
        return expected;
    }

    /// The call must end as the model says; one that is refused journals and logs nothing.
    void run(const Address& who, const Address& to, const Bytes& data, const std::string& expected) {
        const std::size_t before = state_.checkpoint();
        const CallResult result = call(state_, block_, {who, to, {}, data});
        const std::string why = result.success ? "" : revert_name(result.output);
        if (why != expected) RC_LOG() << "expected \"" << expected << "\", came \"" << why << "\"\n";
        RC_ASSERT(why == expected);
        if (result.success) return;
        RC_ASSERT(state_.checkpoint() == before);
        RC_ASSERT(result.logs.empty());
    }

    void settle(std::uint64_t id) {
        call(state_, block_, {people()[2], contracts_.market, {}, market::settle({id})});
    }

    std::vector<Amount> accrued() const {
        std::vector<Amount> all;
        for (std::uint64_t id = 1; id <= state_.last_order().value; ++id)
            all.push_back(state_.order({id})->accrued);
        return all;
    }

    std::vector<Amount> balances() const {
        std::vector<Amount> all;
        for (const Address& person : people()) all.push_back(state_.credit_balance(person));
        all.push_back(state_.credit_balance(key(9).address()));
        all.push_back(state_.credit_balance(contracts_.market));
        all.push_back(state_.credit_supply());
        return all;
    }

    void check(const std::vector<Amount>& accrued_before) const {
        check_market(state_, model_, block_.time, accrued_before, Amount{4 * kMoney}, Amount{kPledge});
    }

    Dice dice_;
    const ContractAddresses contracts_ = embedded_addresses();
    const MarketParameters parameters_;
    MarketModel model_;
    State state_;
    BlockContext block_{1, {1'000'000}, kEmbeddedChainId, false};
    std::optional<Quote> last_quote_;
    std::array<std::size_t, kActs> succeeded_{};
};

}  // namespace

TEST_CASE("the Market does what an independent model of it says, call by call", "[market][model]") {
    std::array<std::size_t, kActs> succeeded{};
    std::size_t calls = 0;
    REQUIRE(grid::test::holds("market against its model", 4'000, [&] {
        const auto seed = *rc::gen::noShrink(rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()));
        Play play(seed);
        const std::uint64_t steps = 60;
        for (std::uint64_t i = 0; i < steps; ++i) play.step();
        play.finish();
        calls += steps;
        for (std::size_t i = 0; i < succeeded.size(); ++i) succeeded[i] += play.succeeded()[i];
    }));
    std::cerr << calls << " steps; calls that succeeded, by kind:";
    for (const std::size_t count : succeeded) std::cerr << ' ' << count;
    std::cerr << std::endl;
    // A kind of call that is never taken would prove nothing. (What is left to withdraw is nothing: only past
    // the end of an order it is taken, as a settlement.)
    for (const std::size_t count : succeeded) CHECK(count >= 5);
}
