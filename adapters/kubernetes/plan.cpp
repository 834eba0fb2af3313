#include "adapters/kubernetes/plan.hpp"

#include <algorithm>
#include <set>

#include "messages/cluster.hpp"

namespace grid::adapters::kubernetes {

using lease::Workload;
using lease::WorkloadKind;

namespace {

constexpr std::pair<WorkloadKind, const char*> kKinds[] = {{WorkloadKind::deployment, "deployment"},
                                                           {WorkloadKind::pod, "pod"},
                                                           {WorkloadKind::stateful_set, "stateful_set"},
                                                           {WorkloadKind::job, "job"},
                                                           {WorkloadKind::cron_job, "cron_job"}};

/// A DNS label (RFC 1123) of at most `most` characters.
bool is_label(const std::string& text, std::size_t most) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= most && plain(text.front()) && plain(text.back()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

/// "APP-WORKLOAD[-SUFFIX]", cut and made unique where it is longer than an object's name may be.
std::string object_name(const std::string& app, const std::string& workload, const std::string& suffix,
                        std::size_t most) {
    const auto tail = suffix.empty() ? "" : "-" + suffix;
    auto name = app + "-" + workload;
    if (name.size() + tail.size() <= most) return name + tail;
    const auto unique = "-" + digest(name, 8);
    name.resize(most - tail.size() - unique.size());
    while (name.back() == '-') name.pop_back();
    return name + unique + tail;
}

json::object selector(const std::string& app, const std::string& workload) {
    return {{label::kApp, app}, {label::kWorkload, workload}};
}

class Planner {
public:
    Planner(const PlanContext& context, const std::string& app, const lease::Application& application)
        : context_(context), app_(app), application_(application) {}

    Result<AppPlan> run() {
        if (!is_label(app_, 32))
            return fail("bad_application", "\"" + app_ + "\" cannot be an application's name");
        plan_.record = {app_, application_.revision, {}, application_.entrances};
        std::vector<Planned> workloads;
        for (const auto& workload : application_.workloads) {
            if (!is_label(workload.name, 63))
                return fail("bad_application", "\"" + workload.name + "\" cannot be a workload's name");
            auto planned = plan_workload(workload);
            if (!planned) return tl::unexpected(planned.error());
            workloads.push_back(std::move(*planned));
        }
        for (const auto& claim : application_.claims)
            if (auto done = plan_claim(claim); !done) return tl::unexpected(done.error());
        for (const auto& service : application_.services)
            if (auto done = plan_service(service); !done) return tl::unexpected(done.error());
        for (auto& workload : workloads) plan_.objects.push_back(std::move(workload));
        return std::move(plan_);
    }

private:
    json::object metadata(const std::string& name, const std::string& workload = {}) const {
        auto labels = context_.labels;
        labels[label::kApp] = app_;
        if (!workload.empty()) labels[label::kWorkload] = workload;
        return {{"name", name}, {"labels", std::move(labels)}};
    }

    static json::object object(const Resource& resource, json::object metadata, json::object spec) {
        return {{"apiVersion", resource.group_version},
                {"kind", resource.kind},
                {"metadata", std::move(metadata)},
                {"spec", std::move(spec)}};
    }

    Result<Resource> resource(const char* group, const char* plural, const Workload& workload) const {
        if (auto found = context_.discovery.find(group, plural)) return *found;
        return fail("unsupported", workload.name + ": this cluster has no " + plural + " (" +
                                       context_.discovery.version() + ")");
    }

    Result<Planned> plan_workload(const Workload& workload) {
        std::optional<std::uint16_t> entrance;
        for (const auto& point : application_.entrances)
            if (point.workload == workload.name && !entrance) entrance = point.port;
        auto pods = pod_template(context_, app_, workload, entrance, plan_.objects);
        if (application_.revision > 0)
            pods["metadata"].as_object()["annotations"] =
                json::object{{annotation::kRevision, std::to_string(application_.revision)}};
        switch (workload.kind) {
            case WorkloadKind::deployment:
                return deployment(workload, std::move(pods));
            case WorkloadKind::stateful_set:
                return stateful_set(workload, std::move(pods));
            case WorkloadKind::job:
                return job(workload, std::move(pods));
            case WorkloadKind::cron_job:
                return cron_job(workload, std::move(pods));
            case WorkloadKind::pod:
                // A pod that is to live for ever shall outlive its node, too.
                return workload.restart == lease::RestartPolicy::always
                           ? deployment(workload, std::move(pods))
                           : pod(workload, std::move(pods));
        }
        return fail("unsupported", workload.name + ": a kind of workload that this driver does not know");
    }

    /// Notes the workload in the record and marks its pods with the digest of their description.
    std::string note(const Workload& workload, WorkloadKind kind, const std::string& object_name,
                     const std::string& template_digest) {
        plan_.record.workloads.push_back(
            {workload.name, kind, object_name, template_digest, workload.replicas});
        return object_name;
    }
    static std::string mark(json::object& pods) {
        const auto found = digest(json::serialize(pods), 12);
        pods["metadata"].as_object()["labels"].as_object()[label::kTemplate] = found;
        return found;
    }

    Result<Planned> deployment(const Workload& workload, json::object pods) {
        const auto kind = resource("apps", "deployments", workload);
        if (!kind) return tl::unexpected(kind.error());
        const auto name = object_name(app_, workload.name, {}, 63);
        note(workload, WorkloadKind::deployment, name, mark(pods));
        json::object strategy{{"type", "Recreate"}};
        if (!workload.rollout.recreate)
            strategy = {
                {"type", "RollingUpdate"},
                {"rollingUpdate", json::object{{"maxSurge", workload.rollout.max_surge},
                                               {"maxUnavailable", workload.rollout.max_unavailable}}}};
        return Planned{*kind,
                       object(*kind, metadata(name, workload.name),
                              {{"replicas", workload.replicas},
                               {"revisionHistoryLimit", 1},
                               {"minReadySeconds", workload.rollout.min_ready_s},
                               {"progressDeadlineSeconds", workload.rollout.progress_s},
                               {"selector", json::object{{"matchLabels", selector(app_, workload.name)}}},
                               {"strategy", std::move(strategy)},
                               {"template", std::move(pods)}})};
    }

    Result<Planned> stateful_set(const Workload& workload, json::object pods) {
        const auto kind = resource("apps", "statefulsets", workload);
        if (!kind) return tl::unexpected(kind.error());
        json::array templates;
        for (const auto& claim : workload.claim_templates) {
            auto spec = claim_spec(claim);
            if (!spec) return tl::unexpected(spec.error());
            templates.push_back(json::object{{"apiVersion", "v1"},
                                             {"kind", "PersistentVolumeClaim"},
                                             {"metadata", metadata(claim.name)},
                                             {"spec", std::move(*spec)}});
        }
        // Its pods have names of their own ("db-0"), which the user's manifest may rely on.
        note(workload, WorkloadKind::stateful_set, workload.name, mark(pods));
        json::object spec{{"replicas", workload.replicas},
                          {"revisionHistoryLimit", 1},
                          {"serviceName", workload.governing_service},
                          {"podManagementPolicy", workload.rollout.parallel ? "Parallel" : "OrderedReady"},
                          {"selector", json::object{{"matchLabels", selector(app_, workload.name)}}},
                          {"updateStrategy", json::object{{"type", "RollingUpdate"}}},
                          {"template", std::move(pods)}};
        if (!templates.empty()) spec["volumeClaimTemplates"] = std::move(templates);
        return Planned{*kind, object(*kind, metadata(workload.name, workload.name), std::move(spec))};
    }

    static json::object job_spec(const Workload& workload, json::object pods) {
        json::object spec{{"parallelism", workload.replicas},
                          {"backoffLimit", workload.completion.backoff_limit},
                          {"template", std::move(pods)}};
        if (workload.completion.completions > 0) spec["completions"] = workload.completion.completions;
        if (workload.completion.deadline) spec["activeDeadlineSeconds"] = workload.completion.deadline->count;
        // keep_ended is not passed on: a job that the cluster has forgotten would be run again by the next
        // apply.
        return spec;
    }

    /// A job cannot be changed: what changes it is another job.
    Result<Planned> job(const Workload& workload, json::object pods) {
        const auto kind = resource("batch", "jobs", workload);
        if (!kind) return tl::unexpected(kind.error());
        const auto version = digest(json::serialize(job_spec(workload, pods)), 8);
        const auto name = object_name(app_, workload.name, version, 63);
        note(workload, WorkloadKind::job, name, mark(pods));
        return Planned{*kind,
                       object(*kind, metadata(name, workload.name), job_spec(workload, std::move(pods)))};
    }

    Result<Planned> cron_job(const Workload& workload, json::object pods) {
        const auto kind = resource("batch", "cronjobs", workload);
        if (!kind) return tl::unexpected(kind.error());
        const auto name = object_name(app_, workload.name, {}, 52);
        note(workload, WorkloadKind::cron_job, name, mark(pods));
        const auto& schedule = workload.schedule;
        using Concurrency = lease::Schedule::Concurrency;
        json::object spec{
            {"schedule", schedule.cron},
            {"concurrencyPolicy", schedule.concurrency == Concurrency::allow    ? "Allow"
                                  : schedule.concurrency == Concurrency::forbid ? "Forbid"
                                                                                : "Replace"},
            // Stopped is suspended, too.
            {"suspend", schedule.suspended || workload.replicas == 0},
            {"successfulJobsHistoryLimit", schedule.keep_succeeded},
            {"failedJobsHistoryLimit", schedule.keep_failed},
            {"jobTemplate",
             json::object{{"metadata", json::object{{"labels", metadata(name, workload.name)["labels"]}}},
                          {"spec", job_spec(workload, std::move(pods))}}}};
        if (schedule.starting_deadline) spec["startingDeadlineSeconds"] = schedule.starting_deadline->count;
        return Planned{*kind, object(*kind, metadata(name, workload.name), std::move(spec))};
    }

    /// Like a job, a pod cannot be changed.
    Result<Planned> pod(const Workload& workload, json::object pods) {
        const auto mark_ = mark(pods);
        const auto name = object_name(app_, workload.name, mark_.substr(0, 8), 63);
        note(workload, WorkloadKind::pod, name, mark_);
        auto meta = pods["metadata"].as_object();
        meta["name"] = name;
        return Planned{core::kPods, object(core::kPods, std::move(meta), pods["spec"].as_object())};
    }

    Result<json::object> claim_spec(const lease::Claim& claim) const {
        const auto& sold = context_.config.storage_classes;
        if (sold.empty())
            return fail("unsupported",
                        "volume " + claim.name + ": this provider sells no persistent volumes");
        const auto& wanted = claim.storage_class.empty() ? sold.front() : claim.storage_class;
        if (std::find(sold.begin(), sold.end(), wanted) == sold.end())
            return fail("unsupported",
                        "volume " + claim.name + ": this provider does not sell the storage class " + wanted);
        return json::object{
            {"accessModes", json::array{"ReadWriteOnce"}},
            {"storageClassName", wanted},
            {"resources",
             json::object{{"requests", json::object{{"storage", std::to_string(claim.size_mib) + "Mi"}}}}}};
    }

    Result<void> plan_claim(const lease::Claim& claim) {
        if (!is_label(claim.name, 63))
            return fail("bad_application", "\"" + claim.name + "\" cannot be a volume's name");
        auto spec = claim_spec(claim);
        if (!spec) return tl::unexpected(spec.error());
        plan_.objects.push_back(
            {core::kClaims, object(core::kClaims, metadata(claim.name), std::move(*spec))});
        return {};
    }

    Result<void> plan_service(const lease::Service& service) {
        if (!is_label(service.name, 63))
            return fail("bad_application", "\"" + service.name + "\" cannot be a service's name");
        json::array ports;
        for (const auto& port : service.ports) {
            json::object entry{{"port", port.port},
                               {"targetPort", port.target_port},
                               {"protocol", port.protocol == lease::Protocol::udp ? "UDP" : "TCP"}};
            if (!port.name.empty()) entry["name"] = port.name;
            ports.push_back(std::move(entry));
        }
        json::object spec{{"type", "ClusterIP"},
                          {"selector", selector(app_, service.workload)},
                          {"publishNotReadyAddresses", service.also_unready}};
        if (service.headless) spec["clusterIP"] = "None";
        if (!ports.empty()) spec["ports"] = std::move(ports);
        plan_.objects.push_back(
            {core::kServices, object(core::kServices, metadata(service.name), std::move(spec))});
        return {};
    }

    const PlanContext& context_;
    const std::string& app_;
    const lease::Application& application_;
    AppPlan plan_;
};

}  // namespace

std::string Planned::name() const {
    return text_at(json::value(object.at("metadata")), {"name"});
}

Result<AppPlan> plan_app(const PlanContext& context, const std::string& app,
                         const lease::Application& application) {
    return Planner(context, app, application).run();
}

std::string record_name(const std::string& app) {
    return "grid-app-" + app;
}

Planned record_object(const PlanContext& context, const AppRecord& record) {
    json::array workloads, entrances;
    for (const auto& w : record.workloads) {
        const char* kind = "";
        for (const auto& [value, text] : kKinds)
            if (value == w.kind) kind = text;
        workloads.push_back(json::object{{"name", w.name},
                                         {"kind", kind},
                                         {"object", w.object},
                                         {"template", w.template_},
                                         {"replicas", w.replicas}});
    }
    for (const auto& e : record.entrances)
        entrances.push_back(json::object{{"name", e.name}, {"workload", e.workload}, {"port", e.port}});
    auto labels = context.labels;
    labels[label::kRecord] = "app";
    labels[label::kApp] = record.app;
    const auto text = json::serialize(json::object{{"app", record.app},
                                                   {"revision", record.revision},
                                                   {"workloads", std::move(workloads)},
                                                   {"entrances", std::move(entrances)}});
    return {core::kConfigMaps,
            {{"apiVersion", "v1"},
             {"kind", "ConfigMap"},
             {"metadata", json::object{{"name", record_name(record.app)}, {"labels", std::move(labels)}}},
             {"data", json::object{{"record", text}}}}};
}

std::optional<AppRecord> read_record(const json::value& object) {
    const auto parsed = parse_json(text_at(object, {"data", "record"}));
    if (!parsed) return std::nullopt;
    AppRecord record;
    record.app = text_at(*parsed, {"app"});
    record.revision = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_at(*parsed, {"revision"})));
    if (record.app.empty() || text_at(object, {"metadata", "name"}) != record_name(record.app))
        return std::nullopt;
    for (const auto& one : list_at(*parsed, {"workloads"})) {
        WorkloadRecord workload{text_at(one, {"name"}), WorkloadKind::deployment, text_at(one, {"object"}),
                                text_at(one, {"template"}),
                                static_cast<std::uint32_t>(number_at(one, {"replicas"}))};
        for (const auto& [value, text] : kKinds)
            if (text_at(one, {"kind"}) == text) workload.kind = value;
        record.workloads.push_back(std::move(workload));
    }
    for (const auto& one : list_at(*parsed, {"entrances"})) {
        lease::EntrancePoint entrance;
        entrance.name = text_at(one, {"name"});
        entrance.workload = text_at(one, {"workload"});
        entrance.port = static_cast<std::uint16_t>(number_at(one, {"port"}));
        record.entrances.push_back(std::move(entrance));
    }
    return record;
}

std::vector<Resource> app_resources(const Discovery& discovery) {
    std::vector<Resource> out;
    const std::pair<const char*, const char*> kinds[] = {
        {"apps", "deployments"}, {"apps", "statefulsets"}, {"batch", "cronjobs"}, {"batch", "jobs"}};
    for (const auto& [group, plural] : kinds)
        if (const auto found = discovery.find(group, plural)) out.push_back(*found);
    for (const auto& one : {core::kPods, core::kServices, core::kSecrets}) out.push_back(one);
    return out;
}

}  // namespace grid::adapters::kubernetes
