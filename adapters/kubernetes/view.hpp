#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kubernetes/plan.hpp"
#include "messages/data.hpp"

/// From what the cluster says about pods to what users are told. Without a clock and without calls.
namespace grid::adapters::kubernetes {

/// When a pod counts as failed.
struct ViewLimits {
    unsigned restarts = 4;         ///< of a container; more, and it counts as failed
    std::int64_t schedule_s = 60;  ///< a pod that fits nowhere for so long has failed
    std::int64_t now = 0;          ///< seconds since 1970
};

/// One pod.
struct PodView {
    enum class State : std::uint8_t { starting, ready, completed, failed, unknown };
    std::string name;
    std::string workload;
    std::string template_;  ///< digest of its description
    std::string address;
    State state = State::starting;
    std::string reason;          ///< in words, when neither ready nor completed
    bool started = false;        ///< all containers run, or have run
    bool crashed = false;        ///< a container ended badly, or was restarted
    bool image_missing = false;  ///< an image cannot be had
    bool probe_fails = false;    ///< it runs and is not ready: events tell why
    std::uint32_t restarts = 0;
    std::string image;
    std::int64_t started_at = 0;
};

/// What the API server says of one pod.
PodView view_pod(const json::value& pod, const ViewLimits& limits);

/// An application as a whole.
struct AppView {
    messages::AppStatus status;        ///< without `drifted`
    std::vector<PodView> pods;         ///< those that are not being deleted
    bool started = false;              ///< every pod of every workload, as described now, has started
    bool rolled_out = false;           ///< every workload has all its pods, as described now, ready
    std::optional<PodView> broken;     ///< a pod, as described now, that has failed or crashed
    std::vector<std::string> missing;  ///< workloads without a pod as described now that should have one
};

/// `pods` and `jobs` are those that bear the application's label. Only a workload's ready pods are endpoints.
AppView view_app(const AppRecord& record, const std::vector<json::value>& pods,
                 const std::vector<json::value>& jobs, const ViewLimits& limits);

}  // namespace grid::adapters::kubernetes
