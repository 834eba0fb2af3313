#include <catch2/catch.hpp>

#include "actor/world.hpp"
#include "actors/quote.hpp"
#include "actors/registry.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace {

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

struct Node {
    explicit Node(World& w)
        : world(w),
          registry(w.own(actors::registry(w.system(), w.disk.storage(), w.chain_info(), w.chain_handle()))) {
        actors::QuoteSettings settings;
        settings.provider = kProvider;
        settings.chain_info = w.chain_info();
        settings.per_wallet = 3;
        settings.policy.deny.insert(account(7));
        quotes = w.own(actors::quote(w.system(), w.clock(), w.disk.storage(), settings, key_of(1), registry,
                                     w.chain_handle()));
        w.run();
    }
    Asked<SignedQuote> quote(const Terms& terms) {
        return world.ask<SignedQuote>(quotes, quote_atom_v, terms);
    }
    World& world;
    registry_actor registry;
    quote_actor quotes;
};

Terms terms_of(const chain::Address& user) {
    return {user, {1000, 512, 1024, 0}, std::nullopt, {3600}, {}};
}

}  // namespace

TEST_CASE("an estimate is the contract's own arithmetic and has no side effect") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    const auto estimate = world.ask<Estimate>(node.quotes, estim_atom_v, terms_of({})).value();
    CHECK(estimate.acceptable);
    const auto rate = chain::hourly_rate({1000, 512, 1024, 0}, chain.state.provider(kProvider)->prices);
    CHECK(estimate.hourly_rate == rate);
    CHECK(estimate.deposit == chain::deposit_for(rate, {3600}));
    CHECK(disk.rows("quotes").empty());
}

TEST_CASE("terms that are not acceptable are answered with the reason") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    auto huge = terms_of(kUser);
    huge.resources.cpu_milli = 1'000'000;
    const auto estimate = world.ask<Estimate>(node.quotes, estim_atom_v, huge).value();
    CHECK_FALSE(estimate.acceptable);
    CHECK_FALSE(estimate.reason.empty());
    CHECK(node.quote(huge).code() == "not_acceptable");
    CHECK(node.quote(terms_of(account(7))).code() == "not_acceptable");
    CHECK(node.quote(terms_of({})).code() == "not_acceptable");
}

TEST_CASE("a provider that is not registered quotes nothing") {
    Disk disk;
    Chain chain;
    World world(disk, chain);
    Node node(world);
    CHECK(node.quote(terms_of(kUser)).code() == "not_registered");
    const auto estimate = world.ask<Estimate>(node.quotes, estim_atom_v, terms_of(kUser)).value();
    CHECK_FALSE(estimate.acceptable);
    CHECK_FALSE(estimate.reason.empty());
}

TEST_CASE("the Market takes a signed quote, once, from its user alone") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    chain.fund(kUser);
    chain.fund(account(3));
    World world(disk, chain);
    Node node(world);
    const auto quote = node.quote(terms_of(kUser)).value();
    CHECK(quote.quote.valid_until == chain.time + chain::Seconds{300});
    const auto call = chain::calls::market::create_order_with_quote(quote.quote, quote.signature);
    CHECK_FALSE(chain.run(account(3), chain.contracts.market, call).success);
    const auto id = *chain::calls::decode_order_id(chain.must(kUser, chain.contracts.market, call).output);
    CHECK(chain.order(id).deposit == quote.deposit);
    CHECK(chain.order(id).provider_check);
    CHECK_FALSE(chain.run(kUser, chain.contracts.market, call).success);
}

TEST_CASE("a quote is of the epoch that the chain has now, and renewable as the provider is") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    auto quote = node.quote(terms_of(kUser)).value().quote;
    CHECK((quote.epoch == 0 && !quote.renewable));
    chain.must(kProvider, chain.contracts.market, chain::calls::market::bump_quote_epoch());
    auto entry = *chain.state.provider(kProvider);
    entry.renewable = true;
    chain.must(kProvider, chain.contracts.registry, chain::calls::registry::set(entry));
    world.run();
    quote = node.quote(terms_of(kUser)).value().quote;
    CHECK((quote.epoch == 1 && quote.renewable));
}

TEST_CASE("a quote that continues an order is for a running one of its user, and counts what that frees") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider, {1000, 512, 1024, 0});
    chain.fund(kUser);
    const auto id = chain.create_order(kUser, kProvider);  // all there is
    World world(disk, chain);
    Node node(world);
    auto terms = terms_of(kUser);
    CHECK(node.quote(terms).code() == "not_acceptable");
    terms.replaces = id;
    CHECK(node.quote(terms).code() == "not_acceptable");  // not activated
    chain.must(kProvider, chain.contracts.market, chain::calls::market::activate_order(id));
    auto strangers = terms_of(account(3));
    strangers.replaces = id;
    CHECK(node.quote(strangers).code() == "not_acceptable");
    const auto quote = node.quote(terms).value();
    CHECK(quote.quote.replaces == id);
    CHECK(quote.quote.probation == chain::Seconds{0});
    chain.must(kUser, chain.contracts.market,
               chain::calls::market::replace_order(quote.quote, quote.signature));
    CHECK(chain.order({2}).status == chain::OrderStatus::running);
}

TEST_CASE("while the chain is silent nothing is signed") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    chain.unreachable = true;
    CHECK(node.quote(terms_of(kUser)).code() == "unavailable");
    CHECK(disk.rows("quotes").empty());
}

TEST_CASE("two quotes for the same terms are two quotes") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    CHECK(node.quote(terms_of(kUser)).value().quote.salt != node.quote(terms_of(kUser)).value().quote.salt);
}

TEST_CASE("quotes of a wallet are capped until they expire, also over a restart") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    {
        World world(disk, chain);
        Node node(world);
        for (int i = 0; i < 3; ++i) CHECK(node.quote(terms_of(kUser)).code() == "no error");
        CHECK(node.quote(terms_of(kUser)).code() == "too_many_quotes");
        CHECK(node.quote(terms_of(account(3))).code() == "no error");
    }
    World world(disk, chain);
    Node node(world);
    CHECK(node.quote(terms_of(kUser)).code() == "too_many_quotes");
    chain.time = chain.time + chain::Seconds{300};
    CHECK(node.quote(terms_of(kUser)).code() == "no error");
    CHECK(disk.rows("quotes").size() == 1);
}

TEST_CASE("a quote is given out only when it is durable") {
    Disk disk;
    Chain chain;
    chain.register_provider(kProvider);
    World world(disk, chain);
    Node node(world);
    disk.held = true;
    auto asked = node.quote(terms_of(kUser));
    CHECK_FALSE(asked.answered());
    disk.write();
    world.run();
    CHECK(asked.answered());
}
