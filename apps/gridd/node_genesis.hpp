#pragma once

#include "apps/gridd/node_config.hpp"
#include "chain/genesis.hpp"

namespace grid::gridd {

/// What the embedded chain of such a configuration starts from.
chain::Genesis genesis_of(const NodeConfig& config);

}  // namespace grid::gridd
