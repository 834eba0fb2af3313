#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/podman.hpp"
#include "adapters/podman/api.hpp"

namespace grid::adapters::podman {

/// Runs a program with this text on its standard input; answers what it said. Codes: no_program,
/// program_failed.
Result<std::string> run_program(const std::vector<std::string>& command, const std::string& input);

/// The nftables table of one gateway. From a container the host answers DNS and replies, nothing else; other
/// leases and, with egress sold, all special-purpose networks are out of reach.
class Firewall {
public:
    Firewall(const PodmanConfig& config);

    /// Bridges of this gateway begin with this.
    const std::string& interface_prefix() const { return prefix_; }
    /// Replaces the whole table, in one transaction.
    Result<void> set(const std::set<std::string>& bridges) const;
    Result<void> clear() const;

private:
    std::string table_;
    std::string prefix_;
    bool egress_;
};

/// One network for each lease: internal unless egress is sold, with names for services.
class LeaseNetworks {
public:
    LeaseNetworks(const PodmanConfig& config, const PodmanApi& api);

    std::string name_of(const std::string& lease) const;
    /// Makes it unless it is there.
    Result<NetworkRow> ensure(const std::string& lease);
    Result<void> remove(const std::string& lease);
    /// Reads what is there and sets up the firewall for it.
    Result<void> reload();
    /// Why containers are not shut off from the host; empty: they are.
    std::string firewall_problem() const;

private:
    std::string subnet(const std::string& lease, unsigned attempt) const;
    void apply_firewall();

    const PodmanConfig& config_;
    const PodmanApi& api_;
    Firewall firewall_;
    std::uint32_t pool_base_ = 0;
    std::uint32_t pool_slots_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, NetworkRow> known_;  ///< by name
    std::string problem_;
};

}  // namespace grid::adapters::podman
