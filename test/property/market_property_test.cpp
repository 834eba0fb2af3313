// Random call sequences by several people at random times: after each call every invariant of the market
// holds, and somebody who reads the logs alone knows what the views say.

#include <algorithm>
#include <array>

#include "chain/settlement.hpp"
#include "property/log_model.hpp"
#include "property/runs.hpp"
#include "property/state_rows.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

enum class Act : std::uint8_t {
    register_provider,
    deregister,
    purchase,
    redeem,
    transfer,
    transfer_from,
    mint,
    create,
    create_with_quote,
    activate,
    cancel,
    settle,
    settle_many,
    withdraw,
    internal,
    garbage
};

/// One step, from plain numbers that shrink well.
struct Step {
    std::uint8_t act = 0;
    std::uint8_t who = 0;
    std::uint8_t other = 0;
    std::uint16_t x = 0;
    std::uint16_t y = 0;
    std::uint16_t wait = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& s) {
    return out << "{act " << int{s.act} << ", who " << int{s.who} << ", other " << int{s.other} << ", x "
               << s.x << ", y " << s.y << ", wait " << s.wait << "}";
}

/// What moves orders comes more often than the rest.
rc::Gen<Act> any_act() {
    return rc::gen::weightedElement<Act>({{1, Act::register_provider},
                                          {1, Act::deregister},
                                          {1, Act::purchase},
                                          {1, Act::redeem},
                                          {1, Act::transfer},
                                          {1, Act::transfer_from},
                                          {1, Act::mint},
                                          {6, Act::create},
                                          {4, Act::create_with_quote},
                                          {6, Act::activate},
                                          {2, Act::cancel},
                                          {5, Act::settle},
                                          {2, Act::settle_many},
                                          {2, Act::withdraw},
                                          {1, Act::internal},
                                          {1, Act::garbage}});
}

rc::Gen<Step> any_step() {
    return rc::gen::build<Step>(
        rc::gen::set(&Step::act,
                     rc::gen::map(any_act(), [](Act act) { return static_cast<std::uint8_t>(act); })),
        rc::gen::set(&Step::who, rc::gen::inRange<std::uint8_t>(0, 6)),
        rc::gen::set(&Step::other, rc::gen::inRange<std::uint8_t>(0, 6)),
        rc::gen::set(&Step::x, rc::gen::arbitrary<std::uint16_t>()),
        rc::gen::set(&Step::y, rc::gen::arbitrary<std::uint16_t>()),
        rc::gen::set(&Step::wait, rc::gen::weightedOneOf<std::uint16_t>(
                                      {{6, rc::gen::just<std::uint16_t>(0)},
                                       {5, rc::gen::inRange<std::uint16_t>(1, 10)},
                                       {8, rc::gen::inRange<std::uint16_t>(10, 600)},
                                       {1, rc::gen::inRange<std::uint16_t>(600, 5'000)}})));
}

/// Six people: two of them providers from the start, all with tokens and credits; any of them may do
/// anything.
class Play {
public:
    Play() : state_(make_genesis_state(genesis_)), start_(state_.checkpoint()), model_(genesis_) {
        for (std::size_t i = 0; i < people_.size(); ++i) {
            perform(people_[i], contracts_.token,
                    calls::token::approve(contracts_.credit, Amount{1'000'000'000}));
            perform(people_[i], contracts_.credit, calls::credit::purchase(Amount{300'000'000}));
        }
        for (std::size_t i = 0; i < 2; ++i)
            perform(people_[i], contracts_.registry, calls::registry::set(info({})));
    }

    void step(const Step& s) {
        block_.time.seconds += s.wait;
        ++block_.number;
        const Address& who = actor(s);
        const auto [to, data] = choose(s);
        perform(who, to, data);
        check_settling_twice(s);
    }

    /// At the end: a follower fed with write sets has the same state, and a rollback undoes everything.
    void finish() { follows_and_goes_back(state_, start_, genesis_); }

    const std::map<std::string, std::size_t>& events_seen() const { return events_seen_; }

private:
    static std::array<PrivateKey, 6> make_keys() { return {key(1), key(2), key(3), key(4), key(5), key(6)}; }

    Genesis make_genesis() const {
        Genesis g;
        g.token_cap = Amount{10'000'000'000};
        g.minter = people_[5];
        g.market.max_unactivated = 3;
        g.market.probation_window = {5'000};
        g.market.max_probation_cancels = 1;
        g.market.minimum_deposit = Amount{1'000};
        g.market.activation_deadline = {3'000};
        for (const Address& account : people_) g.allocations.emplace_back(account, Amount{1'000'000'000});
        return g;
    }

    Provider info(const Step& s) const {
        Provider p;
        p.host = "h";
        p.port = 1;
        p.minimum_prices = {Amount{10}, Amount{10}, Amount{0}, Amount{0}};
        p.prices = {Amount{100}, Amount{100}, Amount{10}, Amount{10}};
        p.total = {2'000u + s.x, 2'000u + s.y, 1'000, 4};
        p.probation = {s.x % 3 == 0 ? s.y % 400u : 0u};
        p.accepts_offers = s.y % 8 != 0;
        p.operator_key = people_[2];
        return p;
    }

    /// Mostly one of the newest, sometimes an old one, or none that exists.
    OrderId some_order(std::uint16_t x) const {
        const std::uint64_t last = state_.last_order().value;
        if (x % 4 == 0 || last < 6) return {x / 4u % (last + 2)};
        return {last - x / 4u % 6};
    }

    /// Who activates is mostly the provider: strangers are refused anyway.
    const Address& actor(const Step& s) const {
        const auto order = state_.order(some_order(s.x));
        if (static_cast<Act>(s.act) != Act::activate || s.y % 4 == 0 || !order) return people_[s.who];
        return *std::find(people_.begin(), people_.end(), order->provider);
    }

    Quote quote(const Step& s) const {
        Quote q;
        q.provider = people_[s.other % 3];
        q.user = people_[s.x % 16 == 0 ? s.y % 6 : s.who];
        q.resources = {s.x % 400u, s.y % 500u, 10, s.x % 4 == 0 ? 1u : 0u};
        q.prices = {Amount{s.y % 300u}, Amount{s.x % 300u}, Amount{7}, Amount{1'000}};
        q.duration = {1u + s.y % 3'000u};
        q.probation = {s.x % 5 == 0 ? 100u : 0u};
        // Few salts and no times: the same quote comes again.
        q.valid_until = {s.y % 16 == 0 ? block_.time.seconds : ~0ull};
        return q;
    }

    std::pair<Address, Bytes> choose(const Step& s) const {
        namespace market = calls::market;
        const Address& other = people_[s.other];
        const Amount amount{s.x * 10'000ull};
        switch (static_cast<Act>(s.act)) {
            case Act::register_provider:
                return {contracts_.registry, calls::registry::set(info(s))};
            case Act::deregister:
                if (s.x % 4 != 0) return choose_create(s);
                return {contracts_.registry, calls::registry::deregister()};
            case Act::purchase:
                return {contracts_.credit, calls::credit::purchase(amount)};
            case Act::redeem:
                return {contracts_.credit, calls::credit::redeem(amount)};
            case Act::transfer:
                return {contracts_.token, calls::token::transfer(other, amount)};
            case Act::transfer_from:
                if (s.y % 2 == 0) return {contracts_.token, calls::token::approve(other, amount)};
                return {contracts_.token, calls::token::transfer_from(other, people_[s.y % 6], Amount{s.x})};
            case Act::mint:
                return {contracts_.token, calls::token::mint(other, amount)};
            case Act::create:
                return choose_create(s);
            case Act::create_with_quote: {
                const Quote q = quote(s);
                const PrivateKey& signer = keys_[s.y % 8 == 0 ? s.x % 6 : s.other % 3];
                return {contracts_.market,
                        market::create_order_with_quote(
                            q, signer.sign(quote_digest(q, block_.chain_id, contracts_.market)).rsv())};
            }
            case Act::activate:
                return {contracts_.market, market::activate_order(some_order(s.x))};
            case Act::cancel:
                return {contracts_.market, market::cancel_order(some_order(s.x))};
            case Act::settle:
                return {contracts_.market, market::settle(some_order(s.x))};
            case Act::settle_many:
                return {contracts_.market,
                        market::settle_many({some_order(s.x), some_order(s.y), some_order(s.x)})};
            case Act::withdraw:
                return {contracts_.market, market::withdraw(some_order(s.x), Amount{s.y})};
            case Act::internal:
                if (s.x % 3 == 0) return {contracts_.credit, calls::credit::escrow(other, amount)};
                if (s.x % 3 == 1) return {contracts_.credit, calls::credit::release(other, amount)};
                return {contracts_.registry,
                        calls::registry::update(people_[0], {1, 1, 0, 0}, s.y % 2 == 0, {})};
            case Act::garbage: {
                auto [to, data] = choose_create(s);
                data[s.x % data.size()] ^= static_cast<std::uint8_t>(1 + s.y % 255);
                return {to, data};
            }
        }
        return choose_create(s);
    }

    std::pair<Address, Bytes> choose_create(const Step& s) const {
        const Resources resources{s.x % 400u, s.y % 500u, s.x % 40u, s.y % 8 == 0 ? 1u : 0u};
        const Prices prices{Amount{5 + s.y % 200u}, Amount{5 + s.x % 200u}, Amount{9}, Amount{9}};
        return {contracts_.market,
                calls::market::create_order(people_[s.other % 3], resources, prices, {1u + s.x % 4'000u},
                                            {s.y % 7 == 0 ? 50u : 0u})};
    }

    void perform(const Address& who, const Address& to, const Bytes& data) {
        const std::vector<Order> before = model_.orders;
        const WriteSet rows_before = rows_of(state_);
        const CallResult result = call(state_, block_, {who, to, {}, data});
        if (!result.success) {
            RC_ASSERT(result.logs.empty());
            RC_ASSERT(rows_of(state_) == rows_before);
            return;
        }
        for (const Log& log : result.logs) {
            const auto event = decode_event(log, contracts_);
            RC_ASSERT(event.has_value());
            model_.apply(*event);
            ++events_seen_[std::string(name_of(*event))];
        }
        check_orders(before);
        check_money();
        check_resources();
        check_views();
    }

    /// What an order may and may not become.
    void check_orders(const std::vector<Order>& before) {
        std::map<std::pair<Address, Address>, int> live;
        for (std::size_t i = 0; i < state_.last_order().value; ++i) {
            const Order o = *state_.order({i + 1});
            RC_ASSERT(o.accrued <= o.deposit);
            RC_ASSERT(o.accrued + (o.deposit - o.accrued) == o.deposit);
            RC_ASSERT(o.paid_provider <= o.accrued);
            RC_ASSERT(o.paid_user <= o.deposit - o.accrued);
            if (o.live()) {
                RC_ASSERT(o.paid_user == Amount{0});
                RC_ASSERT(state_.current(o.user, o.provider) == o.id);
                ++live[{o.user, o.provider}];
            } else {
                RC_ASSERT(o.paid_provider + o.paid_user == o.deposit);
            }
            if (o.status == OrderStatus::completed) RC_ASSERT(o.accrued == o.deposit);
            if (o.status == OrderStatus::unactivated) RC_ASSERT(o.activated_at.seconds == 0);
            if (i >= before.size()) continue;
            const Order& was = before[i];
            RC_ASSERT(o.accrued >= was.accrued);
            RC_ASSERT(o.deposit == was.deposit);
            RC_ASSERT((o.user == was.user && o.provider == was.provider));
            RC_ASSERT((o.prices == was.prices && o.resources == was.resources));
            if (!was.live()) RC_ASSERT(o == was);
            if (was.status == OrderStatus::running && o.status == OrderStatus::cancelled)
                RC_ASSERT(o.settled_at < o.ends_at());
        }
        for (const auto& [pair, count] : live) RC_ASSERT(count == 1);
    }

    void check_money() {
        Amount escrow;
        for (std::uint64_t i = 1; i <= state_.last_order().value; ++i) {
            const Order o = *state_.order({i});
            escrow += o.deposit - o.paid_provider - o.paid_user;
        }
        RC_ASSERT(state_.credit_balance(contracts_.market) == escrow);
        Amount pending;
        for (const Address& account : people_) pending += model_.pending[account];
        RC_ASSERT(state_.credit_supply() + pending == state_.token_balance(contracts_.credit));
        Amount credits = escrow;
        Amount tokens = state_.token_balance(contracts_.credit);
        for (const Address& account : people_) {
            credits += state_.credit_balance(account);
            tokens += state_.token_balance(account);
        }
        RC_ASSERT(credits == state_.credit_supply());
        RC_ASSERT(tokens == state_.token_supply());
        RC_ASSERT(tokens <= genesis_.token_cap);
    }

    /// total - available is the sum over live orders.
    void check_resources() {
        for (const Address& address : state_.providers()) {
            Resources reserved;
            for (const OrderId id : state_.orders_of_provider(address)) {
                const Order o = *state_.order(id);
                if (!o.live()) continue;
                reserved.cpu_milli += o.resources.cpu_milli;
                reserved.memory_mib += o.resources.memory_mib;
                reserved.storage_mib += o.resources.storage_mib;
                reserved.gpus += o.resources.gpus;
            }
            const Provider& p = *state_.provider(address);
            RC_ASSERT(p.total.cpu_milli == p.available.cpu_milli + reserved.cpu_milli);
            RC_ASSERT(p.total.memory_mib == p.available.memory_mib + reserved.memory_mib);
            RC_ASSERT(p.total.storage_mib == p.available.storage_mib + reserved.storage_mib);
            RC_ASSERT(p.total.gpus == p.available.gpus + reserved.gpus);
        }
    }

    Bytes view(const Address& to, const Bytes& data) {
        const CallResult result = call(state_, block_, {people_[0], to, {}, data});
        RC_ASSERT(result.success);
        RC_ASSERT(result.logs.empty());
        return result.output;
    }

    /// The log reader's picture is the views'.
    void check_views() {
        for (const Address& account : people_) {
            RC_ASSERT(*calls::decode_amount(view(contracts_.token, calls::token::balance_of(account))) ==
                      model_.tokens[account]);
            RC_ASSERT(*calls::decode_amount(view(contracts_.credit, calls::credit::balance_of(account))) ==
                      model_.credits[account]);
            for (const Address& spender : people_)
                RC_ASSERT(state_.allowance(account, spender) == (model_.allowances[{account, spender}]));
            RC_ASSERT(state_.allowance(account, contracts_.credit) ==
                      (model_.allowances[{account, contracts_.credit}]));
            for (const Address& provider : people_) {
                RC_ASSERT(state_.current(account, provider) == (model_.current[{account, provider}]));
                const auto use = model_.probation_uses.find({account, provider});
                RC_ASSERT(state_.probation_use(account, provider) ==
                          (use == model_.probation_uses.end() ? std::nullopt : std::optional(use->second)));
            }
            RC_ASSERT(*calls::decode_provider(view(contracts_.registry, calls::registry::get(account))) ==
                      model_.providers[account]);
            const auto waiting = std::count_if(
                model_.orders.begin(), model_.orders.end(),
                [&](const Order& o) { return o.user == account && o.status == OrderStatus::unactivated; });
            RC_ASSERT(state_.unactivated(account) == static_cast<std::uint32_t>(waiting));
        }
        std::erase_if(model_.providers,
                      [](const auto& entry) { return entry.second.status == ProviderStatus::none; });
        RC_ASSERT(state_.providers() == model_.provider_list);
        RC_ASSERT(state_.last_order().value == model_.orders.size());
        for (const Order& o : model_.orders)
            RC_ASSERT(*calls::decode_order(view(contracts_.market, calls::market::get(o.id))) == o);
        for (const Hash& digest : model_.quotes) RC_ASSERT(state_.quote_spent(digest));
        RC_ASSERT(state_.token_supply() == model_.token_supply);
        RC_ASSERT(state_.credit_supply() == model_.credit_supply);
    }

    /// Settling any running order twice in this second: the second time moves nothing.
    void check_settling_twice(const Step& s) {
        const OrderId id = some_order(s.y);
        const std::size_t mark = state_.checkpoint();
        const Bytes data = calls::market::settle(id);
        if (!call(state_, block_, {people_[3], contracts_.market, {}, data}).success) return;
        const WriteSet once = rows_of(state_);
        const CallResult again = call(state_, block_, {people_[4], contracts_.market, {}, data});
        RC_ASSERT(again.success == (state_.order(id)->status == OrderStatus::running));
        RC_ASSERT(rows_of(state_) == once);
        state_.rollback(mark);
    }

    const ContractAddresses contracts_ = embedded_addresses();
    const std::array<PrivateKey, 6> keys_ = make_keys();
    const std::array<Address, 6> people_{keys_[0].address(), keys_[1].address(), keys_[2].address(),
                                         keys_[3].address(), keys_[4].address(), keys_[5].address()};
    const Genesis genesis_ = make_genesis();
    State state_;
    const std::size_t start_;
    LogModel model_;
    BlockContext block_{1, {1'000'000}, kEmbeddedChainId, false};
    std::map<std::string, std::size_t> events_seen_;
};

}  // namespace

TEST_CASE("every invariant of the market holds after every call of any sequence", "[market]") {
    std::map<std::string, std::size_t> seen;
    REQUIRE(grid::test::holds("market sequences", 300, [&] {
        const auto steps = *rc::gen::scale(3, rc::gen::container<std::vector<Step>>(any_step()));
        Play play;
        for (const Step& step : steps) play.step(step);
        play.finish();
        for (const auto& [name, count] : play.events_seen()) seen[name] += count;
    }));
    for (const auto& [name, count] : seen) std::cerr << count << " " << name << std::endl;
    // Plays in which nothing happens would prove nothing. (A withdrawal needs an order that was not paid at
    // its end.)
    for (const std::string name : {"ProviderDeregistered", "Redeemed", "OrderCreated", "OrderActivated",
                                   "OrderSettled", "OrderCancelled", "OrderCompleted", "QuoteUsed"})
        CHECK(seen[name] >= 10);
}
