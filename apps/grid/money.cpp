#include <CLI/CLI.hpp>

#include "apps/grid/context.hpp"
#include "chain/calls.hpp"

namespace grid::cli {

namespace calls = chain::calls;

namespace {

Record balances_of(const ChainClient& chain, const chain::Address& account) {
    return Record()
        .text("account", account.checksummed())
        .amount("tokens", chain.token_balance(account))
        .amount("credits", chain.credit_balance(account), "credits");
}

/// One amount for a group of commands that need nothing else.
CLI::App* with_amount(CLI::App* group, const char* name, const char* help,
                      const std::shared_ptr<std::string>& amount) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("amount", *amount, "In whole tokens, like 12.5")->required();
    return command;
}

}  // namespace

void add_token_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("token", "GRID tokens: what credits are bought with");
    group->require_subcommand(1);

    auto* balance = group->add_subcommand("balance", "Tokens and credits of an account");
    auto account = std::make_shared<std::string>();
    balance->add_option("account", *account, "Address, key name or dev:N; default: --key");
    balance->callback(
        [&context, account] { context.show(balances_of(context.chain(), context.account(*account))); });

    auto* transfer = group->add_subcommand("transfer", "Send tokens");
    auto to = std::make_shared<std::string>();
    auto amount = std::make_shared<std::string>();
    transfer->add_option("to", *to, "Address, key name or dev:N")->required();
    transfer->add_option("amount", *amount, "In whole tokens, like 12.5")->required();
    transfer->callback([&context, to, amount] {
        const auto chain = context.chain();
        const auto key = context.open_key();
        chain.transact(key, chain.contracts().token,
                       calls::token::transfer(context.account(*to), parse_tokens(*amount)));
        context.show(balances_of(chain, key.address()));
    });

    auto wanted = std::make_shared<std::string>();
    with_amount(group, "faucet", "Tokens out of nothing (development chains only, at most 10,000 at a time)",
                wanted)
        ->callback([&context, wanted] {
            const auto chain = context.chain();
            const auto key = context.open_key();
            chain.transact(key, chain.contracts().token, calls::token::faucet(parse_tokens(*wanted)));
            context.show(balances_of(chain, key.address()));
        });
}

void add_credits_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("credits", "Credits: what orders are paid with; one token buys one");
    group->require_subcommand(1);

    auto bought = std::make_shared<std::string>();
    with_amount(group, "buy", "Turn tokens into credits", bought)->callback([&context, bought] {
        const auto chain = context.chain();
        const auto key = context.open_key();
        const auto amount = parse_tokens(*bought);
        chain.transact(key, chain.contracts().token, calls::token::approve(chain.contracts().credit, amount));
        chain.transact(key, chain.contracts().credit, calls::credit::purchase(amount));
        context.show(balances_of(chain, key.address()));
    });

    auto redeemed = std::make_shared<std::string>();
    with_amount(group, "redeem", "Turn credits back into tokens", redeemed)->callback([&context, redeemed] {
        const auto chain = context.chain();
        const auto key = context.open_key();
        chain.transact(key, chain.contracts().credit, calls::credit::redeem(parse_tokens(*redeemed)));
        context.show(balances_of(chain, key.address()));
    });

    auto* balance = group->add_subcommand("balance", "Tokens and credits of an account");
    auto account = std::make_shared<std::string>();
    balance->add_option("account", *account, "Address, key name or dev:N; default: --key");
    balance->callback(
        [&context, account] { context.show(balances_of(context.chain(), context.account(*account))); });
}

}  // namespace grid::cli
