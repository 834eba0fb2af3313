#include "adapters/kubernetes/driver.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include "adapters/kubernetes/exec.hpp"

namespace grid::adapters::kubernetes {

using messages::AppStatus;
using messages::Hash;
using messages::Health;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::minutes kDiscoveryLife{10};

ApiLimits limits_of(const KubernetesConfig& config) {
    ApiLimits limits;
    limits.request = config.request_timeout;
    return limits;
}

messages::Timestamp time_of(const json::value& event) {
    auto text = text_at(event, {"lastTimestamp"});
    if (text.empty()) text = text_at(event, {"series", "lastObservedTime"});
    if (text.empty()) text = text_at(event, {"eventTime"});
    if (text.empty()) text = text_at(event, {"metadata", "creationTimestamp"});
    return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds_of(text)))};
}

/// Is an event about one of an application's objects, or about what a controller made of it?
bool is_about(const json::value& event, const AppRecord& record) {
    const auto object = text_at(event, {"involvedObject", "name"});
    return std::any_of(record.workloads.begin(), record.workloads.end(), [&](const auto& w) {
        return object == w.object || object.starts_with(w.object + "-");
    });
}

}  // namespace

Error driver_error(const Error& error) {
    if (is_unavailable(error) || error.code == "conflict" || error.code == "gone")
        return {"cluster_unavailable", error.message};
    if (error.code == "invalid" || error.code == "bad_request" || error.code == "not_found" ||
        error.code == "already_exists" || error.code == "denied")
        return {"failed_to_start", error.message};
    return error;
}

Query app_query(const std::string& app) {
    return {{"labelSelector", std::string(label::kApp) + "=" + app}};
}

Driver::Driver(KubernetesConfig config, const Access& access, Ownership ownership)
    : config_(std::move(config)),
      ownership_(std::move(ownership)),
      api_(access, limits_of(config_), stop_),
      kept_logs_(config_.data_dir + "/kept",
                 [] { return messages::Timestamp{static_cast<std::uint64_t>(std::time(nullptr))}; }) {}

Driver::~Driver() {
    stop_.stop();
}

Result<void> Driver::begin() {
    if (config_.required.empty()) return {};
    if (const auto known = discovery(); !known) return tl::unexpected(driver_error(known.error()));
    const auto all = probe();
    for (const auto& name : config_.required) {
        const auto i = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
        if (i == all.end() || !i->enforced)
            return fail("capability_missing", name + " is required but cannot be enforced here: " +
                                                  (i == all.end() ? "no such capability" : i->detail));
    }
    return {};
}

void Driver::end() {
    stop_.stop();
}

std::shared_ptr<Driver::Gate> Driver::gate(const Hash& lease) {
    const std::lock_guard lock(mutex_);
    if (gates_.size() > gates_kept_) {
        std::erase_if(gates_, [](const auto& one) { return one.second.expired(); });
        gates_kept_ = std::max<std::size_t>(64, gates_.size() * 2);
    }
    auto& slot = gates_[lease];
    auto held = slot.lock();
    if (!held) slot = held = std::make_shared<Gate>();
    return held;
}

Result<std::shared_ptr<const Discovery>> Driver::discovery() {
    const auto kept = [this] {
        const std::lock_guard lock(mutex_);
        return steady_clock::now() < discovery_until_ ? discovery_ : nullptr;
    };
    if (auto known = kept()) return known;
    const std::lock_guard asking(asking_);
    if (auto known = kept()) return known;
    auto found = Discovery::ask(api_);
    if (!found) return tl::unexpected(found.error());
    const std::lock_guard lock(mutex_);
    discovery_ = std::make_shared<const Discovery>(std::move(*found));
    discovery_until_ = steady_clock::now() + kDiscoveryLife;
    return discovery_;
}

ViewLimits Driver::view_limits() const {
    ViewLimits limits;
    limits.restarts = config_.restart_limit;
    limits.schedule_s = config_.schedule_timeout.count() / 1000;
    limits.now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    return limits;
}

Result<std::optional<json::value>> Driver::find_namespace(const Hash& lease) {
    auto found = api_.get(core::kNamespaces, "", ownership_.namespace_of(lease));
    if (!found) {
        if (found.error().code == "not_found") return std::nullopt;
        return tl::unexpected(found.error());
    }
    if (ownership_.lease_of(*found) != lease)
        return fail("failed_to_start", "the namespace " + ownership_.namespace_of(lease) +
                                           " was not made by this gateway; it is left alone");
    if (!text_at(*found, {"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
    return std::optional<json::value>(std::move(*found));
}

Result<std::optional<AppRecord>> Driver::find_record(const std::string& name_space, const std::string& app) {
    const auto object = api_.get(core::kConfigMaps, name_space, record_name(app));
    if (!object) {
        if (object.error().code == "not_found") return std::nullopt;
        return tl::unexpected(object.error());
    }
    return read_record(*object);
}

Result<std::vector<json::value>> Driver::jobs_of(const std::string& name_space, const std::string& app) {
    const auto known = discovery();
    if (!known) return tl::unexpected(known.error());
    const auto kind = (*known)->find("batch", "jobs");
    if (!kind) return std::vector<json::value>{};
    auto jobs = api_.list(*kind, name_space, app_query(app));
    if (!jobs) return tl::unexpected(jobs.error());
    return std::move(jobs->items);
}

Result<AppView> Driver::look(const std::string& name_space, const AppRecord& record) {
    const auto pods = api_.list(core::kPods, name_space, app_query(record.app));
    if (!pods) return tl::unexpected(pods.error());
    std::vector<json::value> jobs;
    if (std::any_of(record.workloads.begin(), record.workloads.end(),
                    [](const auto& w) { return w.kind == lease::WorkloadKind::job; })) {
        auto found = jobs_of(name_space, record.app);
        if (!found) return tl::unexpected(found.error());
        jobs = std::move(*found);
    }
    return view_app(record, pods->items, jobs, view_limits());
}

/// A probe's own words, where one keeps an application from being ready.
void Driver::explain(const std::string& name_space, const AppRecord& record, AppView& view) {
    if (view.status.health == Health::ready) return;
    const auto pod = std::find_if(view.pods.begin(), view.pods.end(), [](const auto& p) {
        return p.probe_fails && p.state == PodView::State::starting;
    });
    if (pod == view.pods.end()) {
        if (!view.missing.empty())
            if (const auto why = why_no_pods(name_space, record, 0); !why.empty()) view.status.reason = why;
        return;
    }
    const auto events =
        api_.list(core::kEvents, name_space,
                  {{"fieldSelector", "involvedObject.name=" + pod->name + ",reason=Unhealthy"}});
    if (!events || events->items.empty()) return;
    const auto newest =
        std::max_element(events->items.begin(), events->items.end(),
                         [](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
    view.status.reason = pod->reason + ": " + tamed(text_at(*newest, {"message"}), 300);
    for (auto& told : view.status.pods)
        if (told.name == pod->name) told.reason = view.status.reason;
}

std::string Driver::why_no_pods(const std::string& name_space, const AppRecord& record, std::int64_t since) {
    const auto events = api_.list(core::kEvents, name_space, {{"fieldSelector", "reason=FailedCreate"}});
    if (!events) return {};
    const json::value* newest = nullptr;
    for (const auto& event : events->items)
        if (is_about(event, record) && static_cast<std::int64_t>(time_of(event).seconds) >= since &&
            (newest == nullptr || time_of(*newest) < time_of(event)))
            newest = &event;
    return newest == nullptr ? std::string() : tamed(text_at(*newest, {"message"}), 400);
}

bool Driver::drifted(const std::string& name_space, const AppRecord& record, const AppView& view) {
    const auto known = discovery();
    if (!known) return false;
    for (const auto& workload : record.workloads) {
        const bool cron = workload.kind == lease::WorkloadKind::cron_job;
        if (!cron && std::find(view.missing.begin(), view.missing.end(), workload.name) == view.missing.end())
            continue;
        std::optional<Resource> kind = core::kPods;
        if (workload.kind == lease::WorkloadKind::deployment) kind = (*known)->find("apps", "deployments");
        if (workload.kind == lease::WorkloadKind::stateful_set) kind = (*known)->find("apps", "statefulsets");
        if (workload.kind == lease::WorkloadKind::job) kind = (*known)->find("batch", "jobs");
        if (cron) kind = (*known)->find("batch", "cronjobs");
        if (!kind) continue;
        const auto object = api_.get(*kind, name_space, workload.object);
        if (!object && object.error().code == "not_found") return true;
        if (!object || workload.kind == lease::WorkloadKind::pod || cron) continue;
        const auto described = text_at(*object, {"spec", "template", "metadata", "labels", label::kTemplate});
        if (!described.empty() && described != workload.template_) return true;
    }
    return false;
}

AppStatus Driver::status(const Hash& lease, const std::string& app) {
    const auto unknown = [](const Error& e) { return AppStatus{Health::unknown, e.message, {}}; };
    const auto found = find_namespace(lease);
    if (!found) return unknown(found.error());
    if (!*found) return {Health::absent, "", {}};
    const auto name_space = ownership_.namespace_of(lease);
    const auto record = find_record(name_space, app);
    if (!record) return unknown(record.error());
    if (!*record) return {Health::absent, "", {}};
    auto view = look(name_space, **record);
    if (!view) return unknown(view.error());
    explain(name_space, **record, *view);
    view->status.drifted = drifted(name_space, **record, *view);
    return std::move(view->status);
}

Result<std::vector<messages::AppEvent>> Driver::events(const Hash& lease, const std::string& app) {
    const auto found = find_namespace(lease);
    if (!found) return tl::unexpected(driver_error(found.error()));
    if (!*found) return std::vector<messages::AppEvent>{};
    const auto name_space = ownership_.namespace_of(lease);
    const auto record = find_record(name_space, app);
    if (!record) return tl::unexpected(driver_error(record.error()));
    if (!*record) return std::vector<messages::AppEvent>{};
    const auto all = api_.list(core::kEvents, name_space);
    if (!all) return tl::unexpected(driver_error(all.error()));
    std::vector<messages::AppEvent> out;
    for (const auto& event : all->items) {
        if (!is_about(event, **record)) continue;
        const auto object = text_at(event, {"involvedObject", "name"});
        messages::AppEvent told;
        told.time = time_of(event);
        told.kind = text_at(event, {"type"}) == "Warning" ? messages::AppEvent::Kind::warning
                                                          : messages::AppEvent::Kind::normal;
        told.object = text_at(event, {"involvedObject", "kind"}) + "/" + object;
        told.reason = tamed(text_at(event, {"reason"}), 64);
        told.message = tamed(text_at(event, {"message"}));
        told.count = static_cast<std::uint32_t>(std::max<std::int64_t>(1, number_at(event, {"count"}, 1)));
        out.push_back(std::move(told));
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    if (out.size() > messages::kMaxAppEvents)
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(messages::kMaxAppEvents));
    return out;
}

std::vector<messages::Capability> Driver::probe() {
    const auto known = discovery();
    if (!known) return {{"cluster", false, known.error().message}};
    return cluster_capabilities(api_, **known, config_);
}

Result<std::shared_ptr<ExecSession>> Driver::exec(const messages::ExecRequest& request) {
    const auto found = find_namespace(request.lease_key);
    if (!found) return tl::unexpected(driver_error(found.error()));
    const auto name_space = ownership_.namespace_of(request.lease_key);
    if (!*found) return fail("not_found", "there is no such application");
    const auto pods = api_.list(core::kPods, name_space, app_query(request.app));
    if (!pods) return tl::unexpected(driver_error(pods.error()));
    if (pods->items.empty()) return fail("not_found", "the application has no pods");
    const json::value* chosen = nullptr;
    const json::value* runs = nullptr;  // where none is ready
    for (const auto& pod : pods->items) {
        if (!text_at(pod, {"metadata", "deletionTimestamp"}).empty()) continue;
        const auto view = view_pod(pod, view_limits());
        const bool wanted =
            request.pod.empty() ? view.state == PodView::State::ready : view.name == request.pod;
        if (wanted && chosen == nullptr) chosen = &pod;
        if (text_at(pod, {"status", "phase"}) == "Running" && runs == nullptr) runs = &pod;
    }
    if (chosen == nullptr && request.pod.empty()) chosen = runs;
    if (chosen == nullptr)
        return request.pod.empty()
                   ? fail("not_running", "no pod of the application runs")
                   : fail("not_found", "the application has no pod " + request.pod.substr(0, 80));
    auto container = request.container;
    const auto& containers = list_at(*chosen, {"spec", "containers"});
    if (container.empty() && !containers.empty()) container = text_at(containers[0], {"name"});
    const bool there = std::any_of(containers.begin(), containers.end(),
                                   [&](const auto& c) { return text_at(c, {"name"}) == container; });
    if (!there) return fail("not_found", "the pod has no container " + container.substr(0, 80));
    if (text_at(*chosen, {"status", "phase"}) != "Running")
        return fail("not_running", "the pod does not run");
    auto session = begin_exec(api_,
                              {name_space, text_at(*chosen, {"metadata", "name"}), container, request.command,
                               request.tty, request.columns, request.rows},
                              steady_clock::now() + config_.request_timeout);
    if (session) return session;
    // The pod has gone since.
    if (session.error().code == "not_found") return tl::unexpected(session.error());
    return tl::unexpected(driver_error(session.error()));
}

}  // namespace grid::adapters::kubernetes
