#pragma once

#include <CLI/App.hpp>
#include <string>

#include "apps/grid/chain_client.hpp"
#include "apps/grid/failure.hpp"
#include "apps/grid/gateway_client.hpp"
#include "apps/grid/output.hpp"
#include "apps/grid/wallet.hpp"

namespace grid::cli {

/// The options that every command shares, and what they open.
struct Context {
    std::string rpc_url = "http://127.0.0.1:8080/rpc";
    std::string contracts_file;  ///< address book of an EVM network; empty: the embedded chain
    std::string gateway_url;     ///< empty: the one that the provider registered
    std::string keys_directory;
    std::string key;
    std::string password_file;
    std::string sessions_directory;  ///< empty: the default; "none": sessions are not kept
    OutputFormat output = OutputFormat::table;
    int exit_code = 0;  ///< of a command that ran to its end: not 0 when what it found or ran has failed

    ChainClient chain() const { return ChainClient(rpc_url, contracts()); }
    /// Where the contracts are.
    chain::ContractAddresses contracts() const;
    Wallet wallet() const { return {keys_directory, password_file}; }
    chain::PrivateKey open_key() const { return wallet().open(key); }
    SessionStore sessions() const {
        return SessionStore(sessions_directory.empty() ? SessionStore::default_directory()
                                                       : std::filesystem::path(sessions_directory));
    }
    /// The key in use before a gateway; opened when a login must be signed.
    GatewayUser gateway_user() const;
    /// An account named by address, by a key's name, or as dev:N; empty: the key in use.
    chain::Address account(const std::string& name) const;

    void show(const Record& record) const { print(output, record); }
    void show(const std::vector<Record>& records) const { print(output, records); }
};

/// Amounts on the command line are in whole tokens: "1.5". Throws Failure `bad_amount`.
chain::Amount parse_tokens(const std::string& text);
/// "90s", "30m", "2h", "7d" or plain seconds. Throws Failure `bad_duration`.
chain::Seconds parse_duration(const std::string& text);

// One function per group of subcommands; each adds them to the program.
void add_chain_commands(CLI::App& program, Context& context);
/// Those of `grid chain` that are about a network, not about a node's files.
void add_network_commands(CLI::App& chain_group, Context& context);
void add_key_commands(CLI::App& program, Context& context);
void add_token_commands(CLI::App& program, Context& context);
void add_credits_commands(CLI::App& program, Context& context);
void add_provider_commands(CLI::App& program, Context& context);
void add_pledge_commands(CLI::App& program, Context& context);
void add_council_commands(CLI::App& program, Context& context);
void add_order_commands(CLI::App& program, Context& context);
/// `grid order replace`.
void add_order_replace_command(CLI::App& group, Context& context);
void add_app_commands(CLI::App& program, Context& context);
/// Those of `grid app` that look at or change what was deployed.
void add_app_life_commands(CLI::App& group, Context& context);
/// `grid provider doctor`.
void add_doctor_command(CLI::App& group, Context& context);
void add_rent_command(CLI::App& program, Context& context);
void add_up_command(CLI::App& program, Context& context);

}  // namespace grid::cli
