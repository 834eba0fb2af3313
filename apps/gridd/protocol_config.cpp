#include "apps/gridd/protocol_config.hpp"

namespace grid::gridd {

using runtime::ConfigSection;

namespace {

std::vector<chain::Address> read_accounts(ConfigSection& section, std::string_view key,
                                          std::vector<chain::Address> fallback) {
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

}  // namespace

ProtocolConfig read_protocol(ConfigSection& chain, bool development) {
    const chain::Genesis defaults = development ? chain::development_genesis() : chain::Genesis{};
    ProtocolConfig config;
    auto council = chain.section("council");
    config.council.members = read_accounts(council, "members", defaults.council.members);
    // Who names other members names a threshold, too.
    const std::uint32_t threshold = council.has("members") ? 0 : defaults.council.threshold;
    config.council.threshold =
        static_cast<std::uint32_t>(council.integer("threshold", threshold, 0, chain::kMaxCouncilMembers));
    config.council.delay =
        read_seconds(council, "delay", development ? defaults.council.delay : chain::Seconds{3 * 24 * 3600});
    config.slashers = read_accounts(council, "slashers", defaults.slashers);
    config.vetoers = read_accounts(council, "vetoers", defaults.vetoers);
    auto pledge = chain.section("pledge");
    const chain::PledgeParameters& p = defaults.pledge;
    config.pledge.epoch_length = read_seconds(pledge, "epoch", p.epoch_length);
    config.pledge.unbonding_period = read_seconds(pledge, "unbonding", p.unbonding_period);
    config.pledge.slash_delay = read_seconds(pledge, "slash_delay", p.slash_delay);
    config.pledge.max_slash_bp =
        static_cast<std::uint16_t>(pledge.integer("max_slash_bp", p.max_slash_bp, 0, 10'000));
    config.pledge.epoch_profit = read_tokens(pledge, "epoch_profit", p.epoch_profit);
    return config;
}

}  // namespace grid::gridd
