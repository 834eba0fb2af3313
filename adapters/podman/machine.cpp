#include <sched.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "adapters/podman/driver.hpp"

/// What this machine has and can enforce.
namespace grid::adapters::podman {

messages::Resources machine_resources(const std::string& storage_directory) {
    messages::Resources r;
    r.cpu_milli = 1000ull * std::max(1u, std::thread::hardware_concurrency());
    std::ifstream meminfo("/proc/meminfo");
    std::string name;
    for (std::uint64_t kib = 0; meminfo >> name >> kib; meminfo.ignore(64, '\n'))
        if (name == "MemTotal:") r.memory_mib = kib / 1024;
    struct statvfs disk {};
    if (::statvfs(storage_directory.c_str(), &disk) == 0)
        r.storage_mib = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize / (1024 * 1024);
    return r;
}

std::string user_namespace_problem() {
    if (::geteuid() != 0) return "needs root";
    int ready[2], go[2];
    if (::pipe(ready) != 0) return "no pipe";
    if (::pipe(go) != 0) {
        ::close(ready[0]);
        ::close(ready[1]);
        return "no pipe";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(go[1]);
        char c = ::unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
        if (::write(ready[1], &c, 1) != 1) ::_exit(1);
        if (::read(go[0], &c, 1) < 0) ::_exit(1);
        ::_exit(0);
    }
    std::string problem = child < 0 ? "no process" : "";
    ::close(ready[1]);
    ::close(go[0]);
    char c = 'n';
    if (child > 0) {
        if (::read(ready[0], &c, 1) != 1 || c != 'y') {
            problem = "the kernel makes no user namespace";
        } else {
            std::ofstream map("/proc/" + std::to_string(child) + "/uid_map");
            map << "0 268435456 65536\n";
            if (!map.flush()) problem = "the kernel does not map ids";
        }
    }
    ::close(ready[0]);
    ::close(go[1]);
    if (child > 0) ::waitpid(child, nullptr, 0);
    return problem;
}

std::vector<messages::Capability> machine_capabilities(const HostInfo& info, const std::string& user_problem,
                                                       const std::string& firewall_problem, bool egress) {
    const auto controller = [&](const std::string& name) {
        return std::find(info.controllers.begin(), info.controllers.end(), name) != info.controllers.end();
    };
    const auto by_controller = [&](const char* name, const char* of) {
        return messages::Capability{name, controller(of),
                                    controller(of) ? "cgroup" : std::string("no cgroup controller ") + of};
    };
    const bool dns =
        info.network_backend == "netavark" && ::access("/usr/lib/podman/aardvark-dns", X_OK) == 0;
    std::vector<messages::Capability> all;
    all.push_back({"containers", true, "podman " + info.version});
    all.push_back(by_controller("memory_limit", "memory"));
    all.push_back(by_controller("cpu_limit", "cpu"));
    all.push_back(by_controller("pids_limit", "pids"));
    all.push_back({"seccomp", info.seccomp, info.seccomp ? "podman's default profile" : "not built in"});
    all.push_back({"user_namespace", user_problem.empty(),
                   user_problem.empty() ? "65536 ids for each lease" : user_problem});
    all.push_back({"host_isolation", firewall_problem.empty(),
                   firewall_problem.empty() ? "nftables" : firewall_problem});
    all.push_back({"egress_rules", firewall_problem.empty() || !egress,
                   egress ? (firewall_problem.empty() ? "nftables" : firewall_problem)
                          : "no egress: internal networks"});
    all.push_back({"service_names", dns, dns ? "aardvark-dns" : "aardvark-dns is not there"});
    all.push_back({"disk_quota", false, "measured every 20 s and stopped when over"});
    return all;
}

std::vector<messages::Capability> Driver::probe() {
    const auto info = api_.info();
    if (!info) return {{"containers", false, info.error().message}};
    std::string problem;
    {
        const std::lock_guard lock(gates_mutex_);
        problem = user_namespace_problem_;
    }
    return machine_capabilities(*info, problem, networks_.firewall_problem(), config_.egress);
}

}  // namespace grid::adapters::podman
