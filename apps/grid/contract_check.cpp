#include "apps/grid/contract_check.hpp"

#include <algorithm>

#include "apps/grid/contract_code.hpp"
#include "apps/grid/failure.hpp"
#include "apps/grid/json.hpp"

namespace grid::cli {

using chain::Bytes;
using chain::SolidityContract;

namespace {

constexpr std::size_t kWord = 32;

/// The word that an immutable of this name must be; none: anything.
std::optional<Bytes> expected_word(std::string_view name, const chain::ContractAddresses& book) {
    if (name.starts_with('_')) name.remove_prefix(1);
    const auto at = std::find(kContractNames.begin(), kContractNames.end(), name);
    if (at == kContractNames.end()) return std::nullopt;
    const auto address = chain::address_of(book, static_cast<SolidityContract>(at - kContractNames.begin()));
    Bytes word(kWord - address.bytes.size());
    word.insert(word.end(), address.bytes.begin(), address.bytes.end());
    return word;
}

}  // namespace

std::string difference(SolidityContract contract, const Bytes& code, const chain::ContractAddresses& book) {
    const auto& committed = kContractCode.at(static_cast<std::size_t>(contract));
    const auto expected = need(chain::from_hex(committed.runtime));
    if (code.empty()) return "nothing is there";
    if (code.size() != expected.size())
        return std::to_string(code.size()) + " bytes instead of " + std::to_string(expected.size());
    auto rest = code;
    const auto immutables = parse_json(committed.immutables, "the committed contract");
    for (const auto& immutable : immutables.GetObject()) {
        const auto word = expected_word(immutable.name.GetString(), book);
        for (const auto& offset : immutable.value.GetArray()) {
            const auto at = rest.begin() + offset.GetUint();
            if (word && !std::equal(word->begin(), word->end(), at))
                return "it knows another " + std::string(immutable.name.GetString());
            std::fill_n(at, kWord, std::uint8_t{0});
        }
    }
    return rest == expected ? "" : "other code";
}

}  // namespace grid::cli
