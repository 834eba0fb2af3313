#pragma once

#include "chain/genesis.hpp"
#include "runtime/config.hpp"

namespace grid::gridd {

/// Reads a section `chain` into what a chain starts from: the embedded ledger, or the constructors that
/// `grid chain deploy` calls. Keys: `max_orders_unactivated`, `activation_deadline`, `fee_bp`, `profit_bp`,
/// `treasury`, `council`, `pledge`. What is not there: on a development chain what development_genesis has;
/// elsewhere the defaults of Genesis, no tokens, no council and nobody with a role. Mistakes are kept in the
/// section; what contradicts itself is for check_genesis.
chain::Genesis read_genesis(runtime::ConfigSection& section, bool development);

/// Reads its section `token`: `cap`, `minter` and `allocations`, a list of "ADDRESS TOKENS".
void read_token(runtime::ConfigSection& section, chain::Genesis& genesis);

}  // namespace grid::gridd
