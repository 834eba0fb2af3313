#include "adapters/kubernetes/view.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace grid::adapters::kubernetes {

using lease::WorkloadKind;
using messages::Health;
using State = PodView::State;

namespace {

template <std::size_t N>
bool one_of(const std::string& text, const std::array<const char*, N>& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

// Reasons of the kubelet (pkg/kubelet/images, kuberuntime) for a container that waits.
constexpr std::array kNoImage{"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
                              "ImageInspectError", "RegistryUnavailable"};
constexpr std::array kCannotRun{"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
                                "PreCreateHookError",         "PreStartHookError",    "PostStartHookError"};

constexpr std::size_t kLastWords = 300;
constexpr std::size_t kMaxReason = 512;

std::string condition(const json::value& object, std::string_view type, std::string_view member) {
    for (const auto& one : list_at(object, {"status", "conditions"}))
        if (text_at(one, {"type"}) == type) return text_at(one, {member});
    return {};
}

/// How a container's last run ended, in words.
std::string end_words(const json::value& terminated) {
    const auto reason = text_at(terminated, {"reason"});
    const auto code = number_at(terminated, {"exitCode"});
    if (reason == "OOMKilled") return "was killed, it needs more memory than its limit (OOMKilled)";
    std::string words = "ended with exit code " + std::to_string(code);
    if (!reason.empty() && reason != "Error" && reason != "Completed")
        words += " (" + tamed(reason, 60) + ")";
    // With FallbackToLogsOnError these are the last lines of its log.
    auto last = text_at(terminated, {"message"});
    while (!last.empty() && last.back() == '\n') last.pop_back();
    if (last.size() > kLastWords) last.erase(0, last.size() - kLastWords);
    if (!last.empty()) words += ": " + tamed(last);
    return words;
}

bool ended_badly(const json::value& terminated) {
    return terminated.is_object() && number_at(terminated, {"exitCode"}) != 0;
}

/// Goes through the statuses of a pod's containers.
class ContainerReader {
public:
    ContainerReader(PodView& view, const ViewLimits& limits, std::string restart_policy)
        : view_(view), limits_(limits), policy_(std::move(restart_policy)) {}

    /// Some containers have ended well and shall not run again, and all others are ready.
    bool done_in_part() const { return done_ > 0 && bad_ == 0; }

    void read(const json::value& status, bool init) {
        const auto name = (init ? "init container " : "container ") + text_at(status, {"name"});
        const auto restarts = static_cast<std::uint32_t>(number_at(status, {"restartCount"}));
        view_.restarts += restarts;
        const auto* last = find(status, {"lastState", "terminated"});
        const auto* now = find(status, {"state", "terminated"});
        const bool bad = (now != nullptr && ended_badly(*now)) || (last != nullptr && ended_badly(*last));
        if (bad || (restarts > 0 && !init)) view_.crashed = true;
        if (find(status, {"state", "running"}) != nullptr) {
            const auto at = seconds_of(text_at(status, {"state", "running", "startedAt"}));
            if (!init) view_.started_at = std::max(view_.started_at, at);
            if (flag_at(status, {"ready"}) || init) return;
            ++bad_;
            view_.probe_fails = true;
            tell(name + " is not ready yet", false);
            if (restarts > limits_.restarts && last != nullptr)
                tell(name + " crashes again and again: it " + end_words(*last), true);
            return;
        }
        if (now != nullptr) {
            const bool badly = ended_badly(*now);
            if (!init) ++(badly || policy_ == "Always" ? bad_ : done_);
            if (badly)
                tell(name + " " + end_words(*now),
                     restarts > limits_.restarts || (policy_ == "Never" && !init));
            return;
        }
        if (!init) ++bad_;
        if (!init || last == nullptr) view_.started = view_.started && last != nullptr;
        const auto waits = text_at(status, {"state", "waiting", "reason"});
        const auto words = tamed(text_at(status, {"state", "waiting", "message"}), 300);
        if (one_of(waits, kNoImage)) {
            view_.image_missing = true;
            tell(name + ": the image cannot be had (" + waits + "): " + words, true);
        } else if (one_of(waits, kCannotRun)) {
            tell(name + " cannot be run (" + waits + "): " + words, true);
        } else if (waits == "CrashLoopBackOff") {
            const auto end = last == nullptr ? std::string("ended") : end_words(*last);
            tell(name + " crashes (CrashLoopBackOff, " + std::to_string(restarts) + " restarts): it " + end,
                 restarts > limits_.restarts);
        } else if (!waits.empty() && waits != "ContainerCreating" && waits != "PodInitializing") {
            tell(name + ": " + tamed(waits, 60) + (words.empty() ? "" : ": " + words), false);
        } else {
            tell(name + " is being made", false);
        }
    }

private:
    /// A failure goes before everything else, then the first word counts.
    void tell(const std::string& reason, bool failed) {
        if (failed && view_.state != State::failed) {
            view_.state = State::failed;
            view_.reason = reason;
        }
        if (view_.reason.empty()) view_.reason = reason;
    }
    PodView& view_;
    const ViewLimits& limits_;
    const std::string policy_;
    std::size_t done_ = 0, bad_ = 0;
};

bool being_deleted(const json::value& object) {
    return !text_at(object, {"metadata", "deletionTimestamp"}).empty();
}

std::string label_of(const json::value& object, const char* name) {
    return text_at(object, {"metadata", "labels", name});
}

/// What is known of one workload.
struct WorkloadView {
    std::size_t ready = 0, failed = 0, starting = 0, unknown = 0;
    std::size_t current_ready = 0, current_started = 0;
    bool done = false, job_failed = false;
    std::string reason;      ///< of its pods
    std::string job_reason;  ///< of a job that has failed
};

/// Why a workload is not there yet.
std::string waits_for(const WorkloadRecord& workload, const WorkloadView& view) {
    return view.reason.empty() ? workload.name + " has no pod yet" : view.reason;
}

void read_job(const json::value& job, WorkloadView& view) {
    if (condition(job, "Complete", "status") == "True") view.done = true;
    if (condition(job, "Failed", "status") == "True") {
        view.job_failed = true;
        view.job_reason = "the job failed (" + tamed(condition(job, "Failed", "reason"), 60) +
                          "): " + tamed(condition(job, "Failed", "message"), 200);
    }
}

}  // namespace

namespace {

PodView read_pod(const json::value& pod, const ViewLimits& limits) {
    PodView view;
    view.name = text_at(pod, {"metadata", "name"});
    view.workload = label_of(pod, label::kWorkload);
    view.template_ = label_of(pod, label::kTemplate);
    view.address = text_at(pod, {"status", "podIP"});
    const auto& containers = list_at(pod, {"spec", "containers"});
    if (!containers.empty()) view.image = text_at(containers[0], {"image"});
    const auto phase = text_at(pod, {"status", "phase"});
    if (phase == "Succeeded") {
        view.state = State::completed;
        view.started = true;
        return view;
    }
    if (condition(pod, "PodScheduled", "status") == "False") {
        const auto since = seconds_of(condition(pod, "PodScheduled", "lastTransitionTime"));
        view.reason = "no node has room for it (" + tamed(condition(pod, "PodScheduled", "reason"), 60) +
                      "): " + tamed(condition(pod, "PodScheduled", "message"), 300);
        if (since > 0 && limits.now - since > limits.schedule_s) view.state = State::failed;
        return view;
    }
    const auto& statuses = list_at(pod, {"status", "containerStatuses"});
    view.started = !statuses.empty();
    const auto policy = text_at(pod, {"spec", "restartPolicy"});
    ContainerReader reader(view, limits, policy);
    for (const auto& status : list_at(pod, {"status", "initContainerStatuses"})) reader.read(status, true);
    for (const auto& status : statuses) reader.read(status, false);
    if (phase == "Failed") {
        view.state = State::failed;
        const auto reason = text_at(pod, {"status", "reason"});
        if (!reason.empty() || view.reason.empty())
            view.reason = "the pod failed: " + tamed(reason.empty() ? "no reason is given" : reason, 60) +
                          " " + tamed(text_at(pod, {"status", "message"}), 300);
        return view;
    }
    if (phase == "Unknown") view.state = State::unknown;
    // To Kubernetes a pod is not ready when one of its containers has ended, however well.
    if (condition(pod, "Ready", "status") == "True" ||
        (view.state == State::starting && policy != "Always" && reader.done_in_part())) {
        view.state = State::ready;
        view.reason.clear();
        view.probe_fails = false;
    } else if (view.state == State::starting && condition(pod, "ContainersReady", "status") == "True") {
        // Its containers were ready when its node was last heard of.
        view.state = State::unknown;
    }
    if (view.state == State::unknown && view.reason.empty())
        view.reason = "its node " + tamed(text_at(pod, {"spec", "nodeName"}), 80) + " does not answer";
    if (view.state == State::starting && view.reason.empty()) view.reason = "it waits for a node";
    return view;
}

}  // namespace

PodView view_pod(const json::value& pod, const ViewLimits& limits) {
    auto view = read_pod(pod, limits);
    if (view.reason.size() > kMaxReason) view.reason.resize(kMaxReason);
    return view;
}

AppView view_app(const AppRecord& record, const std::vector<json::value>& pods,
                 const std::vector<json::value>& jobs, const ViewLimits& limits) {
    AppView app;
    for (const auto& pod : pods)
        if (!being_deleted(pod)) app.pods.push_back(view_pod(pod, limits));
    std::sort(app.pods.begin(), app.pods.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    std::map<std::string, const WorkloadRecord*> records;
    std::map<std::string, WorkloadView> views;
    for (const auto& workload : record.workloads) {
        records[workload.name] = &workload;
        auto& view = views[workload.name];
        for (const auto& job : jobs)
            if (text_at(job, {"metadata", "name"}) == workload.object && !being_deleted(job))
                read_job(job, view);
    }
    for (const auto& pod : app.pods) {
        const auto known = records.find(pod.workload);
        if (known == records.end()) continue;
        const auto& workload = *known->second;
        auto& view = views[pod.workload];
        // What runs of a cron job comes and goes, and failed runs of a job are its own business.
        const bool is_job = workload.kind == WorkloadKind::job || workload.kind == WorkloadKind::cron_job;
        const bool current = pod.template_ == workload.template_;
        // A pod that has failed for good (evicted, say) is replaced by another.
        const bool serves = pod.state == State::ready || pod.state == State::completed;
        if (serves) ++view.ready;
        if (serves && current) ++view.current_ready;
        if (current && (pod.started || serves)) ++view.current_started;
        if (!is_job && current && (pod.state == State::failed || pod.crashed) && !app.broken)
            app.broken = pod;
        if (pod.image_missing && current && !app.broken) app.broken = pod;
        if (serves) continue;
        ++(pod.state == State::failed    ? view.failed
           : pod.state == State::unknown ? view.unknown
                                         : view.starting);
        if (view.reason.empty() || pod.state == State::failed) view.reason = pod.reason;
    }

    auto& status = app.status;
    bool any = false, failed = false, unknown = false, whole = true;
    std::size_t running = 0, wanted = 0;
    app.started = app.rolled_out = true;
    for (const auto& workload : record.workloads) {
        const auto& view = views[workload.name];
        if (workload.kind == WorkloadKind::cron_job) {
            any = any || workload.replicas > 0;
            continue;
        }
        if (workload.replicas == 0) continue;
        any = true;
        if (workload.kind == WorkloadKind::job) {
            const bool begun = view.done || view.job_failed || view.current_started > 0;
            app.started = app.started && begun;
            app.rolled_out = app.rolled_out && begun;
            if (view.done) continue;
            if (view.job_failed) {
                failed = true;
                whole = false;
                status.reason = view.job_reason + (view.reason.empty() ? "" : "; " + view.reason);
            } else if (view.ready == 0) {
                whole = false;
                if (status.reason.empty()) status.reason = waits_for(workload, view);
            }
            if (!begun && view.starting + view.failed == 0) app.missing.push_back(workload.name);
            continue;
        }
        running += view.ready;
        wanted += workload.replicas;
        app.started = app.started && view.current_started >= workload.replicas;
        app.rolled_out = app.rolled_out && view.current_ready >= workload.replicas;
        const bool has_current = std::any_of(app.pods.begin(), app.pods.end(), [&](const auto& pod) {
            return pod.workload == workload.name && pod.template_ == workload.template_;
        });
        if (!has_current) app.missing.push_back(workload.name);
        if (view.ready > 0) {
            if (view.ready < workload.replicas && status.reason.empty()) status.reason = view.reason;
            continue;
        }
        whole = false;
        failed = failed || (view.failed > 0 && view.unknown == 0);
        unknown = unknown || view.unknown > 0;
        const auto reason = waits_for(workload, view);
        if (status.reason.empty() || view.failed > 0) status.reason = reason;
    }
    status.health = !any      ? Health::absent
                    : whole   ? Health::ready
                    : failed  ? Health::failed
                    : unknown ? Health::unknown
                              : Health::starting;
    if (whole && running < wanted)
        status.reason = std::to_string(running) + " of " + std::to_string(wanted) + " pods are ready" +
                        (status.reason.empty() ? "" : ": " + status.reason);
    for (const auto& pod : app.pods) {
        if (pod.state == State::ready && !pod.address.empty())
            for (const auto& entrance : record.entrances)
                if (entrance.workload == pod.workload)
                    status.endpoints.push_back({entrance.name, pod.address, entrance.port});
        if (status.pods.size() < messages::kMaxPodStatuses)
            status.pods.push_back({pod.workload,
                                   pod.name,
                                   pod.state == State::ready || pod.state == State::completed,
                                   pod.restarts,
                                   pod.reason,
                                   pod.image,
                                   {static_cast<std::uint64_t>(std::max<std::int64_t>(0, pod.started_at))}});
    }
    return app;
}

}  // namespace grid::adapters::kubernetes
