#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "store/result.hpp"

/// JSON objects of the Kubernetes API as values, and safe looks into those that a server sent: whatever is
/// not there, or is of another type, reads as empty.
namespace grid::adapters::kubernetes {

namespace json = boost::json;
using Path = std::initializer_list<std::string_view>;

/// RFC 8259, at most 64 levels deep. Code `bad_reply`.
Result<json::value> parse_json(std::string_view text);

/// Null when a member of the path is missing.
const json::value* find(const json::value& from, Path path) noexcept;

std::string text_at(const json::value& from, Path path);
std::int64_t number_at(const json::value& from, Path path, std::int64_t otherwise = 0) noexcept;
bool flag_at(const json::value& from, Path path, bool otherwise = false) noexcept;
const json::array& list_at(const json::value& from, Path path) noexcept;
const json::object& object_at(const json::value& from, Path path) noexcept;

/// Seconds since 1970 of an RFC 3339 time ("2026-11-28T06:00:00Z", fractions are cut); 0 when it is none.
std::int64_t seconds_of(std::string_view rfc3339);

/// RFC 4648 section 4, as the API holds bytes.
std::string base64(std::string_view bytes);

/// What strangers say goes to logs and pages: at most so many bytes, on one line, without control characters.
std::string tamed(std::string_view text, std::size_t most = 512);

}  // namespace grid::adapters::kubernetes
