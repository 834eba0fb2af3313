#include "web/query.hpp"

#include "web/json.hpp"
#include "web/problem.hpp"

namespace grid::web {

namespace {

constexpr std::size_t kMaxParameters = 64;

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

[[noreturn]] void refuse_parameter(std::string_view name, std::string detail) {
    refuse_field(std::string(name), std::move(detail), "bad_query");
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = digit(text[i + 1]);
            const int low = digit(text[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out += c;
    }
    return out;
}

Query Query::parse(std::string_view query) {
    Query result;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
        if (!name || !value) refuse_parameter({}, "the query has a broken percent-escape");
        if (result.values_.contains(*name)) refuse_parameter(*name, "stands twice in the query");
        if (result.values_.size() == kMaxParameters) refuse_parameter({}, "too many parameters in the query");
        result.values_.emplace(std::move(*name), std::move(*value));
    }
    return result;
}

const std::string* Query::find(std::string_view name) {
    asked_.emplace(name);
    const auto it = values_.find(name);
    return it == values_.end() || it->second.empty() ? nullptr : &it->second;
}

bool Query::has(std::string_view name) {
    return find(name) != nullptr;
}

std::string Query::text_or(std::string_view name, std::string fallback, std::size_t max) {
    const auto* value = find(name);
    if (!value) return fallback;
    if (value->size() > max) refuse_parameter(name, "longer than " + std::to_string(max) + " bytes");
    return *value;
}

std::uint64_t Query::integer_or(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                std::uint64_t most) {
    const auto* value = find(name);
    if (!value) return fallback;
    const auto number = parse_decimal(*value);
    if (!number || *number < least || *number > most)
        refuse_parameter(
            name, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return *number;
}

bool Query::flag_or(std::string_view name, bool fallback) {
    const auto* value = find(name);
    if (!value) return fallback;
    if (*value == "true" || *value == "1") return true;
    if (*value == "false" || *value == "0") return false;
    refuse_parameter(name, "expected true or false");
}

std::optional<chain::Address> Query::address(std::string_view name) {
    const auto* value = find(name);
    if (!value) return std::nullopt;
    const auto parsed = chain::Address::parse(*value);
    if (!parsed) refuse_parameter(name, parsed.error().message);
    return *parsed;
}

std::optional<chain::Hash> Query::hash(std::string_view name) {
    const auto* value = find(name);
    if (!value) return std::nullopt;
    const auto parsed = chain::Hash::parse(*value);
    if (!parsed) refuse_parameter(name, parsed.error().message);
    return *parsed;
}

std::optional<chain::Amount> Query::amount(std::string_view name) {
    const auto* value = find(name);
    if (!value) return std::nullopt;
    const auto parsed = chain::Amount::parse(*value);
    if (!parsed) refuse_parameter(name, parsed.error().message);
    return *parsed;
}

void Query::done() const {
    for (const auto& [name, value] : values_) {
        if (!asked_.contains(name)) refuse_parameter(name, "there is no parameter of this name");
    }
}

}  // namespace grid::web
