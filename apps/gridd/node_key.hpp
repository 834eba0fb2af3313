#pragma once

#include "apps/gridd/node_config.hpp"
#include "chain/secp256k1.hpp"

namespace grid::gridd {

/// The key that this node signs with: of the provider, or its operator key.
struct NodeKey {
    chain::PrivateKey key;
    chain::Address provider;
};

/// From gateway.key_file, or on a development chain without one the second account of the test mnemonic.
/// Codes: `key_unreadable`, `bad_keystore`, `wrong_password`, `bad_config` (none is named), `bad_address`.
Result<NodeKey> load_node_key(const NodeConfig& config);

}  // namespace grid::gridd
