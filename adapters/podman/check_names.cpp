/// Names that become parts of paths, labels and host names.
#include <algorithm>
#include <filesystem>
#include <set>

#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;

namespace {

bool valid_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 && name[0] != '-' && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

/// A relative path that does not leave its directory.
bool valid_file_path(const std::string& path) {
    if (path.empty() || path.size() > 1024 || path.find('\0') != std::string::npos) return false;
    for (const auto& part : fs::path(path))
        if (part.empty() || part == "." || part == ".." || part == "/") return false;
    return true;
}

bool valid_directory(const std::string& path) {
    return path.size() > 1 && path[0] == '/' && path.find(std::string("\0", 1)) == std::string::npos &&
           path.find(':') == std::string::npos;
}

}  // namespace

Result<void> check_names(const std::string& app, const lease::Application& application) {
    const auto bad = [](const std::string& what, const std::string& value) {
        return fail("bad_application", what + ": \"" + value + "\" cannot be used");
    };
    if (!valid_name(app) || app.size() > 63) return bad("name of the application", app);
    if (application.workloads.empty()) return fail("bad_application", "the application has no workload");
    std::set<std::string> workloads;
    for (const auto& w : application.workloads) {
        if (!valid_name(w.name) || !workloads.insert(w.name).second) return bad("name of a workload", w.name);
        if (w.containers.empty()) return bad("workload without containers", w.name);
        std::set<std::string> names;
        for (const auto* list : {&w.init_containers, &w.containers})
            for (const auto& c : *list) {
                if (!valid_name(c.name) || !names.insert(c.name).second)
                    return bad("name of a container", c.name);
                if (c.image.empty()) return bad("image of container " + c.name, c.image);
                for (const auto& mount : c.files) {
                    if (!valid_directory(mount.directory))
                        return bad("directory of a mount", mount.directory);
                    for (const auto& file : mount.files)
                        if (!valid_file_path(file.first)) return bad("path of a file", file.first);
                    if (mount.single && mount.files.size() != 1)
                        return bad("mount of one file", mount.directory);
                }
                for (const auto& scratch : c.scratch)
                    if (!valid_directory(scratch.directory))
                        return bad("directory of a mount", scratch.directory);
            }
    }
    for (const auto& s : application.services)
        if (!valid_name(s.name)) return bad("name of a service", s.name);
    for (const auto& e : application.entrances)
        if (!valid_name(e.name) || !workloads.count(e.workload) || e.port < 1) return bad("entrance", e.name);
    return {};
}

}  // namespace grid::adapters::podman
