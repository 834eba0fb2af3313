#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>

namespace grid::cli {

/// Parses an answer; throws Failure `bad_answer` that names `source`.
rapidjson::Document parse_json(std::string_view text, std::string_view source);

/// A member that must be a string; throws Failure `bad_answer`.
std::string text_of(const rapidjson::Value& object, const char* member);
/// The same, or empty.
std::string text_or_empty(const rapidjson::Value& object, const char* member);
/// A member that is a JSON number or a decimal string.
std::uint64_t number_of(const rapidjson::Value& object, const char* member);

/// A text as a JSON string, with its quotation marks.
std::string json_text(std::string_view text);

}  // namespace grid::cli
