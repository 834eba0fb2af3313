#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/result.hpp"

/// Mounts on this machine that containers are bound to: memory as a file system, and parts of volumes. A part
/// is found without following any link, because the tenant chooses where links lead (CVE-2017-1002101), and
/// held by a mount, because what was found may be exchanged at any time.
namespace grid::adapters::podman {

/// One mount of the host.
struct HostMount {
    std::string at;              ///< absolute; made when it is not there
    std::string root;            ///< the volume; empty: memory
    std::string sub_path;        ///< of the volume, relative, without ".."; made when it is not there
    std::uint64_t size_mib = 0;  ///< memory
    std::uint32_t owner = 0;     ///< user and group of what is made
    friend bool operator==(const HostMount&, const HostMount&) = default;
};

/// Mounts it unless it is mounted already. Code failed_to_start.
Result<void> ensure_mount(const HostMount& mount);
/// Unmounts all under a directory and removes the places; what they showed is not touched.
Result<void> release_mounts(const std::string& directory);

/// For a label: one line each.
std::string mounts_text(const std::vector<HostMount>& mounts);
std::vector<HostMount> read_mounts(const std::string& text);

}  // namespace grid::adapters::podman
