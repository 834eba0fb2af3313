#pragma once

#include <string>
#include <string_view>

#include "chain/time.hpp"
#include "store/result.hpp"

/// RFC 3339 date-times, without locale and time zone tables.
namespace grid::lease {

/// Like "2026-11-20T12:00:00Z". Times after the year 9999 become its last second.
std::string format_rfc3339(chain::Timestamp time);

/// Date-times with "Z" or a numeric offset; fractions are cut off; 1970..9999. Code `bad_time`.
Result<chain::Timestamp> parse_rfc3339(std::string_view text);

}  // namespace grid::lease
