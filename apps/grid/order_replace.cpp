#include <CLI/CLI.hpp>

#include "apps/grid/lease_access.hpp"
#include "apps/grid/order_created.hpp"
#include "apps/grid/rent.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"
#include "chain/settlement.hpp"

namespace grid::cli {

namespace calls = chain::calls;

namespace {

struct Replacement {
    std::uint64_t order = 0;
    std::string duration = "1h";
    std::shared_ptr<ResourceOptions> resources;
};

/// What the old order gives back when it ends about now: the new deposit is paid from it, too.
chain::Amount refund_of(const chain::Order& order, chain::Timestamp now) {
    constexpr chain::Seconds kUntilMined{60};
    return order.deposit - chain::settlement::earned_at(order, now + kUntilMined) - order.paid_user;
}

void replace(const Context& context, const Replacement& asked) {
    const auto chain = context.chain();
    const auto key = context.open_key();
    const auto old = chain.order({asked.order});
    if (old.user != key.address())
        throw Failure("not_yours",
                      "order " + std::to_string(asked.order) + " is of " + old.user.checksummed());
    GatewayClient gateway(gateway_url(context, chain.provider(old.provider)), chain,
                          GatewayUser::with(key, context.sessions()), old.provider);
    const auto resources = asked.resources->read();
    const auto duration = parse_duration(asked.duration);
    const auto terms = gateway.quote(resources, duration, old.id);
    const auto refund = refund_of(old, chain.pending_time());
    progress("quoted: " + terms.deposit.units() + " GRID for " + describe(resources) + ", " +
             std::to_string(duration.count) + " s; order " + std::to_string(asked.order) + " gives back " +
             refund.units());
    if (terms.deposit > refund) cover_deposit(chain, key, terms.deposit - refund);
    const auto mined = chain.transact(key, chain.contracts().market,
                                      calls::market::replace_order(terms.quote, terms.signature));
    const auto id = order_created_by(mined, chain.contracts());
    progress("order " + std::to_string(id.value) + " goes on where order " + std::to_string(asked.order) +
             " ended; applications and their URLs stay");
    context.show(record_of(chain.order(id), chain.pending_time()));
}

}  // namespace

void add_order_replace_command(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand(
        "replace", "End it and go on at once with other resources or another term (the user)");
    auto r = std::make_shared<Replacement>();
    command->add_option("id", r->order, "The order's number")->required()->check(CLI::NonNegativeNumber);
    command->add_option("--duration", r->duration, "Of the new order, from now")->capture_default_str();
    r->resources = ResourceOptions::add(*command);
    command->callback([&context, r] { replace(context, *r); });
}

}  // namespace grid::cli
