#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "chain/market.hpp"

namespace grid::web {

/// Bytes of a percent-encoded text; nothing when an escape is broken or stands for a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The parameters of a query string, read strictly: whatever is wrong leaves as a Refusal (400, `bad_query`)
/// that names the parameter. Each may stand once; after done() none may be left that nobody asked for.
class Query {
public:
    static Query parse(std::string_view query);

    /// Empty values count as absent.
    bool has(std::string_view name);
    std::string text_or(std::string_view name, std::string fallback, std::size_t max = 256);
    std::uint64_t integer_or(std::string_view name, std::uint64_t fallback, std::uint64_t least = 0,
                             std::uint64_t most = UINT64_MAX);
    /// "true", "1", "false" or "0".
    bool flag_or(std::string_view name, bool fallback);
    std::optional<chain::Address> address(std::string_view name);
    std::optional<chain::Hash> hash(std::string_view name);
    /// Decimal base units.
    std::optional<chain::Amount> amount(std::string_view name);

    /// Refuses parameters that were not asked for.
    void done() const;

private:
    const std::string* find(std::string_view name);

    std::map<std::string, std::string, std::less<>> values_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace grid::web
