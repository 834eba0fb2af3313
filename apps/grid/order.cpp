#include <CLI/CLI.hpp>

#include "apps/grid/context.hpp"
#include "apps/grid/order_created.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"
#include "chain/events.hpp"

namespace grid::cli {

namespace calls = chain::calls;

chain::OrderId order_created_by(const ChainClient::Mined& mined, const chain::ContractAddresses& contracts) {
    for (const auto& log : mined.logs)
        if (const auto event = chain::decode_event(log, contracts))
            if (const auto* created = std::get_if<chain::OrderCreated>(&*event)) return created->order.id;
    throw Failure("bad_answer", "the transaction " + mined.transaction.hex() + " made no order");
}

namespace {

struct Creation {
    std::string provider;
    std::string duration = "1h";
    std::string min_probation = "0";
    std::shared_ptr<ResourceOptions> resources;
    std::shared_ptr<PriceOptions> prices;
};

void show_order(const Context& context, const ChainClient& chain, chain::OrderId id) {
    context.show(record_of(chain.order(id), chain.pending_time()));
}

void create_order(const Context& context, const Creation& c) {
    const auto chain = context.chain();
    const auto key = context.open_key();
    const auto provider = chain.provider(context.account(c.provider));
    const auto mined = chain.transact(
        key, chain.contracts().market,
        calls::market::create_order(provider.address, c.resources->read(), c.prices->read(provider.prices),
                                    parse_duration(c.duration), parse_duration(c.min_probation)));
    show_order(context, chain, order_created_by(mined, chain.contracts()));
}

void list_orders(const Context& context, const std::string& user, const std::string& provider) {
    constexpr std::uint64_t kPage = 100;
    const auto chain = context.chain();
    const auto now = chain.pending_time();
    std::vector<Record> records;
    for (std::uint64_t offset = 0;; offset += kPage) {
        const auto calldata =
            provider.empty() ? calls::market::orders_of_user(context.account(user), offset, kPage)
                             : calls::market::orders_of_provider(context.account(provider), offset, kPage);
        const auto page = need(calls::decode_order_ids(chain.call(chain.contracts().market, calldata)));
        for (const auto id : page) records.push_back(record_of(chain.order(id), now));
        if (page.size() < kPage) break;
    }
    context.show(records);
}

/// Commands that send one transaction about one order and show it afterwards.
void add_act(CLI::App* group, Context& context, const char* name, const char* help,
             chain::Bytes (*calldata)(chain::OrderId)) {
    auto* command = group->add_subcommand(name, help);
    auto id = std::make_shared<std::uint64_t>();
    command->add_option("id", *id, "The order's number")->required()->check(CLI::NonNegativeNumber);
    command->callback([&context, id, calldata] {
        const auto chain = context.chain();
        chain.transact(context.open_key(), chain.contracts().market, calldata({*id}));
        show_order(context, chain, {*id});
    });
}

}  // namespace

void add_order_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("order", "Orders: escrow, activation, settlement");
    group->require_subcommand(1);

    auto* create =
        group->add_subcommand("create", "Order at the provider's prices; the deposit goes into escrow");
    auto c = std::make_shared<Creation>();
    create->add_option("--provider", c->provider, "Address, key name or dev:N")->required();
    create->add_option("--duration", c->duration, "Like 90s, 30m, 2h or 7d")->capture_default_str();
    create->add_option("--min-probation", c->min_probation, "Refuse less free time than this")
        ->capture_default_str();
    c->resources = ResourceOptions::add(*create);
    c->prices = PriceOptions::add(*create, "price");
    create->callback([&context, c] { create_order(context, *c); });

    auto* show = group->add_subcommand("show", "One order and what it has earned so far");
    auto shown = std::make_shared<std::uint64_t>();
    show->add_option("id", *shown, "The order's number")->required()->check(CLI::NonNegativeNumber);
    show->callback([&context, shown] { show_order(context, context.chain(), {*shown}); });

    auto* list = group->add_subcommand("list", "Orders of a user or of a provider");
    auto user = std::make_shared<std::string>();
    auto provider = std::make_shared<std::string>();
    list->add_option("--user", *user, "Default: --key");
    list->add_option("--provider", *provider, "Orders of this provider instead");
    list->callback([&context, user, provider] { list_orders(context, *user, *provider); });

    add_act(group, context, "activate", "Start the term (the provider; either, when terms were quoted)",
            calls::market::activate_order);
    add_act(group, context, "cancel", "End it: the provider gets what it earned, the user the rest",
            calls::market::cancel_order);
    add_act(group, context, "suspend", "Stop the clock for an outage (the provider)", calls::market::suspend);
    add_act(group, context, "resume", "Let the clock go on (the provider)", calls::market::resume);
    add_act(group, context, "report", "Tell, in probation, that nothing is served (the user)",
            calls::market::report_unserved);
    add_act(group, context, "settle", "Pay what has been earned so far (anybody may)", calls::market::settle);

    auto* extend = group->add_subcommand("extend", "Lengthen a renewable order at its prices (the user)");
    auto longer = std::make_shared<std::uint64_t>();
    auto by = std::make_shared<std::string>();
    extend->add_option("id", *longer, "The order's number")->required()->check(CLI::NonNegativeNumber);
    extend->add_option("duration", *by, "How much longer, like 30m, 2h or 7d")->required();
    extend->callback([&context, longer, by] {
        const auto chain = context.chain();
        chain.transact(context.open_key(), chain.contracts().market,
                       calls::market::extend_order({*longer}, parse_duration(*by)));
        show_order(context, chain, {*longer});
    });

    add_order_replace_command(*group, context);

    auto* withdraw = group->add_subcommand("withdraw", "Take what an ended order still holds for you");
    auto id = std::make_shared<std::uint64_t>();
    auto amount = std::make_shared<std::string>();
    withdraw->add_option("id", *id, "The order's number")->required()->check(CLI::NonNegativeNumber);
    withdraw->add_option("amount", *amount, "In whole tokens")->required();
    withdraw->callback([&context, id, amount] {
        const auto chain = context.chain();
        chain.transact(context.open_key(), chain.contracts().market,
                       calls::market::withdraw({*id}, parse_tokens(*amount)));
        show_order(context, chain, {*id});
    });
}

}  // namespace grid::cli
