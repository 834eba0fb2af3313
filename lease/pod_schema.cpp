#include "lease/schema_parts.hpp"

namespace grid::lease::schema {
namespace {

// ---- volumes ----

constexpr Shape kMode = number(0, 0777);
constexpr Field kItemFields[] = {
    {"key", &kConfigKey, kRequired}, {"path", &kRelativePath, kRequired}, {"mode", &kMode}};
constexpr Shape kItem = object(kItemFields);
constexpr Shape kItems = list_of(kItem, 0, 256);
constexpr Field kConfigVolumeFields[] = {
    {"name", &kSubdomain, kRequired}, {"items", &kItems}, {"defaultMode", &kMode}, {"optional", &kFlag}};
constexpr Shape kConfigVolume = object(kConfigVolumeFields);
constexpr Field kSecretVolumeFields[] = {{"secretName", &kSubdomain, kRequired},
                                         {"items", &kItems},
                                         {"defaultMode", &kMode},
                                         {"optional", &kFlag}};
constexpr Shape kSecretVolume = object(kSecretVolumeFields);

constexpr Field kProjectionFields[] = {
    {"name", &kSubdomain, kRequired}, {"items", &kItems}, {"optional", &kFlag}};
constexpr Shape kProjection = object(kProjectionFields);
constexpr Shape kNoToken = refused("applications get no tokens of the provider's cluster");
constexpr Shape kNoDownwardFiles = refused("expected environment variables with fieldRef");
constexpr Field kSourceFields[] = {{"configMap", &kProjection},        {"secret", &kProjection},
                                   {"serviceAccountToken", &kNoToken}, {"clusterTrustBundle", &kNoToken},
                                   {"podCertificate", &kNoToken},      {"downwardAPI", &kNoDownwardFiles}};
constexpr Shape kSource = object(kSourceFields);
constexpr Shape kSources = list_of(kSource, 0, 32);
constexpr Field kProjectedFields[] = {{"sources", &kSources, kRequired}, {"defaultMode", &kMode}};
constexpr Shape kProjected = object(kProjectedFields);

constexpr std::string_view kMedia[] = {"", "Memory"};
constexpr Shape kMedium = one_of(kMedia);
constexpr Field kScratchFields[] = {{"medium", &kMedium}, {"sizeLimit", &kQuantity}};
constexpr Shape kScratch = object(kScratchFields);
constexpr Field kClaimReferenceFields[] = {{"claimName", &kSubdomain, kRequired}, {"readOnly", &kFlag}};
constexpr Shape kClaimReference = object(kClaimReferenceFields);

constexpr Shape kNoHostPath = refused("the provider's own disk is not for applications");
constexpr Shape kNoForeignVolume =
    refused("expected configMap, secret, projected, emptyDir or persistentVolumeClaim");
constexpr Field kVolumeFields[] = {
    {"name", &kLabelName, kRequired}, {"configMap", &kConfigVolume},
    {"secret", &kSecretVolume},       {"projected", &kProjected},
    {"emptyDir", &kScratch},          {"persistentVolumeClaim", &kClaimReference},
    {"hostPath", &kNoHostPath},       {"downwardAPI", &kNoDownwardFiles},
    {"ephemeral", &kNoForeignVolume}, {"image", &kNoForeignVolume},
    {"nfs", &kNoForeignVolume},       {"csi", &kNoForeignVolume},
    {"iscsi", &kNoForeignVolume},     {"fc", &kNoForeignVolume},
    {"cephfs", &kNoForeignVolume},    {"rbd", &kNoForeignVolume},
    {"glusterfs", &kNoForeignVolume}, {"flexVolume", &kNoForeignVolume},
    {"gitRepo", &kNoForeignVolume}};
constexpr Shape kVolume = object(kVolumeFields);
constexpr Shape kVolumes = list_of(kVolume, 0, 64);

// ---- security ----

constexpr Shape kUserNumber = number(0, 2147483647);
constexpr std::string_view kRuntimeDefaultText[] = {"RuntimeDefault"};
constexpr Shape kProfileType = one_of(kRuntimeDefaultText);
constexpr Field kProfileFields[] = {{"type", &kProfileType, kRequired}};
constexpr Shape kProfile = object(kProfileFields);
constexpr std::string_view kGroupChanges[] = {"Always", "OnRootMismatch"};
constexpr Shape kGroupChange = one_of(kGroupChanges);
constexpr Shape kNoSysctls = refused_content("the kernel's settings are the provider's");
constexpr Shape kNoGroups = refused_content("expected runAsGroup and fsGroup");
constexpr Shape kNoLabels = refused_content("the provider's machine decides about it");
constexpr Field kPodSecurityFields[] = {
    {"runAsUser", &kUserNumber},    {"runAsGroup", &kUserNumber},           {"runAsNonRoot", &kFlag},
    {"fsGroup", &kUserNumber},      {"fsGroupChangePolicy", &kGroupChange}, {"seccompProfile", &kProfile},
    {"appArmorProfile", &kProfile}, {"supplementalGroups", &kNoGroups},     {"sysctls", &kNoSysctls},
    {"seLinuxOptions", &kNoLabels}, {"windowsOptions", &kNoLabels}};
constexpr Shape kPodSecurity = object(kPodSecurityFields);

// ---- placement: wishes are dropped, demands refused ----

constexpr Shape kNoDemand =
    refused_content("the provider places pods; expected preferredDuringSchedulingIgnoredDuringExecution");
constexpr Field kPodAffinityFields[] = {{"preferredDuringSchedulingIgnoredDuringExecution", &kIgnored},
                                        {"requiredDuringSchedulingIgnoredDuringExecution", &kNoDemand}};
constexpr Shape kPodAffinity = object(kPodAffinityFields);
constexpr Shape kNoPlacement = refused_content("the provider places pods");
constexpr Field kAffinityFields[] = {
    {"podAffinity", &kPodAffinity}, {"podAntiAffinity", &kPodAffinity}, {"nodeAffinity", &kNoPlacement}};
constexpr Shape kAffinity = object(kAffinityFields);
constexpr std::string_view kAnywayText[] = {"ScheduleAnyway"};
constexpr Shape kAnyway = one_of(kAnywayText);
constexpr Field kSpreadFields[] = {{"whenUnsatisfiable", &kAnyway, kRequired},
                                   {"maxSkew", &kIgnored},
                                   {"topologyKey", &kIgnored},
                                   {"labelSelector", &kIgnored},
                                   {"matchLabelKeys", &kIgnored}};
constexpr Shape kSpread = object(kSpreadFields);
constexpr Shape kSpreads = list_of(kSpread, 0, 16);

// ---- pods ----

constexpr std::string_view kClusterFirstText[] = {"ClusterFirst"};
constexpr Shape kDnsPolicy = one_of(kClusterFirstText);
constexpr std::string_view kDefaultText[] = {"default"};
constexpr Shape kDefaultAccount = one_of(kDefaultText);
constexpr std::string_view kSchedulerText[] = {"default-scheduler"};
constexpr Shape kScheduler = one_of(kSchedulerText);
constexpr std::string_view kLinuxText[] = {"linux"};
constexpr Shape kLinux = one_of(kLinuxText);
constexpr Field kOsFields[] = {{"name", &kLinux, kRequired}};
constexpr Shape kOs = object(kOsFields);
constexpr Shape kGrace = number(0, 3600);
constexpr Field kPullSecretFields[] = {{"name", &kSubdomain, kRequired}};
constexpr Shape kPullSecret = object(kPullSecretFields);
constexpr Shape kPullSecrets = list_of(kPullSecret, 0, 16);

constexpr Shape kNoNode = refused("the provider places pods");
constexpr Shape kNoPriority = refused("every order has the same priority");
constexpr Shape kNoRuntimeClass = refused("the provider chooses the runtime");
constexpr Shape kNoHostAliases = refused_content("expected a Service for each name");
constexpr Shape kNoDns = refused_content("names are resolved by the provider's DNS");
constexpr Shape kNoEphemeral = refused_content("it is for debugging a running pod");
constexpr Shape kNoPodClaims = refused_content("devices are bought with the order");
constexpr Shape kNoPodDeadline = refused("expected a Job");

#define GRID_POD_FIELDS                                                                                      \
    {"containers", &kContainers, kRequired}, {"initContainers", &kInitContainers}, {"volumes", &kVolumes},   \
        {"terminationGracePeriodSeconds", &kGrace}, {"securityContext", &kPodSecurity},                      \
        {"imagePullSecrets", &kPullSecrets}, {"affinity", &kAffinity},                                       \
        {"topologySpreadConstraints", &kSpreads}, {"automountServiceAccountToken", &kFalse},                 \
        {"enableServiceLinks", &kFalse}, {"hostNetwork", &kFalse}, {"hostPID", &kFalse},                     \
        {"hostIPC", &kFalse}, {"hostUsers", &kFalse}, {"shareProcessNamespace", &kFalse},                    \
        {"dnsPolicy", &kDnsPolicy}, {"serviceAccountName", &kDefaultAccount},                                \
        {"serviceAccount", &kDefaultAccount}, {"schedulerName", &kScheduler}, {"os", &kOs},                  \
        {"nodeName", &kNoNode}, {"nodeSelector", &kNoPlacement}, {"tolerations", &kNoPlacement},             \
        {"priority", &kNoPriority}, {"priorityClassName", &kNoPriority}, {"preemptionPolicy", &kNoPriority}, \
        {"runtimeClassName", &kNoRuntimeClass}, {"overhead", &kNoRuntimeClass},                              \
        {"hostAliases", &kNoHostAliases}, {"dnsConfig", &kNoDns}, {"ephemeralContainers", &kNoEphemeral},    \
        {"resourceClaims", &kNoPodClaims}, {                                                                 \
        "activeDeadlineSeconds", &kNoPodDeadline                                                             \
    }

constexpr std::string_view kRestartPolicies[] = {"Always", "OnFailure", "Never"};
constexpr Shape kRestartPolicy = one_of(kRestartPolicies);
constexpr std::string_view kAlwaysText[] = {"Always"};
constexpr Shape kRestartAlways = one_of(kAlwaysText);
constexpr std::string_view kEndingPolicies[] = {"OnFailure", "Never"};
constexpr Shape kRestartToEnd = one_of(kEndingPolicies);

constexpr Field kPodFields[] = {GRID_POD_FIELDS, {"restartPolicy", &kRestartPolicy}};
constexpr Field kServingFields[] = {GRID_POD_FIELDS, {"restartPolicy", &kRestartAlways}};
constexpr Field kEndingFields[] = {GRID_POD_FIELDS, {"restartPolicy", &kRestartToEnd, kRequired}};
#undef GRID_POD_FIELDS

}  // namespace

constinit const Shape kPodSpec = object(kPodFields);
constinit const Shape kServingPodSpec = object(kServingFields);
constinit const Shape kEndingPodSpec = object(kEndingFields);

}  // namespace grid::lease::schema
