#pragma once

#include <string>

namespace grid::chain::rpc {

/// A new name for a filter or subscription: a quantity of 128 bits that nobody can guess, since whoever knows
/// a filter's name can end it.
std::string new_identifier();

}  // namespace grid::chain::rpc
