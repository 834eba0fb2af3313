#include "lease/lower_workload.hpp"

#include <algorithm>

#include "lease/cron_schedule.hpp"
#include "lease/lower_pod.hpp"

namespace grid::lease {
namespace {

std::uint32_t count_of(const YamlNode* node, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(number_of(node, otherwise));
}

std::optional<chain::Seconds> seconds_of(const YamlNode* node) {
    if (node == nullptr) return std::nullopt;
    return chain::Seconds{static_cast<std::uint64_t>(number_of(node, 0))};
}

/// The labels of a template, which the selector must match.
Labels selected_labels(const YamlNode& spec, const Place& of_spec) {
    const YamlNode& wanted = *spec.find("selector")->find("matchLabels");
    Labels labels = read_labels(spec.find("template")->find("metadata")->find("labels"));
    if (wanted.keys.empty() || !matches(read_labels(&wanted), labels))
        refuse("bad_manifest", Place(Place(of_spec, "selector"), "matchLabels"),
               "expected labels that the template's pods have (spec.template.metadata.labels)", &wanted);
    return labels;
}

DemandingWorkload lower_template(const YamlNode& pod_template, const Place& of_spec, const Labels& labels,
                                 std::vector<Claim> claim_templates, const ManifestContext& manifest) {
    const Place of_template(of_spec, "template");
    return lower_pod(*pod_template.find("spec"), Place(of_template, "spec"), labels,
                     std::move(claim_templates), manifest);
}

// ---- Deployment ----

/// A number, or a percentage of the replicas.
std::uint32_t share_of(const YamlNode* node, std::uint32_t replicas, bool round_up) {
    std::uint64_t percent = 25;
    if (node != nullptr && !node->text.ends_with('%')) return count_of(node, 0);
    if (node != nullptr) percent = std::stoul(node->text.substr(0, node->text.size() - 1));
    return static_cast<std::uint32_t>((replicas * percent + (round_up ? 99 : 0)) / 100);
}

Rollout lower_rollout(const YamlNode& spec, const Place& of_spec, std::uint32_t replicas) {
    Rollout rollout;
    rollout.min_ready_s = count_of(spec.find("minReadySeconds"), 0);
    rollout.progress_s = count_of(spec.find("progressDeadlineSeconds"), rollout.progress_s);
    const YamlNode* const strategy = spec.find("strategy");
    const Place here(of_spec, "strategy");
    const YamlNode* const rolling = strategy == nullptr ? nullptr : strategy->find("rollingUpdate");
    rollout.recreate = strategy != nullptr && text_of(strategy->find("type")) == "Recreate";
    if (rollout.recreate) {
        if (rolling != nullptr)
            refuse("bad_manifest", Place(here, "rollingUpdate"), "contradicts the type Recreate", rolling);
        rollout.max_surge = 0;
        rollout.max_unavailable = replicas;
        return rollout;
    }
    const YamlNode* const surge = rolling == nullptr ? nullptr : rolling->find("maxSurge");
    const YamlNode* const unavailable = rolling == nullptr ? nullptr : rolling->find("maxUnavailable");
    rollout.max_surge = share_of(surge, replicas, true);
    rollout.max_unavailable = std::min(share_of(unavailable, replicas, false), replicas);
    rollout.surge_bought = surge != nullptr && rollout.max_surge > 0;
    if (replicas > 0 && rollout.max_surge == 0 && rollout.max_unavailable == 0) {
        // Percentages that come out as nothing: Kubernetes then lets one pod be missing.
        const bool zero =
            (surge == nullptr || !surge->text.ends_with('%') || surge->text == "0%") &&
            (unavailable == nullptr || !unavailable->text.ends_with('%') || unavailable->text == "0%") &&
            unavailable != nullptr;
        if (zero)
            refuse("bad_manifest", Place(here, "rollingUpdate"),
                   "expected maxSurge or maxUnavailable above 0", rolling);
        rollout.max_unavailable = 1;
    }
    return rollout;
}

DemandingWorkload lower_deployment(const YamlNode& spec, const Place& of_spec,
                                   const ManifestContext& manifest) {
    const Labels labels = selected_labels(spec, of_spec);
    DemandingWorkload lowered = lower_template(*spec.find("template"), of_spec, labels, {}, manifest);
    lowered.workload.kind = WorkloadKind::deployment;
    lowered.workload.replicas = count_of(spec.find("replicas"), 1);
    lowered.workload.rollout = lower_rollout(spec, of_spec, lowered.workload.replicas);
    return lowered;
}

// ---- StatefulSet ----

std::vector<Claim> lower_claim_templates(const YamlNode& spec, const Place& of_spec,
                                         const ManifestContext& manifest) {
    std::vector<Claim> claims;
    const Place all(of_spec, "volumeClaimTemplates");
    for (const YamlNode& node : elements_of(spec.find("volumeClaimTemplates"))) {
        const Place here(all, claims.size());
        const std::string name = text_of(node.find("metadata")->find("name"));
        for (const Claim& other : claims)
            if (other.name == name)
                refuse("bad_manifest", here, "the claim \"" + name + "\" stands here twice", &node);
        claims.push_back(
            lower_claim(name, *node.find("spec"), Place(here, "spec"), manifest.limits.storage_classes));
    }
    return claims;
}

DemandingWorkload lower_stateful_set(const YamlNode& spec, const Place& of_spec,
                                     const ManifestContext& manifest) {
    const Labels labels = selected_labels(spec, of_spec);
    DemandingWorkload lowered = lower_template(*spec.find("template"), of_spec, labels,
                                               lower_claim_templates(spec, of_spec, manifest), manifest);
    Workload& workload = lowered.workload;
    workload.kind = WorkloadKind::stateful_set;
    workload.replicas = count_of(spec.find("replicas"), 1);
    workload.governing_service = text_of(spec.find("serviceName"));
    workload.rollout.max_surge = 0;
    workload.rollout.max_unavailable = 1;
    workload.rollout.min_ready_s = count_of(spec.find("minReadySeconds"), 0);
    workload.rollout.parallel = text_of(spec.find("podManagementPolicy")) == "Parallel";
    return lowered;
}

// ---- Job, CronJob ----

DemandingWorkload lower_job(const YamlNode& spec, const Place& of_spec, const ManifestContext& manifest) {
    const YamlNode& pod_template = *spec.find("template");
    const YamlNode* const metadata = pod_template.find("metadata");
    const Labels labels = read_labels(metadata == nullptr ? nullptr : metadata->find("labels"));
    DemandingWorkload lowered = lower_template(pod_template, of_spec, labels, {}, manifest);
    Workload& workload = lowered.workload;
    workload.kind = WorkloadKind::job;
    const YamlNode* const completions = spec.find("completions");
    const YamlNode* const parallelism = spec.find("parallelism");
    Completion& completion = workload.completion;
    completion.completions = count_of(completions, parallelism == nullptr ? 1 : 0);
    workload.replicas = count_of(parallelism, 1);
    if (completion.completions > 0) workload.replicas = std::min(workload.replicas, completion.completions);
    completion.backoff_limit = count_of(spec.find("backoffLimit"), completion.backoff_limit);
    completion.deadline = seconds_of(spec.find("activeDeadlineSeconds"));
    completion.keep_ended = seconds_of(spec.find("ttlSecondsAfterFinished"));
    return lowered;
}

DemandingWorkload lower_cron_job(const YamlNode& spec, const Place& of_spec,
                                 const ManifestContext& manifest) {
    const Place of_job(of_spec, "jobTemplate");
    DemandingWorkload lowered =
        lower_job(*spec.find("jobTemplate")->find("spec"), Place(of_job, "spec"), manifest);
    lowered.workload.kind = WorkloadKind::cron_job;
    Schedule& schedule = lowered.workload.schedule;
    const YamlNode& cron = *spec.find("schedule");
    if (const auto parsed = CronSchedule::parse(cron.text); !parsed)
        refuse("bad_manifest", Place(of_spec, "schedule"), parsed.error().message, &cron);
    schedule.cron = cron.text;
    const std::string concurrency = text_of(spec.find("concurrencyPolicy"), "Allow");
    schedule.concurrency = concurrency == "Forbid"    ? Schedule::Concurrency::forbid
                           : concurrency == "Replace" ? Schedule::Concurrency::replace
                                                      : Schedule::Concurrency::allow;
    schedule.runs_at_once = schedule.concurrency == Schedule::Concurrency::allow ? 2 : 1;
    schedule.suspended = flag_of(spec.find("suspend"), false);
    schedule.starting_deadline = seconds_of(spec.find("startingDeadlineSeconds"));
    schedule.keep_succeeded = count_of(spec.find("successfulJobsHistoryLimit"), schedule.keep_succeeded);
    schedule.keep_failed = count_of(spec.find("failedJobsHistoryLimit"), schedule.keep_failed);
    return lowered;
}

// ---- Pod ----

DemandingWorkload lower_single_pod(const Document& document, const Place& of_spec,
                                   const ManifestContext& manifest) {
    const Labels labels = read_labels(document.node->find("metadata")->find("labels"));
    DemandingWorkload lowered = lower_pod(*document.spec(), of_spec, labels, {}, manifest);
    lowered.workload.kind = WorkloadKind::pod;
    return lowered;
}

}  // namespace

DemandingWorkload lower_workload(const Document& document, const ManifestContext& manifest) {
    const Place object(document.label), of_spec(object, "spec");
    const YamlNode& spec = *document.spec();
    DemandingWorkload lowered = document.kind == "Deployment"    ? lower_deployment(spec, of_spec, manifest)
                                : document.kind == "StatefulSet" ? lower_stateful_set(spec, of_spec, manifest)
                                : document.kind == "Job"         ? lower_job(spec, of_spec, manifest)
                                : document.kind == "CronJob"     ? lower_cron_job(spec, of_spec, manifest)
                                                             : lower_single_pod(document, of_spec, manifest);
    lowered.workload.name = document.name;
    return lowered;
}

}  // namespace grid::lease
