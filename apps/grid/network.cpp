#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/chain_evm/address_book.hpp"
#include "apps/grid/context.hpp"
#include "apps/grid/contract_check.hpp"
#include "apps/grid/contract_code.hpp"
#include "apps/gridd/genesis_config.hpp"
#include "chain/calls.hpp"
#include "chain/deployment.hpp"

namespace grid::cli {

namespace fs = std::filesystem;
using chain::SolidityContract;

namespace {

struct Deployment {
    std::string config;
    std::string file;
    std::optional<std::uint64_t> nonce;
    bool development = false;
};

chain::Genesis parameters(const Deployment& deployment) {
    if (deployment.development) return chain::development_genesis();
    auto root = need(runtime::ConfigSection::load(deployment.config));
    auto section = root.section("chain");
    auto genesis = gridd::read_genesis(section, section.boolean("development", false));
    gridd::read_token(section, genesis);
    need(root.finish());
    return genesis;
}

std::string address_book_text(const chain::ContractAddresses& addresses, std::uint64_t chain_id,
                              std::uint64_t block) {
    std::ostringstream out;
    out << "# Where the contracts of GRID are on this network; written by `grid chain deploy`.\n"
        << "chain_id: " << chain_id << "\nblock: " << block << "\naddresses:\n";
    for (std::size_t i = 0; i < kContractNames.size(); ++i)
        out << "  " << kContractNames[i] << ": "
            << chain::address_of(addresses, static_cast<SolidityContract>(i)).checksummed() << "\n";
    return out.str();
}

/// Whole or not at all.
void write_file(const fs::path& file, const std::string& text) {
    const fs::path unfinished = file.string() + ".part";
    {
        std::ofstream out(unfinished);
        out << text;
        if (!out.flush()) throw Failure("write_failed", unfinished.string() + " cannot be written");
    }
    fs::rename(unfinished, file);
}

void show_addresses(const Context& context, const chain::ContractAddresses& addresses) {
    Record record;
    for (std::size_t i = 0; i < kContractNames.size(); ++i)
        record.text(kContractNames[i],
                    chain::address_of(addresses, static_cast<SolidityContract>(i)).checksummed());
    context.show(record.text("multicall", addresses.multicall.checksummed()));
}

void deploy(const Context& context, const Deployment& deployment) {
    if (fs::exists(deployment.file))
        throw Failure("file_exists", deployment.file +
                                         " is there already: the contracts it names would be "
                                         "forgotten; choose another file");
    const auto genesis = parameters(deployment);
    need(chain::check_genesis(genesis));
    const ChainClient network(context.rpc_url);
    const auto key = context.open_key();
    const auto chain_id = network.chain_id();
    const auto first = deployment.nonce.value_or(network.transactions_of(key.address(), true));
    const auto addresses = chain::deployed_addresses(key.address(), first);
    progress("deploying to chain " + std::to_string(chain_id) + " from " + key.address().checksummed() +
             ", nonces from " + std::to_string(first));
    std::uint64_t block = 0;
    for (std::size_t i = 0; i < chain::kSolidityContracts; ++i) {
        const auto contract = static_cast<SolidityContract>(i);
        const auto address = chain::address_of(addresses, contract);
        if (network.has_code(address)) {
            progress(std::string(kContractNames[i]) + " is at " + address.checksummed() + " already");
            continue;
        }
        auto code = need(chain::from_hex(kContractCode[i].creation));
        const auto arguments = chain::constructor_arguments(contract, addresses, genesis);
        code.insert(code.end(), arguments.begin(), arguments.end());
        try {
            const auto mined = network.create(key, first + i, code);
            if (block == 0) block = mined.block;
            if (!network.has_code(address))
                throw Failure("not_created", "the network shows no code at " + address.checksummed());
        } catch (const Failure& failure) {
            throw Failure(failure.error().code, std::string(kContractNames[i]) +
                                                    " could not be created: " + failure.error().message +
                                                    "; to go on where this ended: --nonce " +
                                                    std::to_string(first));
        }
        progress(std::string(kContractNames[i]) + " is at " + address.checksummed());
    }
    // Of a deployment that was cut short nobody knows the first block any more; an earlier one is no mistake.
    if (deployment.nonce) block = 0;
    write_file(deployment.file, address_book_text(addresses, chain_id, block));
    show_addresses(context, addresses);
}

void status(const Context& context, const std::string& account) {
    const auto client = context.chain();
    const auto head = client.rpc("eth_getBlockByNumber", "[\"latest\",false]");
    const auto& block = head["result"];
    const auto quantity = [&](const char* what) {
        const auto text = text_or_empty(block, what);
        return text.empty() ? 0 : need(chain::Amount::parse_quantity(text)).to_u64();
    };
    const auto& contracts = client.contracts();
    const bool native = contracts == chain::embedded_addresses();
    std::string missing, different;
    for (std::size_t i = 0; i < kContractNames.size(); ++i) {
        const auto contract = static_cast<SolidityContract>(i);
        const auto code = client.code(chain::address_of(contracts, contract));
        if (code.empty()) missing += (missing.empty() ? "" : ", ") + std::string(kContractNames[i]);
        const auto why = native || code.empty() ? "" : difference(contract, code, contracts);
        if (!why.empty())
            different += (different.empty() ? "" : ", ") + std::string(kContractNames[i]) + " (" + why + ")";
    }
    Record record;
    record.text("rpc", context.rpc_url)
        .number("chain_id", client.chain_id())
        .number("height", quantity("number"))
        .text("hash", text_of(block, "hash"))
        .number("time", quantity("timestamp"))
        .number("base_fee", quantity("baseFeePerGas"))
        .text("contracts", missing.empty() ? "all there" : "missing: " + missing);
    record.text("code", native              ? "native"
                        : different.empty() ? "as of this release"
                                            : "not that of this release: " + different);
    if (missing.empty())
        record.number(
            "orders",
            need(chain::calls::decode_u64(client.call(contracts.market, chain::calls::market::count()))));
    if (!account.empty()) {
        const auto gas = client.gas_account(context.account(account));
        record.text("account", gas.address.checksummed())
            .amount("coin", gas.balance, "coin")
            .number("transactions", gas.transactions());
    }
    context.show(record);
    if (!missing.empty())
        throw Failure("no_contracts", "not all contracts are there; name the address book with --contracts");
}

}  // namespace

void add_network_commands(CLI::App& chain_group, Context& context) {
    const auto deployment = std::make_shared<Deployment>();
    auto* create = chain_group.add_subcommand(
        "deploy",
        "Create the contracts on the EVM network at --rpc with --key, and write their address book");
    create->add_option("--addresses", deployment->file, "The address book to write")->required();
    auto* config = create->add_option("--config", deployment->config,
                                      "YAML with the one section `chain`: what the contracts start from");
    auto* development = create->add_flag(
        "--development", deployment->development,
        "What a development chain starts from: tokens for the accounts that everybody knows");
    config->excludes(development);
    create->add_option(
        "--nonce", deployment->nonce,
        "Go on with a deployment that began with this nonce: what is there is not created again");
    create->callback([&context, deployment] {
        if (deployment->config.empty() && !deployment->development)
            throw Failure("no_parameters", "say what the contracts start from: --config or --development");
        deploy(context, *deployment);
    });

    chain_group.add_subcommand("addresses", "Where the contracts are")->callback([&context] {
        show_addresses(context, context.contracts());
    });
    auto* look = chain_group.add_subcommand(
        "status", "The newest block, and whether the contracts are there and those of this release");
    const auto account = std::make_shared<std::string>();
    look->add_option("--account", *account,
                     "Also the coin that this account (of a gateway's key, say) has, and for how many "
                     "transactions that is enough now");
    look->callback([&context, account] { status(context, *account); });
}

}  // namespace grid::cli
