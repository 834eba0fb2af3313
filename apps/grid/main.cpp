#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/grid/context.hpp"
#include "apps/grid/json.hpp"

namespace {

using namespace grid::cli;

void add_shared_options(CLI::App& program, Context& context) {
    program.add_option("--rpc", context.rpc_url, "JSON-RPC of the chain")
        ->envname("GRID_RPC")
        ->capture_default_str();
    program
        .add_option(
            "--contracts", context.contracts_file,
            "Address book of an EVM network (grid chain deploy makes it); default: the embedded chain")
        ->envname("GRID_CONTRACTS");
    program.add_option("--gateway", context.gateway_url, "The provider's gateway; default: as registered")
        ->envname("GRID_GATEWAY");
    program
        .add_option("--key", context.key, "Your key: its name, its address, or dev:N on a development chain")
        ->envname("GRID_KEY");
    program.add_option("--keys", context.keys_directory, "Where keys are; default ~/.grid/keys")
        ->envname("GRID_KEYS");
    program.add_option("--password-file", context.password_file, "Its first line is the key's password")
        ->envname("GRID_PASSWORD_FILE");
    program
        .add_option("--sessions", context.sessions_directory,
                    "Where sessions at gateways are kept for the next call; none: nowhere; default "
                    "~/.grid/sessions")
        ->envname("GRID_SESSIONS");
    const std::map<std::string, OutputFormat> formats{{"table", OutputFormat::table},
                                                      {"json", OutputFormat::json}};
    program.add_option("--output,-o", context.output, "table or json")
        ->transform(CLI::CheckedTransformer(formats));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"GRID: rent and sell computing power without trusting each other", "grid"};
    Context context;
    add_shared_options(program, context);
    program.require_subcommand(1);
    program.fallthrough();
    program.set_version_flag("--version", GRID_VERSION);
    program.footer(
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nobody answered, 4 data that differ from "
        "what they should be. grid app exec passes on the exit code of its command.");
    add_rent_command(program, context);
    add_app_commands(program, context);
    add_order_commands(program, context);
    add_provider_commands(program, context);
    add_pledge_commands(program, context);
    add_council_commands(program, context);
    add_credits_commands(program, context);
    add_token_commands(program, context);
    add_key_commands(program, context);
    add_chain_commands(program, context);
    add_up_command(program, context);
    program.add_subcommand("version", "The version of this program")->callback([&context] {
        context.show(Record().text("version", GRID_VERSION));
    });
    try {
        program.parse(argc, argv);
        return context.exit_code;
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : static_cast<int>(Exit::usage);
    } catch (const Failure& e) {
        if (context.output == OutputFormat::json)
            std::printf("{\"error\": {\"code\": %s, \"message\": %s}}\n", json_text(e.error().code).c_str(),
                        json_text(e.error().message).c_str());
        else
            std::fprintf(stderr, "grid: %s (%s)\n", e.error().message.c_str(), e.error().code.c_str());
        return static_cast<int>(e.exit());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "grid: %s\n", e.what());
        return static_cast<int>(Exit::failed);
    }
}
