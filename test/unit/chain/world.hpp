#pragma once

#include <catch2/catch.hpp>
#include <map>

#include "chain/abi.hpp"
#include "chain/calls.hpp"
#include "chain/events.hpp"
#include "chain/execution.hpp"
#include "chain/genesis.hpp"
#include "chain/keccak.hpp"
#include "chain/revert.hpp"

/// A small market to test in: a provider, two users, a stranger, and time that the test moves.
namespace grid::chain::test {

inline constexpr Amount kToken{1'000'000'000'000'000'000};
/// R of World::small() at World::offer()'s prices, and V of an hour.
inline constexpr std::uint64_t kRate = 1'000 * 36'000 + 512 * 3'600 + 1'000 * 36;

/// A key from a number, and its account.
inline PrivateKey key(std::uint8_t number) {
    Bytes secret(32, 0);
    secret[31] = number;
    return *PrivateKey::from_bytes(secret);
}

class World {
public:
    const ContractAddresses contracts = embedded_addresses();
    const PrivateKey provider_key = key(1);
    const PrivateKey user_key = key(2);
    const PrivateKey operator_key = key(3);
    const Address provider = provider_key.address();
    const Address user = user_key.address();
    const Address other = key(4).address();
    const Address stranger = key(5).address();
    const Address minter = key(6).address();
    BlockContext block{100, {1'700'000'000}, kEmbeddedChainId, true};
    State state;

    explicit World(const MarketParameters& parameters = {}) : state(make_genesis_state(genesis(parameters))) {
        state.take_write_set();
    }

    Genesis genesis(const MarketParameters& parameters) const {
        Genesis g;
        g.token_cap = Amount{1'000'000} * kToken;
        g.minter = minter;
        g.market = parameters;
        for (const Address& account : {provider, user, other, stranger})
            g.allocations.emplace_back(account, Amount{1'000} * kToken);
        return g;
    }

    void wait(std::uint64_t seconds) {
        block.time.seconds += seconds;
        ++block.number;
    }

    CallResult call(const Address& from, const Address& to, const Bytes& data) {
        return chain::call(state, block, {from, to, {}, data});
    }

    /// A call that must succeed.
    CallResult ok(const Address& from, const Address& to, const Bytes& data) {
        CallResult result = call(from, to, data);
        INFO(describe_revert(result.output));
        REQUIRE(result.success);
        return result;
    }

    /// A call that must be refused, change nothing and log nothing; answers why.
    std::string refused(const Address& from, const Address& to, const Bytes& data) {
        const std::size_t before = state.checkpoint();
        const CallResult result = call(from, to, data);
        REQUIRE_FALSE(result.success);
        CHECK(state.checkpoint() == before);
        CHECK(result.logs.empty());
        return result.output.empty() ? "empty" : describe_revert(result.output);
    }

    Provider offer() const {
        Provider p;
        p.address = provider;
        p.host = "provider.example";
        p.port = 8090;
        p.prices = {Amount{36'000}, Amount{3'600}, Amount{36}, Amount{1'000'000}};
        p.minimum_prices = {Amount{18'000}, Amount{1'800}, Amount{18}, Amount{500'000}};
        p.total = {8'000, 16'384, 100'000, 2};
        p.attributes = R"({"region":"eu"})";
        p.accepts_offers = true;
        p.operator_key = operator_key.address();
        return p;
    }

    void register_provider(const Provider& p) { ok(provider, contracts.registry, calls::registry::set(p)); }

    void buy_credits(const Address& account, const Amount& amount) {
        ok(account, contracts.token, calls::token::approve(contracts.credit, amount));
        ok(account, contracts.credit, calls::credit::purchase(amount));
    }

    /// A registered provider and users with credits: what most tests begin with.
    void open_market(const Amount& credits = kToken) {
        register_provider(offer());
        buy_credits(user, credits);
        buy_credits(other, credits);
    }

    Resources small() const { return {1'000, 512, 1'000, 0}; }

    Bytes create(Seconds duration = {3'600}, Seconds min_probation = {}) const {
        return calls::market::create_order(provider, small(), offer().prices, duration, min_probation);
    }

    OrderId create_order(const Address& by, Seconds duration = {3'600}) {
        return *calls::decode_order_id(ok(by, contracts.market, create(duration)).output);
    }

    /// Created and activated now.
    OrderId run_order(const Address& by, Seconds duration = {3'600}) {
        const OrderId id = create_order(by, duration);
        ok(provider, contracts.market, calls::market::activate_order(id));
        return id;
    }

    Order order(OrderId id) {
        return *calls::decode_order(ok(stranger, contracts.market, calls::market::get(id)).output);
    }
    Amount credits(const Address& account) {
        return *calls::decode_amount(
            ok(stranger, contracts.credit, calls::credit::balance_of(account)).output);
    }
    Amount tokens(const Address& account) {
        return *calls::decode_amount(ok(stranger, contracts.token, calls::token::balance_of(account)).output);
    }
    Amount token_supply() {
        return *calls::decode_amount(ok(stranger, contracts.token, calls::token::total_supply()).output);
    }
    Provider entry() {
        return *calls::decode_provider(
            ok(stranger, contracts.registry, calls::registry::get(provider)).output);
    }

    Quote quote() const {
        Quote q;
        q.provider = provider;
        q.user = user;
        q.resources = small();
        q.prices = {Amount{1}, Amount{1}, Amount{1}, Amount{1}};  // below the minimum: a quote binds
        q.duration = {7'200};
        q.probation = {60};
        q.valid_until = block.time + Seconds{600};
        q.salt = keccak256(std::string_view("salt"));
        return q;
    }
    Bytes with_quote(const Quote& q, const PrivateKey& signer) const {
        return calls::market::create_order_with_quote(
            q, signer.sign(quote_digest(q, block.chain_id, contracts.market)).rsv());
    }
    Bytes replace_with(const Quote& q, const PrivateKey& signer) const {
        return calls::market::replace_order(
            q, signer.sign(quote_digest(q, block.chain_id, contracts.market)).rsv());
    }
};

/// The events of a call, decoded; every log must be one.
inline std::vector<Event> events_of(const CallResult& result) {
    std::vector<Event> events;
    for (const Log& log : result.logs) {
        auto event = decode_event(log, embedded_addresses());
        REQUIRE(event);
        events.push_back(std::move(*event));
    }
    return events;
}

/// The only event of that type.
template <class E>
E the(const std::vector<Event>& events) {
    std::optional<E> found;
    for (const Event& event : events)
        if (const E* e = std::get_if<E>(&event)) {
            REQUIRE_FALSE(found);
            found = *e;
        }
    REQUIRE(found);
    return *found;
}

/// The whole state as rows, sorted, for comparison.
inline WriteSet rows_of(const State& state) {
    std::map<std::pair<std::uint8_t, Bytes>, std::optional<Bytes>> sorted;
    state.for_each_row([&](Row row) { sorted[{row.table, std::move(row.key)}] = std::move(row.value); });
    WriteSet rows;
    for (const auto& [place, value] : sorted) rows.push_back({place.first, place.second, value});
    return rows;
}

}  // namespace grid::chain::test
