#include "lease/pricing.hpp"

#include <catch2/catch.hpp>

using namespace grid;
using chain::Amount;

namespace {

chain::Address account(std::uint8_t n) {
    chain::Address a;
    a.bytes.fill(n);
    return a;
}

chain::Provider provider() {
    chain::Provider p;
    p.address = account(9);
    p.prices = {Amount{10}, Amount{4}, Amount{2}, Amount{1000}};
    p.minimum_prices = {Amount{5}, Amount{2}, Amount{1}, Amount{500}};
    p.total = {4000, 8192, 10240, 2};
    p.available = {2000, 4096, 10240, 1};
    p.probation = {600};
    p.status = chain::ProviderStatus::active;
    return p;
}

lease::AskedTerms terms() {
    lease::AskedTerms t;
    t.user = account(1);
    t.resources = {1000, 512, 1024, 0};
    t.duration = {3600};
    return t;
}

std::string reason(const lease::AskedTerms& t, const lease::PricingPolicy& policy = {},
                   const chain::Provider& p = provider()) {
    const auto offer = lease::judge_terms(p, t, policy);
    if (offer) return "accepted";
    CHECK(offer.error().code == "not_acceptable");
    return offer.error().message;
}

bool contains(const std::string& text, const char* piece) {
    INFO(text);
    return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("acceptable terms are answered with their price, by the formulas of settlement") {
    const auto offer = lease::judge_terms(provider(), terms(), {});
    REQUIRE(offer);
    CHECK(offer->prices == provider().prices);
    CHECK(offer->hourly_rate == Amount{1000 * 10 + 512 * 4 + 1024 * 2});
    CHECK(offer->deposit == offer->hourly_rate);
    CHECK(offer->probation == chain::Seconds{600});
    auto second = terms();
    second.duration = {3601};
    CHECK(lease::judge_terms(provider(), second, {})->deposit ==
          Amount{14100});  // 14096 * 3601 / 3600 rounded up
}

TEST_CASE("a counter offer is taken from the least price on") {
    auto t = terms();
    t.prices = provider().minimum_prices;
    CHECK(reason(t) == "accepted");
    t.prices->memory_mib = Amount{1};
    CHECK(contains(reason(t), "the price of 1 per hour for MiB of memory is below the provider's least, 2"));
    t.prices = provider().prices;
    t.prices->gpus = Amount::power_of_two(97);
    CHECK(contains(reason(t), "above 2^96"));
}

TEST_CASE("terms that cannot be kept are refused with the reason") {
    auto t = terms();
    t.resources.cpu_milli = 2001;
    CHECK(reason(t) == "asked for 2001 millicores of cpu, free are 2000");
    CHECK(lease::judge_terms(provider(), t, {}, {1, 0, 0, 0}));
    CHECK_FALSE(lease::judge_terms(provider(), t, {}, {0, 1, 0, 0}));
    t = terms();
    t.resources.gpus = ~0ull;
    CHECK(contains(reason(t), "gpus"));
    t = terms();
    t.resources = {};
    CHECK(contains(reason(t), "no resources"));
    t = terms();
    t.duration = {59};
    CHECK(contains(reason(t), "below the least, 60 seconds"));
    t.duration = {chain::kMaxDuration.count + 1};
    CHECK(contains(reason(t), "above the greatest"));
    lease::PricingPolicy day;
    day.maximum_duration = {86400};
    t.duration = {86401};
    CHECK(contains(reason(t, day), "above the greatest, 86400 seconds"));
    auto gone = provider();
    gone.status = chain::ProviderStatus::deregistered;
    CHECK(contains(reason(terms(), {}, gone), "no new orders"));
}

TEST_CASE("allow and deny lists decide about accounts, not about estimates") {
    lease::PricingPolicy policy;
    policy.deny = {account(1)};
    CHECK(contains(reason(terms(), policy), "does not serve this account"));
    policy = {};
    policy.allow = {account(2)};
    CHECK(contains(reason(terms(), policy), "chosen accounts only"));
    auto estimate = terms();
    estimate.user = {};
    CHECK(reason(estimate, policy) == "accepted");
    policy.allow = {account(1)};
    CHECK(reason(terms(), policy) == "accepted");
}
