#include "web/provider_checks.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace grid;
using namespace grid::web;
using State = ProviderCheck::State;

namespace {

chain::Address address_of(std::uint8_t n) {
    chain::Address address;
    address.bytes[19] = n;
    return address;
}

ProviderFacts sound() {
    ProviderFacts facts;
    facts.provider = facts.signer = address_of(1);
    facts.public_url = "https://gateway.example.org";
    facts.now = {1'800'000'000};
    facts.head = messages::Head{7, {}, {1'799'999'000}, {1'800'000'000}};
    chain::Provider provider;
    provider.address = address_of(1);
    provider.host = "gateway.example.org";
    provider.port = 443;
    provider.prices.cpu_milli = provider.minimum_prices.cpu_milli = chain::Amount(5);
    provider.total = {4000, 8192, 10240, 0};
    provider.available = {3000, 4096, 10240, 0};
    provider.status = chain::ProviderStatus::active;
    facts.registered = provider;
    facts.inventory = messages::Inventory{{4000, 8192, 10240, 0}, {1000, 4096, 0, 0}};
    facts.capabilities = std::vector<messages::Capability>{{"memory_limit", true, "cgroup"}};
    return facts;
}

/// What is not "ok", by name; the worst of a name.
std::map<std::string, State> amiss(const ProviderFacts& facts) {
    std::map<std::string, State> found;
    for (const auto& check : check_provider(facts)) {
        CHECK(check.mend.empty() == (check.state == State::ok));
        CHECK_FALSE(check.detail.empty());
        if (check.state == State::ok) continue;
        auto& worst = found.emplace(check.name, check.state).first->second;
        worst = std::max(worst, check.state);
    }
    return found;
}

using Found = std::map<std::string, State>;

}  // namespace

TEST_CASE("a sound provider has nothing to mend") {
    CHECK(amiss(sound()).empty());
    CHECK(check_provider(sound()).size() == 9);
}

TEST_CASE("what is amiss with a provider is found, each thing by itself") {
    auto facts = sound();
    facts.head = fail("unavailable", "the chain does not answer");
    CHECK(amiss(facts) == Found{{"chain", State::fail}});

    facts = sound();
    facts.stale_head = {999};  // the newest block is 1000 s old
    CHECK(amiss(facts) == Found{{"chain", State::fail}});
    facts.stale_head = {1000};
    CHECK(amiss(facts).empty());

    facts = sound();
    facts.head->pending_time = {facts.now.seconds + 100};
    CHECK(amiss(facts) == Found{{"clock", State::warn}});
    facts.head->pending_time = {facts.now.seconds - 4000};
    CHECK(amiss(facts) == Found{{"clock", State::fail}});

    facts = sound();
    facts.signer = address_of(2);
    CHECK(amiss(facts) == Found{{"key", State::fail}});
    facts.registered->operator_key = address_of(2);
    CHECK(amiss(facts).empty());

    facts = sound();
    facts.gas = GasFacts{{facts.signer, *chain::Amount::parse_units("0.02"), 1'000'000'000}, false};
    CHECK(amiss(facts).empty());
    facts.gas->low = true;
    CHECK(amiss(facts) == Found{{"gas", State::warn}});
    facts.gas->account.balance = {};
    CHECK(amiss(facts) == Found{{"gas", State::fail}});
    facts.gas->low = false;  // who wants no warning has none, but an empty account is amiss
    CHECK(amiss(facts) == Found{{"gas", State::fail}});

    facts = sound();
    facts.registered->status = chain::ProviderStatus::deregistered;
    CHECK(amiss(facts) == Found{{"registration", State::fail}});
    facts.registered = fail("not_found", "not registered");
    CHECK(amiss(facts) == Found{{"registration", State::fail}});

    facts = sound();
    facts.public_url = "https://other.example.org";
    CHECK(amiss(facts) == Found{{"host", State::warn}});

    facts = sound();
    facts.registered->prices.cpu_milli = chain::Amount(4);
    CHECK(amiss(facts) == Found{{"prices", State::warn}});
    facts.registered->prices = {};
    CHECK(amiss(facts) == Found{{"prices", State::warn}});

    facts = sound();
    facts.inventory = fail("cluster_unavailable", "podman does not answer");
    CHECK(amiss(facts) == Found{{"cluster", State::fail}});

    facts = sound();
    facts.inventory->total.cpu_milli = 3999;
    CHECK(amiss(facts) == Found{{"stock", State::fail}});
    facts.inventory->total.cpu_milli = 4000;
    facts.inventory->used.memory_mib = 4097;  // something that no order has
    CHECK(amiss(facts) == Found{{"stock", State::fail}});
    facts.inventory->used.memory_mib = 4096;
    facts.inventory->total.cpu_milli = 8000;
    CHECK(amiss(facts) == Found{{"stock", State::warn}});

    facts = sound();
    facts.capabilities->push_back({"disk_quota", false, "measured"});
    CHECK(amiss(facts) == Found{{"cluster.disk_quota", State::warn}});
}
