#include "apps/grid/context.hpp"

#include <charconv>

#include "adapters/chain_evm/address_book.hpp"

namespace grid::cli {

chain::Address Context::account(const std::string& name) const {
    const auto& wanted = name.empty() ? key : name;
    if (wanted.starts_with("0x")) return need(chain::Address::parse(wanted));
    if (wanted.starts_with("dev:")) return wallet().open(wanted).address();
    return wallet().find(wanted).address;
}

GatewayUser Context::gateway_user() const {
    return {account(""), [keys = wallet(), name = key] { return keys.open(name); }, sessions()};
}

chain::ContractAddresses Context::contracts() const {
    if (contracts_file.empty()) return chain::embedded_addresses();
    return need(adapters::evm::load_address_book(contracts_file)).contracts;
}

chain::Amount parse_tokens(const std::string& text) {
    return need(chain::Amount::parse_units(text));
}

chain::Seconds parse_duration(const std::string& text) {
    std::uint64_t number = 0;
    const auto* last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), last, number);
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    const std::uint64_t scale = unit.empty() || unit == "s" ? 1
                                : unit == "m"               ? 60
                                : unit == "h"               ? 3600
                                : unit == "d"               ? 86400
                                                            : 0;
    if (problem != std::errc{} || scale == 0 || number > chain::kMaxDuration.count / scale)
        throw Failure(
            "bad_duration",
            "expected a duration like 90s, 30m, 2h or 7d of at most ten years, got \"" + text + "\"");
    return {number * scale};
}

}  // namespace grid::cli
