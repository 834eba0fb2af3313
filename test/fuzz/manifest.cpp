#include "lease/manifest.hpp"

#include <algorithm>
#include <set>

#include "fuzz/target.hpp"
#include "lease/demand.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::lease;

ManifestLimits limits(chain::ByteView input) {
    ManifestLimits limits;
    limits.bought = {4000, 8192, 16384, 1};
    // By the bytes alone, so that an input always does the same.
    if (input.size() % 3 == 0) limits.profile = Profile::restricted;
    if (input.size() % 5 == 0) limits.storage_classes = {"fast"};
    return limits;
}

bool inside(const std::string& path) {
    return !path.starts_with('/') && ("/" + path + "/").find("/../") == std::string::npos;
}

void check(const Container& c, const ManifestLimits& l) {
    require(!c.image.starts_with("localhost/"), "no image of the provider's own runs", c.image);
    require(l.profile != Profile::restricted || c.run_as_non_root, "restricted containers are not root");
    require(!c.run_as_non_root || !c.run_as_user || c.run_as_user->value != 0,
            "who is not root is not user 0");
    for (const std::string& name : c.capabilities)
        require(l.profile == Profile::restricted
                    ? name == "NET_BIND_SERVICE"
                    : name.find("SYS_A") == std::string::npos && name.find("NET_A") == std::string::npos,
                "no capability but those of the profile", name);
    for (const FileMount& mount : c.files) {
        require(mount.directory.starts_with('/') && mount.mode <= 0777,
                "files are mounted somewhere, no setuid");
        require(!mount.single || mount.files.size() == 1, "one file is one file");
        for (const auto& [path, content] : mount.files) require(inside(path), "files stay inside", path);
    }
    for (const ScratchMount& mount : c.scratch)
        require(mount.sub_path.empty() || inside(mount.sub_path), "a subPath stays inside");
    for (const ClaimMount& mount : c.claims)
        require(mount.sub_path.empty() || inside(mount.sub_path), "a subPath stays inside");
    std::set<std::string> names;
    for (const EnvironmentVariable& variable : c.environment)
        require(names.insert(variable.name).second, "every variable stands once", variable.name);
}

void check(const Application& application, const ManifestLimits& l) {
    const auto demand = demand_of(application);
    require(demand.cpu_milli <= l.bought.cpu_milli && demand.memory_mib <= l.bought.memory_mib &&
                demand.storage_mib <= l.bought.storage_mib && demand.gpus <= l.bought.gpus,
            "nothing is deployed that was not bought");
    std::uint64_t pods = 0;
    std::set<std::string> workloads, entrances, services;
    for (const Workload& workload : application.workloads) {
        require(workloads.insert(workload.name).second, "workloads have names of their own");
        require(!workload.containers.empty(), "pods have containers");
        pods += pods_at_once(workload);
        for (const auto* const list : {&workload.init_containers, &workload.containers})
            for (const Container& container : *list) check(container, l);
    }
    require(pods <= l.pods && !application.workloads.empty(), "some pods run, not too many");
    for (const Service& service : application.services) {
        require(services.insert(service.name).second, "services have names of their own");
        require(workloads.contains(service.workload), "a service stands for pods");
    }
    for (const EntrancePoint& entrance : application.entrances) {
        require(entrances.insert(entrance.name).second, "entrances have names of their own");
        require(workloads.contains(entrance.workload) && entrance.port != 0, "an entrance leads to pods");
    }
}

}  // namespace

void manifest(chain::ByteView input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const ManifestLimits l = limits(input);
    const auto application = lower_manifest(text, l);
    if (application) {
        check(*application, l);
        if (thorough(input))
            require(lower_manifest(text, l) == application, "the same text is the same application");
        return;
    }
    const Error& error = application.error();
    require(error.code == "bad_manifest" || error.code == "policy" || error.code == "too_large",
            "a manifest is refused with a known code", error.code);
    require(!error.message.empty() && error.message.size() < 8192, "a refusal is said in a few words");
}

}  // namespace grid::fuzz
