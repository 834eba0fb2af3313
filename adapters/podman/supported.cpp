#include "adapters/podman/supported.hpp"

#include <string>

#include "lease/cron_schedule.hpp"

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

/// What of a workload cannot be run; empty: all can.
std::string unsupported_part(const lease::Workload& w) {
    for (const auto* containers : {&w.init_containers, &w.containers})
        for (const auto& container : *containers)
            if (container.gpus != 0) return "GPUs";
    return "";
}

}  // namespace

Result<void> check_supported(const lease::Application& application) {
    for (const auto& w : application.workloads) {
        const std::string name = std::string(kind_name(w.kind)) + "/" + w.name;
        if (const auto part = unsupported_part(w); !part.empty())
            return fail("unsupported", name + ": this provider's driver (podman) cannot run " + part);
        if (w.kind != lease::WorkloadKind::cron_job) continue;
        if (const auto cron = lease::CronSchedule::parse(w.schedule.cron); !cron)
            return fail("bad_application", name + ": " + cron.error().message);
    }
    return {};
}

}  // namespace grid::adapters::podman
