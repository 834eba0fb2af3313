#include "apps/grid/rent.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <thread>

#include "apps/grid/lease_access.hpp"
#include "apps/grid/manifest_file.hpp"
#include "apps/grid/order_created.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"

namespace grid::cli {

namespace calls = chain::calls;

namespace {

bool covers(const chain::Resources& have, const chain::Resources& want) {
    return have.cpu_milli >= want.cpu_milli && have.memory_mib >= want.memory_mib &&
           have.storage_mib >= want.storage_mib && have.gpus >= want.gpus;
}

/// The named provider, or the cheapest that has what is asked.
chain::Provider choose_provider(const Context& context, const ChainClient& chain,
                                const RentRequest& request) {
    if (!request.provider.empty()) return chain.provider(context.account(request.provider));
    constexpr std::uint64_t kPage = 100;
    std::optional<chain::Provider> best;
    for (std::uint64_t offset = 0;; offset += kPage) {
        const auto page = need(calls::decode_providers(
            chain.call(chain.contracts().registry, calls::registry::list(offset, kPage))));
        for (const auto& provider : page) {
            if (provider.status != chain::ProviderStatus::active ||
                !covers(provider.available, request.resources))
                continue;
            if (!best || hourly_rate(request.resources, provider.prices) <
                             hourly_rate(request.resources, best->prices))
                best = provider;
        }
        if (page.size() < kPage) break;
    }
    if (!best) throw Failure("no_provider", "no provider has " + describe(request.resources) + " free now");
    return *best;
}

/// A gateway on an EVM network knows of a registration and of an order when they have some confirmations:
/// until then it answers with `code`. On the embedded chain it knows at once.
template <class Ask>
auto when_confirmed(std::string_view code, const Ask& ask) {
    constexpr auto kPatience = std::chrono::minutes(5);
    constexpr auto kPause = std::chrono::milliseconds(250);
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    for (bool told = false;; told = true) {
        try {
            return ask();
        } catch (const Failure& failure) {
            if (failure.error().code != code || std::chrono::steady_clock::now() > limit) throw;
        }
        if (!told) progress("the gateway waits for the network's confirmations");
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace

void cover_deposit(const ChainClient& chain, const chain::PrivateKey& key, const chain::Amount& deposit) {
    const auto credits = chain.credit_balance(key.address());
    if (credits >= deposit) return;
    const auto missing = deposit - credits;
    const auto tokens = chain.token_balance(key.address());
    if (tokens < missing)
        throw Failure("too_little_money", "the deposit is " + deposit.units() + ", and you have " +
                                              credits.units() + " credits and " + tokens.units() + " tokens");
    progress("buying " + missing.units() + " credits");
    chain.transact(key, chain.contracts().token, calls::token::approve(chain.contracts().credit, missing));
    chain.transact(key, chain.contracts().credit, calls::credit::purchase(missing));
}

RentResult rent(const Context& context, const chain::PrivateKey& key, const RentRequest& request) {
    const auto chain = context.chain();
    RentResult result;
    result.provider = choose_provider(context, chain, request);
    progress("provider " + result.provider.address.checksummed() + ", " + describe(request.resources));
    GatewayClient gateway(gateway_url(context, result.provider), chain,
                          GatewayUser::with(key, context.sessions()), result.provider.address);
    const auto terms =
        when_confirmed("not_registered", [&] { return gateway.quote(request.resources, request.duration); });
    result.deposit = terms.deposit;
    progress("quoted: " + terms.deposit.units() + " GRID for " + std::to_string(request.duration.count) +
             " s");
    cover_deposit(chain, key, terms.deposit);
    const auto mined = chain.transact(key, chain.contracts().market,
                                      calls::market::create_order_with_quote(terms.quote, terms.signature));
    result.order = order_created_by(mined, chain.contracts());
    progress("order " + std::to_string(result.order.value) + " is in escrow");
    try {
        result.lease_key = when_confirmed("not_found", [&] { return gateway.accept(result.order); });
        progress("accepted by the gateway; lease " + result.lease_key);
        result.app = gateway.deploy(request.deployment);
        progress("deployed: " + result.app.name + " is " + result.app.state);
        result.token = gateway.token();
    } catch (const Failure&) {
        progress("unwinding: cancelling order " + std::to_string(result.order.value));
        chain.transact(key, chain.contracts().market, calls::market::cancel_order(result.order));
        throw;
    }
    return result;
}

void add_rent_command(CLI::App& program, Context& context) {
    auto* command = program.add_subcommand("rent", "From a YAML manifest to a URL, in one command");
    auto provider = std::make_shared<std::string>();
    auto duration = std::make_shared<std::string>("1h");
    auto source = std::make_shared<std::string>();
    auto name = std::make_shared<std::string>("app");
    auto is_public = std::make_shared<bool>(false);
    command->add_option("manifest", *source, "Kubernetes YAML: a file, - or a URL")->required();
    command->add_option("--provider", *provider, "Address; default: the cheapest that has the resources");
    command->add_option("--duration", *duration, "Like 90s, 30m, 2h or 7d")->capture_default_str();
    command->add_option("--name", *name, "What to call the application")->capture_default_str();
    command->add_flag("--public", *is_public, "Everybody may visit it; otherwise you alone");
    auto resources = ResourceOptions::add(*command);
    command->callback([&context, provider, duration, source, name, is_public, resources] {
        RentRequest request{*provider, resources->read(), parse_duration(*duration),
                            read_deployment(*source)};
        request.deployment.app = *name;
        request.deployment.is_public = *is_public;
        const auto result = rent(context, context.open_key(), request);
        context.show(Record()
                         .text("url", result.app.url)
                         .number("order", result.order.value)
                         .text("lease", result.lease_key)
                         .text("provider", result.provider.address.checksummed())
                         .amount("deposit", result.deposit)
                         .text("state", result.app.state));
    });
}

}  // namespace grid::cli
