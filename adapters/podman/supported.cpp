#include "adapters/podman/supported.hpp"

#include <algorithm>
#include <string>

namespace grid::adapters::podman {
namespace {

const char* kind_name(lease::WorkloadKind kind) {
    switch (kind) {
        case lease::WorkloadKind::deployment:
            return "Deployment";
        case lease::WorkloadKind::pod:
            return "Pod";
        case lease::WorkloadKind::stateful_set:
            return "StatefulSet";
        case lease::WorkloadKind::job:
            return "Job";
        case lease::WorkloadKind::cron_job:
            return "CronJob";
    }
    return "unknown kind";
}

/// What of a container cannot be run; null: all can.
const char* unsupported_part(const lease::Container& c) {
    if (c.late_expansion) return "variables with the pod's name, namespace or address";
    if (c.gpus != 0) return "GPUs";
    if (!c.claims.empty()) return "persistent volumes";
    if (c.startup) return "startup probes";
    if (c.post_start || c.pre_stop) return "lifecycle hooks";
    if (std::any_of(c.scratch.begin(), c.scratch.end(), [](const auto& m) { return !m.sub_path.empty(); }))
        return "a subPath of an emptyDir";
    for (const auto* probe : {&c.readiness, &c.liveness})
        if (*probe && !(*probe)->headers.empty()) return "headers of probes";
    if (std::any_of(c.environment.begin(), c.environment.end(),
                    [](const auto& v) { return v.source != lease::EnvironmentVariable::Source::text; }))
        return "variables with the pod's name, namespace or address";
    return nullptr;
}

const char* unsupported_part(const lease::Workload& w) {
    if (w.rollout.recreate) return "strategy Recreate";
    if (!w.registry_logins.empty()) return "imagePullSecrets";
    if (std::any_of(w.scratch.begin(), w.scratch.end(), [](const auto& v) { return v.in_memory; }))
        return "an emptyDir in memory";
    for (const auto* containers : {&w.init_containers, &w.containers})
        for (const auto& container : *containers)
            if (const char* part = unsupported_part(container)) return part;
    return nullptr;
}

}  // namespace

Result<void> check_supported(const lease::Application& application) {
    for (const auto& w : application.workloads) {
        const std::string name = std::string(kind_name(w.kind)) + "/" + w.name;
        if (w.kind != lease::WorkloadKind::deployment && w.kind != lease::WorkloadKind::pod)
            return fail("unsupported", name + ": this provider's driver (podman) cannot run a " +
                                           kind_name(w.kind) + " yet");
        if (const char* part = unsupported_part(w))
            return fail("unsupported",
                        name + ": this provider's driver (podman) cannot run " + part + " yet");
    }
    if (!application.claims.empty())
        return fail("unsupported", "PersistentVolumeClaim/" + application.claims.front().name +
                                       ": this provider's driver (podman) has no persistent volumes yet");
    return {};
}

}  // namespace grid::adapters::podman
