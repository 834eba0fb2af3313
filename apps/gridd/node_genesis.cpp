#include "apps/gridd/node_genesis.hpp"

namespace grid::gridd {

chain::Genesis genesis_of(const NodeConfig& config) {
    chain::Genesis genesis = chain::development_genesis();
    if (!config.development) {
        genesis.allocations.clear();
        genesis.minter = {};
        genesis.development = false;
    }
    genesis.chain_id = config.chain_id;
    genesis.market.max_unactivated = static_cast<std::uint32_t>(config.max_orders_unactivated);
    genesis.market.activation_deadline = {
        static_cast<std::uint64_t>(config.activation_deadline.count() / 1000)};
    genesis.market.fee_bp = static_cast<std::uint16_t>(config.fee_bp);
    genesis.market.profit_bp = static_cast<std::uint16_t>(config.profit_bp);
    // On a chain that is no development chain nothing is left of the keys that everybody knows.
    genesis.council = config.protocol.council;
    genesis.slashers = config.protocol.slashers;
    genesis.vetoers = config.protocol.vetoers;
    genesis.pledge = config.protocol.pledge;
    genesis.market.treasury = config.treasury;
    return genesis;
}

}  // namespace grid::gridd
