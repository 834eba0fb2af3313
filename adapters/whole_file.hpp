#pragma once

#include <string>

#include "store/result.hpp"

namespace grid::adapters {

/// All of a file; empty when it cannot be read.
std::string read_whole(const std::string& path);

/// Writes a file as a whole or not at all, for its owner alone, and makes its directory; durable when it
/// returns. Code not_written.
Result<void> write_whole(const std::string& path, const std::string& content);

}  // namespace grid::adapters
