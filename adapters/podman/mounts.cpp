#include "adapters/podman/mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace grid::adapters::podman {

namespace fs = std::filesystem;

namespace {

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    int get() const { return fd_; }

private:
    int fd_;
};

/// Every mounted path, outer ones first.
std::vector<std::string> mounted() {
    std::vector<std::string> paths;
    std::ifstream in("/proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string id, parent, device, root, at;
        if (fields >> id >> parent >> device >> root >> at) paths.push_back(at);
    }
    return paths;
}

tl::unexpected<Error> cannot(const std::string& what) {
    return fail("failed_to_start", what + " cannot be mounted: " + std::strerror(errno));
}

/// The part of a volume, without following links; directories that are missing are made.
Result<Fd> open_part(const HostMount& mount) {
    Fd at(::open(mount.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (at.get() < 0) return cannot("the volume");
    std::string name;
    for (std::istringstream parts(mount.sub_path); std::getline(parts, name, '/');) {
        if (name.empty() || name == ".") continue;
        if (name == "..") return fail("failed_to_start", "the subPath leaves its volume");
        if (::mkdirat(at.get(), name.c_str(), 0777) == 0) {
            const Fd made(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (made.get() < 0 || ::fchmod(made.get(), 0777) != 0 ||
                (mount.owner && ::fchown(made.get(), mount.owner, mount.owner) != 0))
                return cannot("subPath " + mount.sub_path);
        } else if (errno != EEXIST) {
            return cannot("subPath " + mount.sub_path);
        }
        Fd next(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat seen {};
        if (next.get() < 0 || ::fstat(next.get(), &seen) != 0) return cannot("subPath " + mount.sub_path);
        if (!S_ISDIR(seen.st_mode) && !S_ISREG(seen.st_mode))
            return fail("failed_to_start", "subPath " + mount.sub_path +
                                               ": expected a directory or a file, " + name +
                                               " is a link or something else");
        at = std::move(next);
    }
    return at;
}

}  // namespace

Result<void> ensure_mount(const HostMount& mount) {
    const auto all = mounted();
    if (std::find(all.begin(), all.end(), mount.at) != all.end()) return {};
    std::error_code e;
    if (mount.root.empty()) {
        fs::create_directories(mount.at, e);
        const auto options = "mode=1777,size=" + std::to_string(std::max<std::uint64_t>(1, mount.size_mib)) +
                             "m,uid=" + std::to_string(mount.owner) + ",gid=" + std::to_string(mount.owner);
        if (::mount("tmpfs", mount.at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
            return cannot("memory as a volume");
        return {};
    }
    auto part = open_part(mount);
    if (!part) return tl::unexpected(part.error());
    struct stat seen {};
    if (::fstat(part->get(), &seen) != 0) return cannot("subPath " + mount.sub_path);
    fs::create_directories(fs::path(mount.at).parent_path(), e);
    if (S_ISDIR(seen.st_mode))
        fs::create_directory(mount.at, e);
    else
        std::ofstream(mount.at, std::ios::app).flush();
    const auto from = "/proc/self/fd/" + std::to_string(part->get());
    if (::mount(from.c_str(), mount.at.c_str(), nullptr, MS_BIND, nullptr) != 0)
        return cannot("subPath " + mount.sub_path);
    return {};
}

Result<void> release_mounts(const std::string& directory) {
    std::error_code e;
    if (!fs::exists(directory, e)) return {};
    auto all = mounted();
    for (auto at = all.rbegin(); at != all.rend(); ++at)
        if (at->rfind(directory + "/", 0) == 0 && ::umount2(at->c_str(), MNT_DETACH) != 0)
            return fail("podman_error", *at + " cannot be unmounted: " + std::strerror(errno));
    // Only empty places are removed: should something be mounted still, its content stays.
    std::vector<std::string> places{directory};
    for (fs::recursive_directory_iterator i(directory, e), end; !e && i != end; i.increment(e))
        places.push_back(i->path());
    for (auto place = places.rbegin(); place != places.rend(); ++place)
        if (::rmdir(place->c_str()) != 0 && errno == ENOTDIR && fs::file_size(*place, e) == 0)
            ::unlink(place->c_str());
    return {};
}

std::string mounts_text(const std::vector<HostMount>& mounts) {
    std::string text;
    for (const auto& mount : mounts)
        text += mount.at + "\t" + mount.root + "\t" + mount.sub_path + "\t" + std::to_string(mount.size_mib) +
                "\t" + std::to_string(mount.owner) + "\n";
    return text;
}

std::vector<HostMount> read_mounts(const std::string& text) {
    std::vector<HostMount> mounts;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        HostMount mount;
        std::string size, owner;
        if (!std::getline(fields, mount.at, '\t') || !std::getline(fields, mount.root, '\t') ||
            !std::getline(fields, mount.sub_path, '\t') || !std::getline(fields, size, '\t') ||
            !std::getline(fields, owner, '\t') || mount.at.empty())
            continue;
        mount.size_mib = std::strtoull(size.c_str(), nullptr, 10);
        mount.owner = static_cast<std::uint32_t>(std::strtoul(owner.c_str(), nullptr, 10));
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

}  // namespace grid::adapters::podman
