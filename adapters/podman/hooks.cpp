#include "adapters/podman/hooks.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "adapters/podman/network.hpp"
#include "adapters/podman/probe_text.hpp"

namespace grid::adapters::podman {

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr seconds kHookLimit{30};

/// Empty when it went well; else what went wrong, in words.
std::string run_hook(const PodmanApi& api, const std::string& id, const std::string& address,
                     const lease::Hook& hook, std::chrono::milliseconds limit) {
    if (hook.kind == lease::Hook::Kind::exec) {
        const auto code = api.execute(id, hook.command, limit);
        if (!code) return code.error().message;
        return *code == 0 ? "" : "exited with code " + std::to_string(*code);
    }
    const runtime::HttpClient client(runtime::TcpSocket{address, hook.port});
    runtime::HttpRequest request;
    request.target = hook.path.empty() ? "/" : hook.path;
    request.headers = {{"User-Agent", "grid-hook"}};
    for (const auto& header : hook.headers) request.headers.push_back({header.name, header.value});
    const auto response =
        client.stream(request, steady_clock::now() + limit, [](std::string_view) { return false; });
    if (!response) return response.error().message;
    return response->status < 400 ? "" : "was answered " + std::to_string(response->status);
}

std::string namespace_of(int pid) {
    return "/proc/" + std::to_string(pid) + "/ns/net";
}

/// The pod's own network namespace gets a table that leads service ports to those that are answered.
Result<void> redirect(int pid, const std::string& address, const std::string& statements) {
    std::string text = "table ip grid {\nchain from_others { type nat hook prerouting priority -100;\n";
    text += statements + "}\nchain from_itself { type nat hook output priority -100;\n";
    text += "ip daddr != " + address + " accept\n" + statements + "}\n}\n";
    auto done = run_program({"nsenter", "--net=" + namespace_of(pid), "nft", "-f", "-"},
                            "add table ip grid\ndelete table ip grid\n" + text);
    if (!done) return fail("failed_to_start", "service ports: " + done.error().message);
    return {};
}

}  // namespace

StartCare care_of(const std::string& id, const PodPlan& pod, const ContainerPlan& plan) {
    StartCare care{id, plan.container->name,      pod.address, host_mounts(pod, plan),
                   "", plan.container->post_start};
    if (plan.index == 0 && !plan.init) care.redirects = pod.redirects;
    return care;
}

StartCare care_of(const ContainerRow& row) {
    return {row.id,
            row.label(label::kContainer),
            row.label(label::kAddress),
            read_mounts(row.label(label::kMounts)),
            row.label(label::kRedirects),
            read_hook(row.label(label::kPostStart))};
}

Result<void> start_container(const PodmanApi& api, const StartCare& care) {
    for (const auto& mount : care.mounts)
        if (auto ok = ensure_mount(mount); !ok) return ok;
    if (auto ok = api.start(care.id); !ok) return ok;
    if (!care.redirects.empty()) {
        const auto pid = api.pid_of(care.id);
        if (!pid) return tl::unexpected(pid.error());
        // One that has ended already, or ends meanwhile, needs none; its end is told by others.
        std::error_code none;
        if (*pid > 0)
            if (auto ok = redirect(*pid, care.address, care.redirects);
                !ok && std::filesystem::exists(namespace_of(*pid), none))
                return ok;
    }
    if (!care.post_start) return {};
    const auto problem = run_hook(api, care.id, care.address, *care.post_start, kHookLimit);
    if (problem.empty()) return {};
    (void)api.stop(care.id, 1);
    return fail("failed_to_start", "the postStart hook of " + care.container + " " + problem);
}

void stop_container(const PodmanApi& api, const ContainerRow& row, unsigned grace_s) {
    const auto hook = read_hook(row.label(label::kPreStop));
    const auto limit = steady_clock::now() + seconds(grace_s);
    if (hook && row.running() && grace_s > 0)
        (void)run_hook(api, row.id, row.label(label::kAddress), *hook, seconds(grace_s));
    const auto left = std::chrono::ceil<seconds>(limit - steady_clock::now()).count();
    // As in Kubernetes: who has used up its grace in the hook has two seconds more.
    const auto more = hook ? std::max<std::int64_t>(2, left) : std::max<std::int64_t>(0, left);
    (void)api.stop(row.id, grace_s > 0 ? static_cast<unsigned>(more) : 0u);
}

Result<std::string> redirects_of(const lease::Application& application, const lease::Workload& workload) {
    std::map<std::pair<lease::Protocol, std::uint16_t>, std::uint16_t> ports;
    for (const auto& service : application.services) {
        if (service.workload != workload.name) continue;
        for (const auto& port : service.ports) {
            // A headless service's name gives the pods themselves, at their own ports.
            const auto target = port.target_port && !service.headless ? port.target_port : port.port;
            const auto [seen, fresh] = ports.emplace(std::pair{port.protocol, port.port}, target);
            if (!fresh && seen->second != target)
                return fail("unsupported", "Service/" + service.name +
                                               ": this provider's driver (podman) cannot lead port " +
                                               std::to_string(port.port) + " of the pods of " +
                                               workload.name + " to two different ports");
        }
    }
    std::string text;
    for (const auto& [from, to] : ports)
        if (from.second != to)
            text += std::string(from.first == lease::Protocol::udp ? "udp" : "tcp") + " dport " +
                    std::to_string(from.second) + " redirect to :" + std::to_string(to) + "\n";
    return text;
}

}  // namespace grid::adapters::podman
