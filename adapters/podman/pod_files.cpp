/// What of a pod stands on the host's disk: its files and scratch volumes.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;

namespace {

struct Owner {
    std::uint32_t user = 0;
    std::optional<std::uint32_t> group{};  ///< of the volumes; else as the user
    bool give(const std::string& path) const {
        const auto whose = group.value_or(user);
        return (!user && !whose) || ::chown(path.c_str(), user, whose) == 0;
    }
};

/// A secret of the owner alone is for the volumes' group, too, as in Kubernetes.
std::uint32_t with_group(std::uint32_t mode, const Owner& owner) {
    return owner.group ? mode | (mode & 0400) >> 3 : mode;
}

Result<void> write_files(const std::string& directory, const lease::FileMount& mount, const Owner& owner) {
    std::error_code e;
    fs::create_directories(directory, e);
    if (e) return fail("failed_to_start", "the directory for files cannot be made: " + e.message());
    for (const auto& [name, content] : mount.files) {
        const auto path = directory + "/" + name;
        for (auto parent = fs::path(path).parent_path(); parent != fs::path(directory);
             parent = parent.parent_path())
            if (fs::create_directories(parent, e); e || ::chmod(parent.c_str(), 0755) != 0)
                return fail("failed_to_start", "the directory for " + name + " cannot be made");
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << content;
        if (!out.flush()) return fail("failed_to_start", "the file " + name + " cannot be written");
        out.close();
        const auto other = mount.modes.find(name);
        const auto mode = with_group(other == mount.modes.end() ? mount.mode : other->second, owner);
        if (!owner.give(path) || ::chmod(path.c_str(), mode & 0777) != 0)
            return fail("failed_to_start", "the file " + name + " cannot be prepared");
    }
    if (::chmod(directory.c_str(), 0755) != 0)
        return fail("failed_to_start", "the directory cannot be prepared");
    return {};
}

}  // namespace

Result<void> make_pod_files(const PodPlan& pod) {
    std::error_code e;
    // A pod of the same name before it may have left something.
    fs::remove_all(pod.directory, e);
    fs::create_directories(pod.directory, e);
    if (e)
        return fail("failed_to_start", "the directory " + pod.directory + " cannot be made: " + e.message());
    Owner owner{pod.user_base, {}};
    if (pod.workload->volume_group) owner.group = pod.user_base + pod.workload->volume_group->value;
    const auto make = [&](const std::vector<lease::Container>& containers, bool init) -> Result<void> {
        for (std::size_t i = 0; i < containers.size(); ++i) {
            const ContainerPlan plan{&containers[i], i, init, {}};
            for (std::size_t m = 0; m < containers[i].files.size(); ++m)
                if (auto ok = write_files(file_directory(pod, plan, m), containers[i].files[m], owner); !ok)
                    return ok;
            for (const auto& scratch : containers[i].scratch) {
                const auto path = scratch_directory(pod, scratch.volume);
                if (path.rfind(pod.directory, 0) != 0) continue;  // in memory
                fs::create_directories(path, e);
                // Every user of the container may write, as with an emptyDir; the way to it is closed on the
                // host.
                if (e || !owner.give(path) || ::chmod(path.c_str(), owner.group ? 03777 : 01777) != 0)
                    return fail("failed_to_start",
                                "the scratch volume " + scratch.volume + " cannot be made");
            }
        }
        return {};
    };
    if (auto ok = make(pod.workload->init_containers, true); !ok) return ok;
    return make(pod.workload->containers, false);
}

}  // namespace grid::adapters::podman
