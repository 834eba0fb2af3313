#include "apps/grid/main_job.hpp"

#include <cstdio>
#include <memory>
#include <thread>

#include "apps/grid/manifest_file.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"
#include "chain/settlement.hpp"

namespace grid::cli {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

constexpr chain::Resources kSampleResources{500, 128, 128, 0};
constexpr chain::Seconds kSampleDuration{3600};
constexpr auto kServedFor = 3s;
constexpr auto kPatience = 30s;

unsigned visit(const RentResult& sample, bool with_session) {
    runtime::HttpHeaders headers;
    if (with_session) headers.emplace_back("Authorization", "Bearer " + sample.token);
    return Endpoint(sample.app.url).request("GET", "/", std::move(headers), {}).status;
}

/// Visits until the status comes or patience ends; the last status. The end of an order cuts a visit that is
/// under way: that one is made again.
unsigned visit_until(const RentResult& sample, unsigned status) {
    const auto end = Clock::now() + kPatience;
    for (;;) {
        try {
            const auto seen = visit(sample, true);
            if (seen == status || Clock::now() > end) return seen;
        } catch (const Failure&) {
            if (Clock::now() > end) throw;
        }
        std::this_thread::sleep_for(10ms);
    }
}

void expect(bool good, const std::string& what) {
    if (!good) throw Failure("main_job", what);
}

}  // namespace

RentedSample rent_sample(const Context& context, const chain::PrivateKey& key, const std::string& manifest,
                         bool is_public) {
    RentRequest request{{}, kSampleResources, kSampleDuration, read_deployment(manifest)};
    request.deployment.app = "hello";
    request.deployment.is_public = is_public;
    const auto started = Clock::now();
    RentedSample sample{rent(context, key, request), {}};
    const auto status = visit_until(sample.rented, 200);
    sample.until_first_200 = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started);
    expect(status == 200, "the application answers " + std::to_string(status) + " instead of 200");
    return sample;
}

void do_main_job_once(const Context& context, const chain::PrivateKey& key, const std::string& manifest,
                      const ClusterView& cluster) {
    const auto chain = context.chain();
    const auto sample = rent_sample(context, key, manifest, false);
    const auto& rented = sample.rented;
    progress("the application answers 200 at " + rented.app.url + ", " +
             std::to_string(sample.until_first_200.count()) + " ms after the start of renting");
    expect(visit(rented, false) == 401, "a private application is served to a stranger");
    expect(cluster.containers_of(rented.lease_key) > 0, "the cluster shows no container of the lease");
    const auto provider_before = chain.credit_balance(rented.provider.address);
    const auto user_before = chain.credit_balance(key.address());

    progress("being served for " + std::to_string(kServedFor.count()) + " s");
    std::this_thread::sleep_for(kServedFor);
    expect(visit(rented, true) == 200, "the application stopped answering while its order runs");
    progress("cancelling order " + std::to_string(rented.order.value));
    chain.transact(key, chain.contracts().market, chain::calls::market::cancel_order(rented.order));

    const auto order = chain.order(rented.order);
    const auto provider_paid = chain.credit_balance(rented.provider.address) - provider_before;
    const auto user_refunded = chain.credit_balance(key.address()) - user_before;
    const auto escrow_left = order.deposit - order.paid_provider - order.paid_user;
    progress("served " + std::to_string(order.settled_at.seconds - order.starts_at().seconds) +
             " s: the provider was paid " + provider_paid.units() + ", the user got " +
             user_refunded.units() + " back, of a deposit of " + order.deposit.units());
    expect(order.status == chain::OrderStatus::cancelled, "the order is not cancelled");
    expect(provider_paid == order.paid_provider && user_refunded == order.paid_user,
           "the balances moved by something else than the order says");
    expect(
        !provider_paid.is_zero() && provider_paid + user_refunded == order.deposit && escrow_left.is_zero(),
        "the deposit did not go where it belongs");

    const auto after = visit_until(rented, 410);
    expect(after == 410, "the URL of an ended order answers " + std::to_string(after) + " instead of 410");
    progress("the URL answers 410");
    const auto end = Clock::now() + kPatience;
    while (cluster.containers_of(rented.lease_key) > 0 && Clock::now() < end)
        std::this_thread::sleep_for(20ms);
    expect(cluster.containers_of(rented.lease_key) == 0, "the container is still there");
    progress("the container is gone");
    std::printf(
        "{\"entrance_status\":200, \"after_end_status\":%u, \"deposit\":\"%s\", \"provider_paid\":\"%s\", "
        "\"user_refunded\":\"%s\", \"escrow_left\":\"%s\", \"rent_to_first_200_ms\":%lld}\n",
        after, order.deposit.decimal().c_str(), provider_paid.decimal().c_str(),
        user_refunded.decimal().c_str(), escrow_left.decimal().c_str(),
        static_cast<long long>(sample.until_first_200.count()));
}

}  // namespace grid::cli
