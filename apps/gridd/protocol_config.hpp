#pragma once

#include "chain/genesis.hpp"
#include "runtime/config.hpp"

namespace grid::gridd {

/// Who decides, and what pledges go by, from the first block on.
struct ProtocolConfig {
    chain::Council council;
    std::vector<chain::Address> slashers;
    std::vector<chain::Address> vetoers;
    chain::PledgeParameters pledge;
};

/// Reads `council` and `pledge` of the chain's section. What is not there: on a development chain what
/// development_genesis has; elsewhere no council, nobody with a role, and the defaults of PledgeParameters.
/// Mistakes are kept in the section; what contradicts itself is refused with the genesis.
ProtocolConfig read_protocol(runtime::ConfigSection& chain, bool development);

}  // namespace grid::gridd
