#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace registry = grid::chain::calls::registry;

TEST_CASE("a provider registers under its own account", "[registry]") {
    World w;
    Provider claim = w.offer();
    claim.address = w.other;         // not the caller's to say
    claim.available = {1, 1, 1, 1};  // nor this
    const auto events = events_of(w.ok(w.provider, w.contracts.registry, registry::set(claim)));
    Provider expected = w.offer();
    expected.available = expected.total;
    expected.status = ProviderStatus::active;
    CHECK(events == std::vector<Event>{ProviderSet{expected}});
    CHECK(w.entry() == expected);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.registry, registry::count()).output) == 1);
}

TEST_CASE("an account that never registered reads as none", "[registry]") {
    World w;
    CHECK(w.entry() == Provider{});
}

TEST_CASE("registering again revises the entry, keeps reservations and makes no second one", "[registry]") {
    World w;
    w.open_market();
    w.create_order(w.user);
    Provider revised = w.offer();
    revised.host = "[2001:db8::1]";
    revised.total = {2'000, 1'024, 2'000, 0};
    w.register_provider(revised);
    const Provider entry = w.entry();
    CHECK(entry.host == "[2001:db8::1]");
    CHECK(entry.total == revised.total);
    CHECK(entry.available == Resources{1'000, 512, 1'000, 0});
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.registry, registry::count()).output) == 1);
}

TEST_CASE("a total below what is reserved is refused by name", "[registry]") {
    World w;
    w.open_market();
    w.create_order(w.user);
    Provider revised = w.offer();
    revised.total.memory_mib = 511;
    CHECK(w.refused(w.provider, w.contracts.registry, registry::set(revised)) ==
          "TotalBelowReserved(resource=1, total=511, reserved=512)");
}

TEST_CASE("fields that cannot be right are refused by name", "[registry]") {
    World w;
    const auto refused = [&](auto change) {
        Provider p = w.offer();
        change(p);
        return w.refused(w.provider, w.contracts.registry, registry::set(p));
    };
    CHECK(refused([](Provider& p) { p.host.clear(); }) == R"(InvalidField(field="host"))");
    CHECK(refused([](Provider& p) { p.host = "a b"; }) == R"(InvalidField(field="host"))");
    CHECK(refused([](Provider& p) { p.host = "a\nb"; }) == R"(InvalidField(field="host"))");
    CHECK(refused([](Provider& p) { p.host = "http://a"; }) == R"(InvalidField(field="host"))");
    CHECK(refused([](Provider& p) { p.host.assign(254, 'a'); }) == R"(InvalidField(field="host"))");
    CHECK(refused([](Provider& p) { p.port = 0; }) == R"(InvalidField(field="port"))");
    CHECK(refused([](Provider& p) { p.prices.gpus = p.minimum_prices.gpus - Amount{1}; }) ==
          R"(InvalidField(field="prices"))");
    CHECK(refused([](Provider& p) { p.attributes.assign(4'097, ' '); }) ==
          R"(InvalidField(field="attributes"))");
    CHECK(refused([](Provider& p) { p.probation = {kMaxDuration.count + 1}; }) ==
          R"(InvalidField(field="probation"))");
}

TEST_CASE("the largest entry that is allowed is stored whole", "[registry]") {
    World w;
    Provider p = w.offer();
    p.host.assign(253, 'h');
    p.attributes.assign(4'096, '\xff');
    p.total = {~0ull, ~0ull, ~0ull, ~0ull};
    w.register_provider(p);
    CHECK(w.entry().attributes == p.attributes);
    CHECK(w.entry().available == p.total);
}

TEST_CASE("nobody but the protocol touches reservations", "[registry]") {
    World w;
    w.open_market();
    for (const bool reserve : {true, false})
        for (const Address& caller : {w.provider, w.user, w.stranger})
            CHECK(w.refused(caller, w.contracts.registry,
                            registry::update(w.provider, {1, 1, 1, 1}, reserve, {})) ==
                  "NotProtocol(caller=" + caller.checksummed() + ")");
}

TEST_CASE("the protocol cannot give back more than was reserved", "[registry]") {
    World w;
    w.open_market();
    const Hash ref = Amount{1}.word();
    w.ok(w.contracts.market, w.contracts.registry, registry::update(w.provider, {5, 0, 0, 0}, true, ref));
    CHECK(revert_name(w.call(w.contracts.market, w.contracts.registry,
                             registry::update(w.provider, {6, 0, 0, 0}, false, ref))
                          .output) == "ReservationMismatch");
    const auto events = events_of(w.ok(w.contracts.market, w.contracts.registry,
                                       registry::update(w.provider, {5, 0, 0, 0}, false, ref)));
    CHECK(events == std::vector<Event>{ResourceDelta{w.provider, ref, {5, 0, 0, 0}, false, w.offer().total}});
}

TEST_CASE("a delta that is not an int128 is malformed, one of mixed signs is refused", "[registry]") {
    World w;
    w.open_market();
    Bytes data = registry::update(w.provider, {5, 0, 0, 0}, true, {});
    SECTION("bad sign extension") {
        data[4 + 32] = 0x7f;
        CHECK(w.refused(w.contracts.market, w.contracts.registry, data) == "empty");
    }
    SECTION("mixed signs") {
        data[4 + 64 + 31] = 1;
        CHECK(revert_name(w.call(w.contracts.market, w.contracts.registry, data).output) ==
              "ReservationMismatch");
    }
    SECTION("over 64 bits") {
        data[4 + 32 + 20] = 0;
        CHECK(revert_name(w.call(w.contracts.market, w.contracts.registry, data).output) ==
              "ReservationMismatch");
    }
}

TEST_CASE("a deregistered provider takes no new orders, and its live ones run on", "[registry]") {
    World w;
    w.open_market();
    const OrderId id = w.run_order(w.user);
    CHECK(events_of(w.ok(w.provider, w.contracts.registry, registry::deregister())) ==
          std::vector<Event>{ProviderDeregistered{w.provider}});
    CHECK(w.entry().status == ProviderStatus::deregistered);
    CHECK(w.refused(w.other, w.contracts.market, w.create()) ==
          "ProviderInactive(provider=" + w.provider.checksummed() + ")");
    CHECK(w.refused(w.provider, w.contracts.registry, registry::deregister()) ==
          "ProviderInactive(provider=" + w.provider.checksummed() + ")");
    w.wait(3'600);
    w.ok(w.stranger, w.contracts.market, calls::market::settle(id));
    CHECK(w.order(id).status == OrderStatus::completed);
    CHECK(w.entry().available == w.offer().total);
    w.register_provider(w.offer());
    w.create_order(w.other);
}

TEST_CASE("who never registered cannot deregister", "[registry]") {
    World w;
    CHECK(w.refused(w.stranger, w.contracts.registry, registry::deregister()) ==
          "UnknownProvider(provider=" + w.stranger.checksummed() + ")");
}

TEST_CASE("providers are listed in pages, in the order in which they came", "[registry]") {
    World w;
    std::vector<Address> accounts;
    for (std::uint8_t i = 0; i < 5; ++i) {
        Address a;
        a.bytes[0] = static_cast<std::uint8_t>(200 - i);
        accounts.push_back(a);
        w.ok(a, w.contracts.registry, registry::set(w.offer()));
    }
    const auto page = [&](std::uint64_t offset, std::uint64_t limit) {
        std::vector<Address> found;
        const auto result = w.ok(w.user, w.contracts.registry, registry::list(offset, limit));
        const auto providers = calls::decode_providers(result.output);
        REQUIRE(providers);
        for (const Provider& p : *providers) {
            CHECK(p.host == "provider.example");
            found.push_back(p.address);
        }
        return found;
    };
    CHECK(page(0, 100) == accounts);
    CHECK(page(1, 2) == std::vector<Address>{accounts[1], accounts[2]});
    CHECK(page(4, 2) == std::vector<Address>{accounts[4]});
    CHECK(page(5, 2).empty());
    CHECK(page(~0ull, 100).empty());
    CHECK(page(0, 0).empty());
    CHECK(w.refused(w.user, w.contracts.registry, registry::list(0, 101)) == "TooMany(given=101, limit=100)");
}
