#include "lease/manifest_schema.hpp"

#include "lease/names.hpp"

namespace grid::lease {
namespace {

using Kind = Shape::Kind;
constexpr bool kRequired = true;

// ---- scalars ----

constexpr std::int64_t kMaxText = 64 * 1024;

constexpr Shape any_text(std::int64_t most = kMaxText) {
    return {.kind = Kind::string, .most = most};
}
constexpr Shape named(bool (*valid)(std::string_view), std::string_view expected) {
    return {.kind = Kind::string, .valid = valid, .expected = expected};
}
constexpr Shape number(std::int64_t least, std::int64_t most) {
    return {.kind = Kind::integer, .least = least, .most = most};
}
constexpr Shape one_of(std::span<const std::string_view> allowed) {
    return {.kind = Kind::string, .allowed = allowed};
}
constexpr Shape flag(std::span<const std::string_view> allowed = {}) {
    return {.kind = Kind::boolean, .allowed = allowed};
}
constexpr Shape list_of(const Shape& element, std::int64_t least, std::int64_t most) {
    return {.kind = Kind::list, .element = &element, .least = least, .most = most};
}
constexpr Shape object(std::span<const Field> fields) {
    return {.kind = Kind::object, .fields = fields};
}

constexpr Shape kText = any_text();
constexpr Shape kLabelName = named(dns_label, "a DNS label (lower-case letters, digits, hyphens)");
constexpr Shape kSubdomain = named(dns_subdomain, "a DNS name (lower-case letters, digits, hyphens, dots)");
constexpr Shape kServiceName = named(dns_1035_label, "a DNS label that begins with a letter");
constexpr Shape kPath = named(absolute_path, "an absolute path without \"..\" and colons");
constexpr Shape kConfigKey = named(config_key, "a key of letters, digits, '-', '_' and '.'");
constexpr Shape kFlag = flag();
constexpr Shape kQuantity{.kind = Kind::quantity};
constexpr Shape kPortNumber = number(1, 65535);
constexpr Shape kPortOrName{
    .kind = Kind::port_or_name, .valid = port_name, .expected = "a port's number or name"};
constexpr Shape kNullOnly{.kind = Kind::null_only};
constexpr Shape kMode = number(0, 0777);

constexpr std::string_view kFalseText[] = {"false"};
constexpr Shape kFalse = flag(kFalseText);
constexpr std::string_view kTcpText[] = {"TCP"};
constexpr Shape kTcp = one_of(kTcpText);

/// Labels: at most 64, in the form of Kubernetes.
constexpr Shape kLabels{.kind = Kind::string_map,
                        .most = 64,
                        .valid = label_key,
                        .valid_value = label_value,
                        .expected = "a label value of at most 63 letters, digits, '-', '_' and '.'"};
/// Read and dropped: nothing here acts on annotations.
constexpr Shape kAnnotations{.kind = Kind::string_map, .most = 64};

constexpr Shape kNothing = object({});

// ---- metadata ----

constexpr Field kWorkloadMetadataFields[] = {{"name", &kLabelName, kRequired},
                                             {"labels", &kLabels},
                                             {"annotations", &kAnnotations},
                                             {"creationTimestamp", &kNullOnly}};
constexpr Shape kWorkloadMetadata = object(kWorkloadMetadataFields);

constexpr Field kServiceMetadataFields[] = {{"name", &kServiceName, kRequired},
                                            {"labels", &kLabels},
                                            {"annotations", &kAnnotations},
                                            {"creationTimestamp", &kNullOnly}};
constexpr Shape kServiceMetadata = object(kServiceMetadataFields);

constexpr Field kConfigMetadataFields[] = {{"name", &kSubdomain, kRequired},
                                           {"labels", &kLabels},
                                           {"annotations", &kAnnotations},
                                           {"creationTimestamp", &kNullOnly}};
constexpr Shape kConfigMetadata = object(kConfigMetadataFields);

constexpr Field kTemplateMetadataFields[] = {{"name", &kLabelName},
                                             {"labels", &kLabels},
                                             {"annotations", &kAnnotations},
                                             {"creationTimestamp", &kNullOnly}};
constexpr Shape kTemplateMetadata = object(kTemplateMetadataFields);

// ---- environment ----

constexpr Shape kVariableName =
    named(variable_name, "a variable's name (letters, digits, '_', '-', '.', no digit first)");

constexpr Field kKeyReferenceFields[] = {
    {"name", &kSubdomain, kRequired}, {"key", &kConfigKey, kRequired}, {"optional", &kFlag}};
constexpr Shape kKeyReference = object(kKeyReferenceFields);
constexpr Field kValueFromFields[] = {{"configMapKeyRef", &kKeyReference}, {"secretKeyRef", &kKeyReference}};
constexpr Shape kValueFrom = object(kValueFromFields);
constexpr Shape kVariableValue{.kind = Kind::string, .most = kMaxText, .secret = true};
constexpr Field kVariableFields[] = {
    {"name", &kVariableName, kRequired}, {"value", &kVariableValue}, {"valueFrom", &kValueFrom}};
constexpr Shape kVariable = object(kVariableFields);
constexpr Shape kVariables = list_of(kVariable, 0, 256);

constexpr Field kSourceReferenceFields[] = {{"name", &kSubdomain, kRequired}, {"optional", &kFlag}};
constexpr Shape kSourceReference = object(kSourceReferenceFields);
constexpr Field kVariableSourceFields[] = {
    {"prefix", &kVariableName}, {"configMapRef", &kSourceReference}, {"secretRef", &kSourceReference}};
constexpr Shape kVariableSource = object(kVariableSourceFields);
constexpr Shape kVariableSources = list_of(kVariableSource, 0, 32);

// ---- containers ----

constexpr Shape kArguments = list_of(kText, 0, 256);
constexpr Shape kCommand = list_of(kText, 1, 256);

constexpr Shape kPortName =
    named(port_name, "a port's name of at most 15 lower-case letters, digits and hyphens");
constexpr Field kContainerPortFields[] = {
    {"name", &kPortName}, {"containerPort", &kPortNumber, kRequired}, {"protocol", &kTcp}};
constexpr Shape kContainerPort = object(kContainerPortFields);
constexpr Shape kContainerPorts = list_of(kContainerPort, 0, 64);

constexpr Field kResourceListFields[] = {
    {"cpu", &kQuantity}, {"memory", &kQuantity}, {"ephemeral-storage", &kQuantity}};
constexpr Shape kResourceList = object(kResourceListFields);
constexpr Field kResourcesFields[] = {{"requests", &kResourceList}, {"limits", &kResourceList}};
constexpr Shape kResources = object(kResourcesFields);

constexpr Field kMountFields[] = {
    {"name", &kLabelName, kRequired}, {"mountPath", &kPath, kRequired}, {"readOnly", &kFlag}};
constexpr Shape kMount = object(kMountFields);
constexpr Shape kMounts = list_of(kMount, 0, 64);

constexpr std::string_view kHttpText[] = {"HTTP"};
constexpr Shape kHttp = one_of(kHttpText);
constexpr Field kHttpGetFields[] = {{"path", &kText}, {"port", &kPortOrName, kRequired}, {"scheme", &kHttp}};
constexpr Shape kHttpGet = object(kHttpGetFields);
constexpr Field kTcpSocketFields[] = {{"port", &kPortOrName, kRequired}};
constexpr Shape kTcpSocket = object(kTcpSocketFields);
constexpr Field kExecFields[] = {{"command", &kCommand, kRequired}};
constexpr Shape kExec = object(kExecFields);
constexpr Shape kDelay = number(0, 86400);
constexpr Shape kInterval = number(1, 86400);
constexpr Shape kCount = number(1, 1000);
constexpr Field kProbeFields[] = {
    {"httpGet", &kHttpGet},           {"tcpSocket", &kTcpSocket},    {"exec", &kExec},
    {"initialDelaySeconds", &kDelay}, {"periodSeconds", &kInterval}, {"timeoutSeconds", &kInterval},
    {"failureThreshold", &kCount},    {"successThreshold", &kCount}};
constexpr Shape kProbe = object(kProbeFields);

constexpr Shape kUserNumber = number(0, 2147483647);
constexpr Shape kCapabilityNames = list_of(kText, 0, 64);
constexpr Field kCapabilitiesFields[] = {{"drop", &kCapabilityNames}};
constexpr Shape kCapabilities = object(kCapabilitiesFields);
constexpr std::string_view kRuntimeDefaultText[] = {"RuntimeDefault"};
constexpr Shape kSeccompType = one_of(kRuntimeDefaultText);
constexpr Field kSeccompFields[] = {{"type", &kSeccompType, kRequired}};
constexpr Shape kSeccomp = object(kSeccompFields);
constexpr Field kContainerSecurityFields[] = {
    {"runAsUser", &kUserNumber},        {"runAsGroup", &kUserNumber},          {"runAsNonRoot", &kFlag},
    {"readOnlyRootFilesystem", &kFlag}, {"allowPrivilegeEscalation", &kFalse}, {"privileged", &kFalse},
    {"capabilities", &kCapabilities},   {"seccompProfile", &kSeccomp}};
constexpr Shape kContainerSecurity = object(kContainerSecurityFields);

constexpr std::string_view kPullPolicies[] = {"Always", "IfNotPresent", "Never"};
constexpr Shape kPullPolicy = one_of(kPullPolicies);

constexpr Field kContainerFields[] = {{"name", &kLabelName, kRequired},
                                      {"image", &kText, kRequired},
                                      {"imagePullPolicy", &kPullPolicy},
                                      {"command", &kArguments},
                                      {"args", &kArguments},
                                      {"workingDir", &kPath},
                                      {"env", &kVariables},
                                      {"envFrom", &kVariableSources},
                                      {"ports", &kContainerPorts},
                                      {"resources", &kResources},
                                      {"volumeMounts", &kMounts},
                                      {"readinessProbe", &kProbe},
                                      {"livenessProbe", &kProbe},
                                      {"securityContext", &kContainerSecurity}};
constexpr Shape kContainer = object(kContainerFields);
constexpr Shape kContainers = list_of(kContainer, 1, 64);

constexpr Field kInitContainerFields[] = {{"name", &kLabelName, kRequired},
                                          {"image", &kText, kRequired},
                                          {"imagePullPolicy", &kPullPolicy},
                                          {"command", &kArguments},
                                          {"args", &kArguments},
                                          {"workingDir", &kPath},
                                          {"env", &kVariables},
                                          {"envFrom", &kVariableSources},
                                          {"resources", &kResources},
                                          {"volumeMounts", &kMounts},
                                          {"securityContext", &kContainerSecurity}};
constexpr Shape kInitContainer = object(kInitContainerFields);
constexpr Shape kInitContainers = list_of(kInitContainer, 0, 64);

// ---- volumes ----

constexpr Field kItemFields[] = {{"key", &kConfigKey, kRequired}, {"path", &kConfigKey, kRequired}};
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
constexpr Field kVolumeFields[] = {{"name", &kLabelName, kRequired},
                                   {"configMap", &kConfigVolume},
                                   {"secret", &kSecretVolume},
                                   {"emptyDir", &kNothing}};
constexpr Shape kVolume = object(kVolumeFields);
constexpr Shape kVolumes = list_of(kVolume, 0, 64);

// ---- pods ----

constexpr Field kPodSecurityFields[] = {{"runAsUser", &kUserNumber},
                                        {"runAsGroup", &kUserNumber},
                                        {"runAsNonRoot", &kFlag},
                                        {"seccompProfile", &kSeccomp}};
constexpr Shape kPodSecurity = object(kPodSecurityFields);
constexpr std::string_view kRestartPolicies[] = {"Always", "OnFailure", "Never"};
constexpr Shape kRestartPolicy = one_of(kRestartPolicies);
constexpr std::string_view kAlwaysText[] = {"Always"};
constexpr Shape kRestartAlways = one_of(kAlwaysText);
constexpr Shape kGrace = number(0, 3600);
constexpr std::string_view kClusterFirstText[] = {"ClusterFirst"};
constexpr Shape kDnsPolicy = one_of(kClusterFirstText);
constexpr std::string_view kDefaultText[] = {"default"};
constexpr Shape kDefaultOnly = one_of(kDefaultText);

#define GRID_POD_FIELDS(restart_policy)                                                                    \
    {"containers", &kContainers, kRequired}, {"initContainers", &kInitContainers}, {"volumes", &kVolumes}, \
        {"restartPolicy", &restart_policy}, {"terminationGracePeriodSeconds", &kGrace},                    \
        {"securityContext", &kPodSecurity}, {"automountServiceAccountToken", &kFalse},                     \
        {"enableServiceLinks", &kFalse}, {"hostNetwork", &kFalse}, {"hostPID", &kFalse},                   \
        {"hostIPC", &kFalse}, {"shareProcessNamespace", &kFalse}, {"dnsPolicy", &kDnsPolicy}, {            \
        "serviceAccountName", &kDefaultOnly                                                                \
    }

constexpr Field kPodSpecFields[] = {GRID_POD_FIELDS(kRestartPolicy)};
constexpr Shape kPodSpec = object(kPodSpecFields);
constexpr Field kTemplateSpecFields[] = {GRID_POD_FIELDS(kRestartAlways)};
constexpr Shape kTemplateSpec = object(kTemplateSpecFields);
#undef GRID_POD_FIELDS

constexpr Field kTemplateFields[] = {{"metadata", &kTemplateMetadata, kRequired},
                                     {"spec", &kTemplateSpec, kRequired}};
constexpr Shape kTemplate = object(kTemplateFields);
constexpr Field kSelectorFields[] = {{"matchLabels", &kLabels, kRequired}};
constexpr Shape kSelector = object(kSelectorFields);
constexpr std::string_view kRollingText[] = {"RollingUpdate"};
constexpr Shape kRolling = one_of(kRollingText);
constexpr Field kStrategyFields[] = {{"type", &kRolling}};
constexpr Shape kStrategy = object(kStrategyFields);
constexpr Shape kReplicas = number(0, 1000);
constexpr Field kDeploymentSpecFields[] = {{"replicas", &kReplicas},
                                           {"selector", &kSelector, kRequired},
                                           {"template", &kTemplate, kRequired},
                                           {"strategy", &kStrategy}};
constexpr Shape kDeploymentSpec = object(kDeploymentSpecFields);

// ---- services ----

constexpr std::string_view kClusterIpText[] = {"ClusterIP"};
constexpr Shape kServiceType = one_of(kClusterIpText);
constexpr std::string_view kHeadlessText[] = {"", "None"};
constexpr Shape kClusterIp = one_of(kHeadlessText);
constexpr std::string_view kNoneText[] = {"None"};
constexpr Shape kAffinity = one_of(kNoneText);
constexpr Field kServicePortFields[] = {{"name", &kLabelName},
                                        {"port", &kPortNumber, kRequired},
                                        {"targetPort", &kPortOrName},
                                        {"protocol", &kTcp}};
constexpr Shape kServicePort = object(kServicePortFields);
constexpr Shape kServicePorts = list_of(kServicePort, 1, 64);
constexpr Field kServiceSpecFields[] = {{"type", &kServiceType},
                                        {"clusterIP", &kClusterIp},
                                        {"sessionAffinity", &kAffinity},
                                        {"selector", &kLabels, kRequired},
                                        {"ports", &kServicePorts, kRequired}};
constexpr Shape kServiceSpec = object(kServiceSpecFields);

// ---- configuration ----

constexpr Shape kConfigData{.kind = Kind::string_map, .most = 1024, .valid = config_key, .secret = true};
constexpr std::string_view kSecretTypes[] = {"Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth"};
constexpr Shape kSecretType = one_of(kSecretTypes);

// ---- documents ----

constexpr Field kDeploymentFields[] = {{"apiVersion", &kText, kRequired},
                                       {"kind", &kText, kRequired},
                                       {"metadata", &kWorkloadMetadata, kRequired},
                                       {"spec", &kDeploymentSpec, kRequired},
                                       {"status", &kNothing}};
constexpr Shape kDeployment = object(kDeploymentFields);
constexpr Field kPodFields[] = {{"apiVersion", &kText, kRequired},
                                {"kind", &kText, kRequired},
                                {"metadata", &kWorkloadMetadata, kRequired},
                                {"spec", &kPodSpec, kRequired},
                                {"status", &kNothing}};
constexpr Shape kPod = object(kPodFields);
constexpr Field kServiceFields[] = {{"apiVersion", &kText, kRequired},
                                    {"kind", &kText, kRequired},
                                    {"metadata", &kServiceMetadata, kRequired},
                                    {"spec", &kServiceSpec, kRequired}};
constexpr Shape kService = object(kServiceFields);
constexpr Field kConfigMapFields[] = {{"apiVersion", &kText, kRequired},
                                      {"kind", &kText, kRequired},
                                      {"metadata", &kConfigMetadata, kRequired},
                                      {"data", &kConfigData},
                                      {"binaryData", &kConfigData},
                                      {"immutable", &kFlag}};
constexpr Shape kConfigMap = object(kConfigMapFields);
constexpr Field kSecretFields[] = {{"apiVersion", &kText, kRequired},
                                   {"kind", &kText, kRequired},
                                   {"metadata", &kConfigMetadata, kRequired},
                                   {"type", &kSecretType},
                                   {"data", &kConfigData},
                                   {"stringData", &kConfigData},
                                   {"immutable", &kFlag}};
constexpr Shape kSecret = object(kSecretFields);

constexpr KindRow kKinds[] = {{"Deployment", "apps/v1", &kDeployment},
                              {"Pod", "v1", &kPod},
                              {"Service", "v1", &kService},
                              {"ConfigMap", "v1", &kConfigMap},
                              {"Secret", "v1", &kSecret}};

}  // namespace

std::span<const KindRow> manifest_kinds() {
    return kKinds;
}

}  // namespace grid::lease
