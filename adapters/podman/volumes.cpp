#include "adapters/podman/volumes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

namespace grid::adapters::podman {

namespace {

constexpr unsigned kMaxDepth = 64;

/// What stands behind an open file, whatever has taken its place in its directory meanwhile.
void give(int fd, const struct stat& seen, std::uint32_t group) {
    const mode_t more = (seen.st_mode & 0400 ? 0040u : 0u) | (seen.st_mode & 0200 ? 0020u : 0u) |
                        (S_ISDIR(seen.st_mode) ? 02070u
                         : seen.st_mode & 0100 ? 0010u
                                               : 0u);
    if (::fchownat(fd, "", static_cast<uid_t>(-1), group, AT_EMPTY_PATH) != 0) return;
    ::chmod(("/proc/self/fd/" + std::to_string(fd)).c_str(), (seen.st_mode & 07777) | more);
}

/// Gives a directory with all that is in it to a group, which may read and write it. No link is followed: the
/// tenant chooses where links lead, and may change them at any time. Takes the descriptor.
void give_tree(int fd, std::uint32_t group, unsigned depth) {
    DIR* const directory = ::fdopendir(fd);
    if (!directory) {
        ::close(fd);
        return;
    }
    while (const auto* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        const int inner = ::openat(fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) continue;
        struct stat seen {};
        if (::fstat(inner, &seen) == 0 && (S_ISDIR(seen.st_mode) || S_ISREG(seen.st_mode))) {
            if (S_ISDIR(seen.st_mode) && depth < kMaxDepth)
                if (const int next = ::openat(inner, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); next >= 0)
                    give_tree(next, group, depth + 1);
            give(inner, seen, group);
        }
        ::close(inner);
    }
    ::closedir(directory);
}

/// A volume whose root is of the group already has been done (as with fsGroupChangePolicy OnRootMismatch).
void give_to_group(const std::string& directory, std::uint32_t group) {
    const int root = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat seen {};
    if (root < 0) return;
    if (::fstat(root, &seen) == 0 && seen.st_gid != group) {
        if (const int next = ::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); next >= 0)
            give_tree(next, group, 0);
        give(root, seen, group);  // last: it says that all is done
    }
    ::close(root);
}

}  // namespace

Result<std::vector<VolumeRow>> LeaseVolumes::of(const std::string& lease) const {
    std::vector<std::string> labels{std::string(label::kGateway) + "=" + gateway_};
    if (!lease.empty()) labels.push_back(std::string(label::kLease) + "=" + lease);
    return api_.volumes(labels);
}

Result<void> LeaseVolumes::ensure(PodPlan& pod, const lease::Application& application,
                                  std::vector<std::string>& made) const {
    std::set<std::string> wanted;
    for (const auto* list : {&pod.workload->init_containers, &pod.workload->containers})
        for (const auto& c : *list)
            for (const auto& mount : c.claims) wanted.insert(mount.claim);
    const auto add = [&](const lease::Claim& claim, const std::string& owner) -> Result<void> {
        if (!wanted.erase(claim.name)) return {};
        const auto name =
            "grid-" + gateway_ + "-" + short_digest(pod.lease, 12) + "-" + pod.app + "-" + claim.name + owner;
        auto volume = api_.create_volume(name, {{label::kGateway, gateway_},
                                                {label::kLease, pod.lease},
                                                {label::kApp, pod.app},
                                                {label::kClaim, claim.name + owner},
                                                {label::kStorage, std::to_string(claim.size_mib)},
                                                {label::kUserBase, std::to_string(pod.user_base)}});
        if (!volume) return fail("failed_to_start", "volume " + claim.name + ": " + volume.error().message);
        if (volume->label(label::kLease) != pod.lease)
            return fail("failed_to_start", "volume " + claim.name + ": the volume " + name + " is not ours");
        struct stat seen {};
        if (::stat(volume->directory.c_str(), &seen) != 0)
            return fail("failed_to_start", "volume " + claim.name + " is not on this machine");
        if (volume->fresh) made.push_back(name);
        if (volume->fresh || seen.st_uid < pod.user_base) {
            if (::chown(volume->directory.c_str(), pod.user_base, pod.user_base) != 0 ||
                ::chmod(volume->directory.c_str(), 0777) != 0)
                return fail("failed_to_start", "volume " + claim.name + " cannot be prepared");
        }
        if (pod.workload->volume_group)
            give_to_group(volume->directory, pod.user_base + pod.workload->volume_group->value);
        pod.claims[claim.name] = {name, volume->directory, claim.size_mib};
        return {};
    };
    for (const auto& claim : pod.workload->claim_templates)
        if (auto ok = add(claim, "-" + pod_name(pod)); !ok) return ok;
    for (const auto& claim : application.claims)
        if (auto ok = add(claim, ""); !ok) return ok;
    if (!wanted.empty()) return fail("bad_application", "there is no claim \"" + *wanted.begin() + "\"");
    return {};
}

Result<void> LeaseVolumes::remove_all(const std::string& lease) const {
    const auto all = of(lease);
    if (!all) return tl::unexpected(all.error());
    for (const auto& volume : *all)
        if (auto done = api_.remove_volume(volume.name); !done)
            return fail(done.error().code, "volume " + volume.name + ": " + done.error().message);
    return {};
}

std::map<std::string, std::uint64_t> read_volumes(const std::string& text) {
    std::map<std::string, std::uint64_t> volumes;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(';', at), text.size());
        const auto part = text.substr(at, end - at);
        if (const auto equals = part.find('='); equals != std::string::npos)
            volumes[part.substr(0, equals)] = std::strtoull(part.c_str() + equals + 1, nullptr, 10);
        at = end + 1;
    }
    return volumes;
}

}  // namespace grid::adapters::podman
