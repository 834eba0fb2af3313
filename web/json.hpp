#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chain/market.hpp"

namespace grid::web {

/// Bounds of a JSON text from outside: checked before it is parsed.
inline constexpr unsigned kMaxJsonDepth = 16;

/// Reads one JSON object strictly: valid UTF-8, no comments, no trailing text, no member twice, bounded
/// depth, and after done() no member that nobody asked for. Whatever is wrong leaves as a Refusal (400) that
/// names the field by its path and says what was expected and what came. Codes: `bad_json`, `missing_field`,
/// `bad_field`, `unknown_field`.
class JsonObject {
public:
    /// The body of a request. An empty body is refused.
    static JsonObject parse(std::string_view text);

    /// Whether the member is there and not null. It counts as asked for.
    bool has(std::string_view name);

    /// At most `max` bytes; not empty.
    std::string text(std::string_view name, std::size_t max = 1024);
    std::string text_or(std::string_view name, std::string fallback, std::size_t max = 1024);
    /// A whole number in [least, most]: a JSON number, or its decimal digits in a string.
    std::uint64_t integer(std::string_view name, std::uint64_t least = 0, std::uint64_t most = UINT64_MAX);
    std::uint64_t integer_or(std::string_view name, std::uint64_t fallback, std::uint64_t least = 0,
                             std::uint64_t most = UINT64_MAX);
    bool flag_or(std::string_view name, bool fallback);
    /// An array of one to `most` strings of at most `max` bytes together.
    std::vector<std::string> texts(std::string_view name, std::size_t most, std::size_t max);

    chain::Address address(std::string_view name);
    chain::Hash hash(std::string_view name);
    /// "0x" and an even number of digits; at most `max` bytes.
    chain::Bytes bytes(std::string_view name, std::size_t max);
    /// RFC 3339.
    chain::Timestamp time(std::string_view name);
    /// Base units as a string of decimal digits, below 2^96 (what the Market takes as a price).
    chain::Amount price(std::string_view name);

    JsonObject object(std::string_view name);
    /// {cpu_milli, memory_mib, storage_mib, gpus}; the last two may be left out.
    chain::Resources resources(std::string_view name);
    /// {cpu_milli, memory_mib, storage_mib, gpus}; gpus may be left out.
    chain::Prices prices(std::string_view name);

    /// Refuses members that were not asked for.
    void done() const;

private:
    struct Document;
    JsonObject(std::shared_ptr<const Document> document, const void* value, std::string path);
    const void* find(std::string_view name);
    const void* need(std::string_view name);
    std::string path_of(std::string_view name) const;

    std::shared_ptr<const Document> document_;
    const void* value_;  ///< a RapidJSON value within document_
    std::string path_;
    std::set<std::string, std::less<>> asked_;
};

/// The text again without white space when it is an object within our bounds (no member twice, depth); else
/// nothing.
std::optional<std::string> canonical_json_object(std::string_view text);

/// Digits only, no leading zeros, in range of 64 bits.
std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

}  // namespace grid::web
