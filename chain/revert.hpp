#pragma once

#include <string>

#include "chain/bytes.hpp"

namespace grid::chain {

/// Revert data for people: "InsufficientCredits(needed=5, available=3)", "Panic(0x11): arithmetic overflow",
/// "reverted: ..." for Error(string), "reverted without a reason: ..." when it is empty, its hexadecimal form
/// when unknown.
std::string describe_revert(ByteView data);

/// The error's name alone ("InsufficientCredits"), for programs that decide by it; empty when unknown or
/// without data.
std::string revert_name(ByteView data);

}  // namespace grid::chain
