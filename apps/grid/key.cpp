#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "apps/grid/context.hpp"

namespace grid::cli {

namespace {

Record record_of(const Wallet::Entry& entry) {
    return Record().text("name", entry.name).text("address", entry.address.checksummed());
}

/// A secret in hexadecimal, from a file or from standard input: never from an argument, which others could
/// see.
chain::PrivateKey read_secret(const std::string& file) {
    std::string line;
    if (file.empty()) {
        std::getline(std::cin, line);
    } else {
        std::ifstream in(file);
        if (!std::getline(in, line)) throw Failure("key_unreadable", file + " cannot be read");
    }
    if (!line.starts_with("0x")) line.insert(0, "0x");
    auto bytes = chain::from_hex(line);
    if (!bytes) throw Failure("bad_key", "expected 64 hexadecimal digits");
    return need(chain::PrivateKey::from_bytes(*bytes));
}

}  // namespace

void add_key_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("key", "Your keys: web3 v3 keystores under a password");
    group->require_subcommand(1);

    auto* make = group->add_subcommand("new", "Make a new key");
    auto name = std::make_shared<std::string>();
    make->add_option("name", *name, "What to call it")->required();
    make->callback([&context, name] {
        context.show(record_of(context.wallet().add(*name, chain::PrivateKey::generate())));
    });

    auto* import = group->add_subcommand(
        "import", "Take over a secret (64 hexadecimal digits) from a file or standard input");
    auto imported = std::make_shared<std::string>();
    auto file = std::make_shared<std::string>();
    import->add_option("name", *imported, "What to call it")->required();
    import->add_option("--file", *file, "Read the secret from this file instead of standard input");
    import->callback([&context, imported, file] {
        context.show(record_of(context.wallet().add(*imported, read_secret(*file))));
});

group->add_subcommand("list", "All keys")->callback([&context] {
    std::vector<Record> records;
    for (const auto& entry : context.wallet().list()) records.push_back(record_of(entry));
    context.show(records);
});

auto* show = group->add_subcommand("show", "The address of a key");
auto shown = std::make_shared<std::string>();
show->add_option("name", *shown, "Name or address; default: --key");
show->callback([&context, shown] {
    const auto& key = shown->empty() ? context.key : *shown;
    if (key.starts_with("dev:"))
        context.show(Record().text("name", key).text("address", context.account(key).checksummed()));
    else
        context.show(record_of(context.wallet().find(key)));
});
}  // namespace grid::cli

}  // namespace grid::cli
