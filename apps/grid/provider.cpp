#include <CLI/CLI.hpp>

#include "apps/grid/context.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"

namespace grid::cli {

namespace calls = chain::calls;

namespace {

struct Registration {
    std::string host;
    std::uint16_t port = 8090;
    std::string attributes = "{}";
    std::string probation = "0";
    std::string probation_pledge = "0";
    std::string operator_key;
    bool renewable = false;
    bool accepts_offers = false;
    std::shared_ptr<ResourceOptions> resources;
    std::shared_ptr<PriceOptions> prices;
    std::shared_ptr<PriceOptions> minimum;
};

void register_provider(const Context& context, const Registration& r) {
    chain::Provider info;
    info.host = r.host;
    info.port = r.port;
    info.total = r.resources->read();
    info.prices = r.prices->read({});
    info.minimum_prices = r.minimum->read(info.prices);
    info.attributes = r.attributes;
    info.probation = parse_duration(r.probation);
    info.probation_pledge = parse_tokens(r.probation_pledge);
    info.renewable = r.renewable;
    info.accepts_offers = r.accepts_offers;
    if (!r.operator_key.empty()) info.operator_key = context.account(r.operator_key);
    const auto chain = context.chain();
    const auto key = context.open_key();
    chain.transact(key, chain.contracts().registry, calls::registry::set(info));
    context.show(record_of(chain.provider(key.address())));
}

void list_providers(const Context& context) {
    constexpr std::uint64_t kPage = 100;
    const auto chain = context.chain();
    std::vector<Record> records;
    for (std::uint64_t offset = 0;; offset += kPage) {
        const auto page = need(calls::decode_providers(
            chain.call(chain.contracts().registry, calls::registry::list(offset, kPage))));
        for (const auto& provider : page) records.push_back(record_of(provider));
        if (page.size() < kPage) break;
    }
    context.show(records);
}

/// By the provider, on the Market.
void transact(const Context& context, const chain::Bytes& calldata) {
    const auto chain = context.chain();
    chain.transact(context.open_key(), chain.contracts().market, calldata);
}

}  // namespace

void add_provider_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("provider", "Sell computing power: the entry in the Registry");
    group->require_subcommand(1);

    auto* set = group->add_subcommand("register", "Register, or revise what is registered");
    auto r = std::make_shared<Registration>();
    set->add_option("--host", r->host, "Domain or address of your gateway")->required();
    set->add_option("--port", r->port, "Its port")->capture_default_str()->check(CLI::Range(1, 65535));
    r->resources = ResourceOptions::add(*set);
    r->prices = PriceOptions::add(*set, "price");
    r->minimum = PriceOptions::add(*set, "min-price");
    set->add_option("--attributes", r->attributes, "JSON: region, gpu model, tags; at most 4 KiB")
        ->capture_default_str();
    set->add_option("--probation", r->probation, "Free time before the paid term, like 10m")
        ->capture_default_str();
    set->add_option("--probation-pledge", r->probation_pledge,
                    "Credits that a user must have pledged to get free time")
        ->capture_default_str();
    set->add_option("--operator", r->operator_key, "Key that may activate and quote, but holds no funds");
    set->add_flag("--renewable", r->renewable, "Users may extend their orders");
    set->add_flag("--accept-offers", r->accepts_offers, "Users may order at your prices without a quote");
    set->callback([&context, r] { register_provider(context, *r); });

    auto* show = group->add_subcommand("show", "One provider");
    auto address = std::make_shared<std::string>();
    show->add_option("address", *address, "Default: --key");
    show->callback([&context, address] {
        context.show(record_of(context.chain().provider(context.account(*address))));
    });

    group->add_subcommand("deregister", "Take no new orders; those that run go on")->callback([&context] {
        const auto chain = context.chain();
        const auto key = context.open_key();
        chain.transact(key, chain.contracts().registry, calls::registry::deregister());
        context.show(record_of(chain.provider(key.address())));
    });

    auto* cancel = group->add_subcommand("cancel-quote", "Void quotes of yours that were not used");
    auto salt = std::make_shared<std::string>();
    cancel->add_option("salt", *salt, "The quote's salt: 0x and 64 hex digits")->required();
    cancel->callback([&context, salt] {
        const auto hash = need(chain::Hash::parse(*salt));
        transact(context, calls::market::cancel_quote(hash));
        context.show(Record().text("cancelled_salt", hash.hex()));
    });

    group->add_subcommand("bump-quote-epoch", "Void all quotes of yours that were not used")
        ->callback([&context] {
            transact(context, calls::market::bump_quote_epoch());
            const auto chain = context.chain();
            const auto epoch = need(calls::decode_u64(
                chain.call(chain.contracts().market, calls::market::quote_epoch(context.account("")))));
            context.show(Record().number("quote_epoch", epoch));
        });

    add_doctor_command(*group, context);
    group->add_subcommand("list", "All providers")->callback([&context] { list_providers(context); });
}

}  // namespace grid::cli
