#include "apps/gridd/genesis_config.hpp"

#include "apps/gridd/protocol_config.hpp"

namespace grid::gridd {

using runtime::ConfigSection;

namespace {

chain::Address read_account(ConfigSection& section, std::string_view key, const chain::Address& fallback) {
    if (!section.has(key)) return fallback;
    const auto account = chain::Address::parse(section.text(key, ""));
    if (account) return *account;
    section.mistake(key, account.error().message);
    return fallback;
}

void read_token(ConfigSection& token, chain::Genesis& genesis) {
    const auto cap = chain::Amount::parse_units(token.text("cap", genesis.token_cap.units()));
    if (cap)
        genesis.token_cap = *cap;
    else
        token.mistake("cap", cap.error().message);
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

}  // namespace

chain::Genesis read_genesis(ConfigSection& section) {
    const bool development = section.boolean("development", false);
    chain::Genesis genesis = chain::development_genesis();
    if (!development) {
        // Nothing is left of the keys that everybody knows.
        genesis.allocations.clear();
        genesis.minter = {};
        genesis.development = false;
    }
    chain::MarketParameters& market = genesis.market;
    market.max_unactivated = static_cast<std::uint32_t>(
        section.integer("max_orders_unactivated", market.max_unactivated, 1, 1'000'000));
    market.activation_deadline = {static_cast<std::uint64_t>(
        section.duration("activation_deadline", std::chrono::seconds(market.activation_deadline.count))
            .count() /
        1000)};
    market.fee_bp =
        static_cast<std::uint16_t>(section.integer("fee_bp", market.fee_bp, 0, chain::kAllBasisPoints));
    market.profit_bp = static_cast<std::uint16_t>(section.integer("profit_bp", 0, 0, market.fee_bp));
    market.treasury = read_account(section, "treasury", market.treasury);
    const ProtocolConfig protocol = read_protocol(section, development);
    genesis.council = protocol.council;
    genesis.slashers = protocol.slashers;
    genesis.vetoers = protocol.vetoers;
    genesis.pledge = protocol.pledge;
    auto token = section.section("token");
    read_token(token, genesis);
    return genesis;
}

}  // namespace grid::gridd
