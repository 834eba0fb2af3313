#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/chain_evm/address_book.hpp"
#include "adapters/kubernetes.hpp"
#include "adapters/podman.hpp"
#include "chain/genesis.hpp"
#include "lease/manifest.hpp"
#include "runtime/config.hpp"

namespace grid::gridd {

struct ListenAddress {
    std::string host;
    std::uint16_t port = 0;
};

struct PlatformConfig {
    ListenAddress listen;
    std::vector<std::string> hosts;
    std::vector<std::string> origins;
    std::vector<std::string> rpc_origins;
};

struct GatewayConfig {
    ListenAddress listen;
    std::string public_url;  ///< empty: http://localhost and the port that the listener got
    std::string apps_domain;
    std::vector<std::string> origins;
    std::string key_file;
    std::string key_password_file;
    std::string provider;
    std::chrono::milliseconds session_life{};
    std::chrono::milliseconds suspend_after{};
    std::chrono::milliseconds reconcile{};
    std::chrono::milliseconds keep_ended{};
    lease::ManifestLimits manifest;  ///< the operator's policy; what is bought comes with each order
    std::vector<std::string> fetch_allow;
    bool egress = false;
};

/// An EVM network instead of the embedded chain (chain.kind: evm).
struct EvmConfig {
    std::vector<std::string> rpc;  ///< URLs of endpoints
    adapters::evm::AddressBook book;
    std::uint64_t confirmations = 0;
    std::chrono::milliseconds poll{};
    chain::Amount max_fee;      ///< wei a gas
    std::uint64_t low_gas = 0;  ///< transactions: who has coin for fewer is warned
};

/// config/gridd.yaml, read and checked.
struct NodeConfig {
    std::string data;
    bool ledger = false;
    bool follower = false;  ///< role ledger-follower
    std::string leader;     ///< whom it follows: http(s)://HOST[:PORT]
    bool platform = false;
    bool gateway = false;
    std::string log_level;
    std::string log_file;
    std::optional<EvmConfig> evm;  ///< then what belongs to the embedded chain has no meaning
    std::uint64_t chain_id = 0;
    bool development = false;
    std::size_t flush_bytes = 0;  ///< of blocks, behind which the state is flushed
    chain::Genesis genesis;       ///< of the embedded chain
    PlatformConfig platform_config;
    GatewayConfig gateway_config;
    std::optional<adapters::KubernetesConfig> kubernetes;  ///< else podman on this machine
    adapters::PodmanConfig podman;
    bool rebuild_projections = false;  ///< of the command line: forget what was read from the chain first
};

/// Codes: `config_unreadable`, `bad_config` (file, line, key, what was expected).
Result<NodeConfig> load_node_config(const std::string& path);

/// The same from an open document; tests and defaults (an empty document) use it.
Result<NodeConfig> read_node_config(runtime::ConfigSection root);

}  // namespace grid::gridd
