#include "lease/schema_parts.hpp"

namespace grid::lease::schema {
namespace {

constexpr Field kMetadataFields[] = {GRID_METADATA_FIELDS(kLabelName)};
constexpr Shape kMetadata = object(kMetadataFields);

constexpr Shape kNothingInside = refused_content("it is written by a cluster, not by a user");

// ---- templates ----

constexpr Field kTemplateMetadataFields[] = {
    {"name", &kLabelName},          {"labels", &kLabels},
    {"annotations", &kAnnotations}, {"creationTimestamp", &kNotWritten},
    {"namespace", &kNoNamespace},   {"finalizers", &kNoFinalizers}};
constexpr Shape kTemplateMetadata = object(kTemplateMetadataFields);
constexpr Field kServingTemplateFields[] = {{"metadata", &kTemplateMetadata, kRequired},
                                            {"spec", &kServingPodSpec, kRequired}};
constexpr Shape kServingTemplate = object(kServingTemplateFields);
constexpr Field kEndingTemplateFields[] = {{"metadata", &kTemplateMetadata},
                                           {"spec", &kEndingPodSpec, kRequired}};
constexpr Shape kEndingTemplate = object(kEndingTemplateFields);

constexpr Shape kNoExpressions = refused_content("expected matchLabels");
constexpr Field kSelectorFields[] = {{"matchLabels", &kLabels, kRequired},
                                     {"matchExpressions", &kNoExpressions}};
constexpr Shape kSelector = object(kSelectorFields);
constexpr Shape kReplicas = number(0, 1000);
constexpr Shape kHistory = number(0, 1000);
constexpr Shape kWait = number(0, 86400);
constexpr Shape kDeadline = number(1, 31'536'000);

// ---- Deployment ----

constexpr Field kRollingFields[] = {{"maxSurge", &kNumberOrPercent}, {"maxUnavailable", &kNumberOrPercent}};
constexpr Shape kRolling = object(kRollingFields);
constexpr std::string_view kStrategyTypes[] = {"RollingUpdate", "Recreate"};
constexpr Shape kStrategyType = one_of(kStrategyTypes);
constexpr Field kStrategyFields[] = {{"type", &kStrategyType}, {"rollingUpdate", &kRolling}};
constexpr Shape kStrategy = object(kStrategyFields);
constexpr Field kDeploymentSpecFields[] = {{"replicas", &kReplicas},
                                           {"selector", &kSelector, kRequired},
                                           {"template", &kServingTemplate, kRequired},
                                           {"strategy", &kStrategy},
                                           {"minReadySeconds", &kWait},
                                           {"revisionHistoryLimit", &kHistory},
                                           {"progressDeadlineSeconds", &kDeadline},
                                           {"paused", &kFalse}};
constexpr Shape kDeploymentSpec = object(kDeploymentSpecFields);
constexpr Field kDeploymentFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kDeploymentSpec, kRequired}, {"status", &kNothingInside}};

// ---- StatefulSet ----

constexpr std::string_view kManagements[] = {"OrderedReady", "Parallel"};
constexpr Shape kManagement = one_of(kManagements);
constexpr std::string_view kRollingText[] = {"RollingUpdate"};
constexpr Shape kRollingOnly = one_of(kRollingText);
constexpr Shape kZero = number(0, 0);
constexpr Field kPartitionFields[] = {{"partition", &kZero}};
constexpr Shape kPartition = object(kPartitionFields);
constexpr Field kUpdateFields[] = {{"type", &kRollingOnly}, {"rollingUpdate", &kPartition}};
constexpr Shape kUpdate = object(kUpdateFields);
constexpr std::string_view kRetainText[] = {"Retain"};
constexpr Shape kRetain = one_of(kRetainText);
constexpr Field kRetentionFields[] = {{"whenDeleted", &kRetain}, {"whenScaled", &kRetain}};
constexpr Shape kRetention = object(kRetentionFields);
constexpr Field kStatefulSetSpecFields[] = {{"replicas", &kReplicas},
                                            {"selector", &kSelector, kRequired},
                                            {"template", &kServingTemplate, kRequired},
                                            {"serviceName", &kServiceName},
                                            {"volumeClaimTemplates", &kClaimTemplates},
                                            {"podManagementPolicy", &kManagement},
                                            {"updateStrategy", &kUpdate},
                                            {"minReadySeconds", &kWait},
                                            {"revisionHistoryLimit", &kHistory},
                                            {"persistentVolumeClaimRetentionPolicy", &kRetention}};
constexpr Shape kStatefulSetSpec = object(kStatefulSetSpecFields);
constexpr Field kStatefulSetFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kStatefulSetSpec, kRequired}, {"status", &kNothingInside}};

// ---- Job, CronJob ----

constexpr Shape kCompletions = number(1, 10'000);
constexpr Shape kParallelism = number(0, 1000);
constexpr Shape kBackoff = number(0, 1000);
constexpr Shape kKeep = number(0, 31'536'000);
constexpr std::string_view kNonIndexedText[] = {"NonIndexed"};
constexpr Shape kCompletionMode = one_of(kNonIndexedText);
constexpr Shape kNoJobSelector = refused("a Job's pods are found without one");
constexpr Field kJobSpecFields[] = {{"template", &kEndingTemplate, kRequired},
                                    {"completions", &kCompletions},
                                    {"parallelism", &kParallelism},
                                    {"completionMode", &kCompletionMode},
                                    {"backoffLimit", &kBackoff},
                                    {"activeDeadlineSeconds", &kDeadline},
                                    {"ttlSecondsAfterFinished", &kKeep},
                                    {"suspend", &kFalse},
                                    {"selector", &kNoJobSelector},
                                    {"manualSelector", &kNoJobSelector}};
constexpr Shape kJobSpec = object(kJobSpecFields);
constexpr Field kJobFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kJobSpec, kRequired}, {"status", &kNothingInside}};

constexpr Field kJobTemplateFields[] = {{"metadata", &kTemplateMetadata}, {"spec", &kJobSpec, kRequired}};
constexpr Shape kJobTemplate = object(kJobTemplateFields);
constexpr std::string_view kConcurrencies[] = {"Allow", "Forbid", "Replace"};
constexpr Shape kConcurrency = one_of(kConcurrencies);
constexpr std::string_view kUtcText[] = {"Etc/UTC", "UTC"};
constexpr Shape kTimeZone = one_of(kUtcText);
constexpr Shape kKeptRuns = number(0, 100);
constexpr Field kCronJobSpecFields[] = {{"schedule", &kText, kRequired},
                                        {"timeZone", &kTimeZone},
                                        {"jobTemplate", &kJobTemplate, kRequired},
                                        {"concurrencyPolicy", &kConcurrency},
                                        {"suspend", &kFlag},
                                        {"startingDeadlineSeconds", &kKeep},
                                        {"successfulJobsHistoryLimit", &kKeptRuns},
                                        {"failedJobsHistoryLimit", &kKeptRuns}};
constexpr Shape kCronJobSpec = object(kCronJobSpecFields);
constexpr Shape kCronJobName =
    named(cron_job_name, "a DNS label of at most 52 characters (lower-case letters, digits, hyphens)");
constexpr Field kCronJobMetadataFields[] = {GRID_METADATA_FIELDS(kCronJobName)};
constexpr Shape kCronJobMetadata = object(kCronJobMetadataFields);
constexpr Field kCronJobFields[] = {
    GRID_DOCUMENT_FIELDS(kCronJobMetadata), {"spec", &kCronJobSpec, kRequired}, {"status", &kNothingInside}};

// ---- Pod ----

constexpr Field kPodFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kPodSpec, kRequired}, {"status", &kNothingInside}};

}  // namespace

constinit const Shape kDeployment = object(kDeploymentFields);
constinit const Shape kStatefulSet = object(kStatefulSetFields);
constinit const Shape kJob = object(kJobFields);
constinit const Shape kCronJob = object(kCronJobFields);
constinit const Shape kPod = object(kPodFields);

}  // namespace grid::lease::schema
