#include "adapters/podman/namespaces.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace grid::adapters::podman {

namespace fs = std::filesystem;

namespace {

bool within(const std::string& path, const std::string& directory) {
    return path == directory || directory == "/" || path.rfind(directory + "/", 0) == 0;
}

struct Mounts {
    bool shared = false;             ///< the mount that the directory is on
    std::vector<std::string> below;  ///< names of what is mounted in the directory
};

/// Reads /proc/thread-self/mountinfo (man 5 proc_pid_mountinfo): id, parent, device, root, mount point,
/// options, then optional fields up to a "-"; "shared:N" among them is a peer group.
Mounts mounts_of(const std::string& directory) {
    Mounts mounts;
    std::string best;
    std::ifstream in("/proc/thread-self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string skipped, point, field;
        fields >> skipped >> skipped >> skipped >> skipped >> point >> skipped;
        bool shared = false;
        while (fields >> field && field != "-") shared = shared || field.rfind("shared:", 0) == 0;
        if (within(directory, point) && point.size() >= best.size()) {
            // Of two on one point the later one lies on top.
            best = point;
            mounts.shared = shared;
        } else if (within(point, directory)) {
            mounts.below.push_back(point.substr(directory.size() + 1));
        }
    }
    return mounts;
}

tl::unexpected<Error> refused(const std::string& directory, const char* what) {
    return fail("cluster_unavailable",
                directory + " must be a shared mount, but " + what + ": " + std::strerror(errno));
}

}  // namespace

Result<void> share_network_namespaces(const std::string& directory) {
    std::error_code e;
    fs::create_directories(directory, e);
    const auto real = fs::canonical(directory, e).string();
    const int before = ::open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (before < 0) return refused(directory, "it cannot be opened");
    // Two drivers that start at once go one after another.
    ::flock(before, LOCK_EX);
    const auto mounts = mounts_of(real);
    Result<void> outcome;
    if (!mounts.shared) {
        if (::mount(real.c_str(), real.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
            outcome = refused(directory, "it cannot be mounted");
        else if (::mount(nullptr, real.c_str(), nullptr, MS_SHARED | MS_REC, nullptr) != 0)
            outcome = refused(directory, "it cannot be shared");
        else
            // The new mount has them all; below it they would live for ever, and their files with them.
            for (const auto& name : mounts.below)
                ::umount2(("/proc/self/fd/" + std::to_string(before) + "/" + name).c_str(), MNT_DETACH);
    }
    ::close(before);
    return outcome;
}

}  // namespace grid::adapters::podman
