#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "store/result.hpp"

namespace grid::adapters::evm {

/// How long a server asks to be left alone (RFC 9110, 10.2.3): seconds, or a date in one of the three forms
/// of 5.6.7. A date is compared with the answer's own `Date` where that can be read, because the server's
/// clock may be another, else with `now`; one that has passed is zero. None: there is no such header, or
/// nonsense.
std::optional<std::chrono::seconds> retry_after(
    std::string_view header, std::string_view date,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// "it answers with status 429"; code `bad_status`.
tl::unexpected<Error> refused_with(unsigned status);

}  // namespace grid::adapters::evm
