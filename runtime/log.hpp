#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "store/result.hpp"

namespace grid::runtime {

/// Makes the process's log: one line per event with time (UTC, milliseconds), level and message, to standard
/// error and, when a file is named, there too (rotated at 16 MiB, 4 kept). Secrets never reach it: callers
/// log names, not tokens. Codes: `bad_config` for an unknown level, `log_unwritable`.
Result<void> start_log(const std::string& level, const std::string& file);

}  // namespace grid::runtime
