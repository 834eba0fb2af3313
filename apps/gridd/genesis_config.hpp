#pragma once

#include "chain/genesis.hpp"
#include "runtime/config.hpp"

namespace grid::gridd {

/// Reads a section `chain` into what a chain starts from; `grid chain deploy` gives it to the constructors.
/// Keys: `development`, `max_orders_unactivated`, `activation_deadline`, `fee_bp`, `profit_bp`, `treasury`,
/// `council`, `pledge` (read_protocol), and `token` with `cap`, `minter` and `allocations`, a list of
/// "ADDRESS TOKENS". A development chain has what development_genesis has where nothing else is said.
/// Mistakes are kept in the section; what contradicts itself is for check_genesis.
chain::Genesis read_genesis(runtime::ConfigSection& section);

}  // namespace grid::gridd
