#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"
#include "runtime/address_guard.hpp"

namespace grid::adapters {

/// How the embedded driver runs applications on this machine.
struct PodmanConfig {
    std::string gateway_id;    ///< whose containers these are: [a-z0-9][a-z0-9-]{0,31}
    std::string data_dir;      ///< absolute; made 0700; holds configuration, images, files of applications
    std::string socket;        ///< of a podman service that somebody else runs, where /run/netns must be a
                               ///< shared mount; empty: our own, supervised
    std::string oci_runtime;   ///< of our own service: a name that podman knows ("crun", "runc") or an
                               ///< absolute path; empty: what works on this machine
    std::string storage_root;  ///< images and containers of our own service; empty: data_dir/storage
    std::string
        run_root;  ///< its volatile state, must vanish at a reboot; empty: /run/grid/<gateway and data_dir>
    std::string subnet_pool = "10.192.0.0/10";  ///< each lease gets a /24 of it; at least a /16
    bool egress = false;                        ///< sold: public addresses may be reached from containers
    bool user_namespaces = true;                ///< one range of user ids per lease, where the machine can
    bool firewall = true;                       ///< an nftables table of ours between containers and host
    std::vector<runtime::IpNetwork> allowed_registries;  ///< special networks that images may be pulled from
    std::vector<std::string> required;  ///< capabilities without which spawn_podman refuses, see probe
    messages::Resources reserve{500, 512, 4096, 0};    ///< kept for the machine itself
    std::optional<messages::Resources> total;          ///< in place of what the machine has
    std::uint32_t pids_limit = 512;                    ///< per container
    std::uint32_t ended_pods_kept = 100;               ///< of each run of a job, with their logs
    std::chrono::milliseconds stop_grace_cap{10'000};  ///< a workload's own grace is cut to this
    std::chrono::milliseconds ready_timeout{60'000};   ///< an update that is not ready by then is undone
    std::chrono::milliseconds init_timeout{300'000};   ///< for each init container
    std::chrono::milliseconds pull_timeout{600'000};
    std::chrono::milliseconds image_grace{24 * 3'600'000};  ///< images unused for so long are collected
    /// Old pods of an update live on for so long: visitors are sent to the new ones meanwhile.
    std::chrono::milliseconds drain{1'000};
    std::chrono::milliseconds storage_round{20'000};  ///< between two looks at what is written
    std::chrono::milliseconds restart_backoff{
        1'000};                  ///< before the first restart of a crashed container; doubles
    unsigned restart_limit = 4;  ///< restarts within ten minutes after which an application counts as failed
};

/// The embedded cluster driver: podman's libpod REST API over its socket. The podman service is started (or
/// adopted, when a crash of ours left one behind) before this returns. Nothing is published on the host:
/// entrances are addresses of containers on a network of their lease. Error codes: bad_config,
/// cluster_unavailable, capability_missing.
Result<messages::cluster_actor> spawn_podman(caf::actor_system& system, const PodmanConfig& config);

}  // namespace grid::adapters
