#include <algorithm>

#include "adapters/kubernetes/view.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::adapters::kubernetes;
using lease::WorkloadKind;
using messages::Health;

/// An application with every kind of workload; their names and digests are those of the dictionary.
AppRecord record() {
    AppRecord record;
    record.app = "shop";
    record.workloads = {{"web", WorkloadKind::deployment, "shop-web", "t1", 2},
                        {"db", WorkloadKind::stateful_set, "shop-db", "t1", 1},
                        {"once", WorkloadKind::job, "shop-once", "t1", 1},
                        {"often", WorkloadKind::cron_job, "shop-often", "t1", 1}};
    lease::EntrancePoint entrance;
    entrance.name = "web";
    entrance.workload = "web";
    entrance.port = 80;
    record.entrances = {entrance};
    return record;
}

void check(const PodView& pod) {
    using State = PodView::State;
    require(pod.reason.size() <= 512, "a reason is a few words");
    if (pod.state == State::ready) require(pod.reason.empty() && !pod.probe_fails, "ready needs no reason");
    if (pod.state == State::starting || pod.state == State::failed || pod.state == State::unknown)
        require(!pod.reason.empty(), "what is not ready has a reason");
    if (pod.image_missing) require(pod.state != State::completed, "without an image nothing has run");
    require(pod.started_at >= 0, "a start is after 1970");
}

void check(const AppRecord& known, const AppView& app) {
    require(app.status.pods.size() <= messages::kMaxPodStatuses, "not too many pods are told");
    for (const auto& endpoint : app.status.endpoints) {
        require(endpoint.entrance == "web" && endpoint.port == 80 && !endpoint.address.empty(),
                "an endpoint is of an entrance");
        require(std::any_of(app.pods.begin(), app.pods.end(),
                            [&](const PodView& pod) {
                                return pod.workload == "web" && pod.state == PodView::State::ready &&
                                       pod.address == endpoint.address;
                            }),
                "an endpoint is a pod that is ready");
    }
    for (const auto& name : app.missing)
        require(std::any_of(known.workloads.begin(), known.workloads.end(),
                            [&](const auto& workload) { return workload.name == name; }),
                "what is missing is of the application");
    const auto ready = std::count_if(app.pods.begin(), app.pods.end(), [](const PodView& pod) {
        return pod.workload == "web" && pod.template_ == "t1" &&
               (pod.state == PodView::State::ready || pod.state == PodView::State::completed);
    });
    require(!app.rolled_out || ready >= 2, "what is rolled out has all its pods");
    require(app.status.reason.size() <= 600, "a reason is a few words");
    if (app.status.health == Health::failed || app.status.health == Health::starting ||
        app.status.health == Health::unknown)
        require(!app.status.reason.empty(), "what is not ready has a reason");
    require(app.status.health != Health::absent, "an application with workloads is there");
}

}  // namespace

void pods(chain::ByteView input) {
    const auto said = parse_json({reinterpret_cast<const char*>(input.data()), input.size()});
    if (!said) {
        require(said.error().code == "bad_reply", "what is no JSON is a bad reply");
        return;
    }
    static const AppRecord known = record();
    static const ViewLimits limits{4, 60, 1'790'000'000};
    std::vector<json::value> pods, jobs;
    for (const auto& item : list_at(*said, {"pods"})) pods.push_back(item);
    for (const auto& item : list_at(*said, {"jobs"})) jobs.push_back(item);
    for (const auto& pod : pods) check(view_pod(pod, limits));
    check(known, view_app(known, pods, jobs, limits));
}

}  // namespace grid::fuzz
