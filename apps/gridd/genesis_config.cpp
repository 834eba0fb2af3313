#include "apps/gridd/genesis_config.hpp"

namespace grid::gridd {

using runtime::ConfigSection;

namespace {

chain::Address read_account(ConfigSection& section, std::string_view key, const chain::Address& fallback) {
    const auto text = section.text(key, "");
    if (text.empty()) return fallback;
    const auto account = chain::Address::parse(text);
    if (account) return *account;
    section.mistake(key, "expected an address, or nothing: " + account.error().message);
    return fallback;
}

std::vector<chain::Address> read_accounts(ConfigSection& section, std::string_view key,
                                          const std::vector<chain::Address>& fallback) {
    if (!section.has(key)) return fallback;
    std::vector<chain::Address> accounts;
    for (const std::string& text : section.texts(key, {})) {
        const auto address = chain::Address::parse(text);
        if (address)
            accounts.push_back(*address);
        else
            section.mistake(key, "\"" + text + "\": " + address.error().message);
    }
    return accounts;
}

chain::Seconds read_seconds(ConfigSection& section, std::string_view key, chain::Seconds fallback) {
    const auto milliseconds = section.duration(key, std::chrono::seconds(fallback.count));
    if (milliseconds.count() % 1000 != 0) section.mistake(key, "expected whole seconds");
    return {static_cast<std::uint64_t>(milliseconds.count() / 1000)};
}

chain::Amount read_tokens(ConfigSection& section, std::string_view key, const chain::Amount& fallback) {
    const auto amount = chain::Amount::parse_units(section.text(key, fallback.units()));
    if (amount) return *amount;
    section.mistake(key, amount.error().message);
    return fallback;
}

std::uint16_t read_basis_points(ConfigSection& section, std::string_view key, std::uint16_t fallback,
                                std::uint64_t most) {
    return static_cast<std::uint16_t>(section.integer(key, fallback, 0, most));
}

/// Nothing is left of the keys that everybody knows.
chain::Genesis usual_genesis() {
    chain::Genesis genesis;
    genesis.token_cap = chain::development_genesis().token_cap;
    genesis.council.delay = {3 * 24 * 3600};
    return genesis;
}

void read_market(ConfigSection& section, chain::MarketParameters& market) {
    market.max_unactivated = static_cast<std::uint32_t>(
        section.integer("max_orders_unactivated", market.max_unactivated, 1, 1'000'000));
    const auto deadline =
        section.duration("activation_deadline", std::chrono::seconds(market.activation_deadline.count));
    market.activation_deadline = {static_cast<std::uint64_t>(deadline.count() / 1000)};
    market.fee_bp = read_basis_points(section, "fee_bp", market.fee_bp, chain::kAllBasisPoints);
    market.profit_bp = read_basis_points(section, "profit_bp", market.profit_bp, market.fee_bp);
    market.treasury = read_account(section, "treasury", market.treasury);
}

void read_council(ConfigSection council, chain::Genesis& genesis) {
    auto& [members, threshold, delay, term, proposals] = genesis.council;
    members = read_accounts(council, "members", members);
    // Who names other members names a threshold, too.
    if (council.has("members")) threshold = 0;
    threshold =
        static_cast<std::uint32_t>(council.integer("threshold", threshold, 0, chain::kMaxCouncilMembers));
    delay = read_seconds(council, "delay", delay);
    genesis.slashers = read_accounts(council, "slashers", genesis.slashers);
    genesis.vetoers = read_accounts(council, "vetoers", genesis.vetoers);
}

void read_pledge(ConfigSection section, chain::PledgeParameters& pledge) {
    pledge.epoch_length = read_seconds(section, "epoch", pledge.epoch_length);
    pledge.unbonding_period = read_seconds(section, "unbonding", pledge.unbonding_period);
    pledge.slash_delay = read_seconds(section, "slash_delay", pledge.slash_delay);
    pledge.max_slash_bp = read_basis_points(section, "max_slash_bp", pledge.max_slash_bp, 10'000);
    pledge.epoch_profit = read_tokens(section, "epoch_profit", pledge.epoch_profit);
}

}  // namespace

chain::Genesis read_genesis(ConfigSection& section, bool development) {
    chain::Genesis genesis = development ? chain::development_genesis() : usual_genesis();
    read_market(section, genesis.market);
    read_council(section.section("council"), genesis);
    read_pledge(section.section("pledge"), genesis.pledge);
    return genesis;
}

void read_token(ConfigSection& section, chain::Genesis& genesis) {
    auto token = section.section("token");
    genesis.token_cap = read_tokens(token, "cap", genesis.token_cap);
    genesis.minter = read_account(token, "minter", genesis.minter);
    if (!token.has("allocations")) return;
    genesis.allocations.clear();
    for (const std::string& text : token.texts("allocations", {})) {
        const auto space = text.find(' ');
        const auto account = chain::Address::parse(text.substr(0, space));
        const auto amount =
            chain::Amount::parse_units(space == std::string::npos ? "" : text.substr(space + 1));
        if (account && amount)
            genesis.allocations.emplace_back(*account, *amount);
        else
            token.mistake("allocations", "\"" + text + "\": expected an address and an amount of tokens");
    }
}

}  // namespace grid::gridd
