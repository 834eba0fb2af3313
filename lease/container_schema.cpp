#include "lease/schema_parts.hpp"

namespace grid::lease::schema {
namespace {

// ---- environment ----

constexpr Shape kVariableName =
    named(variable_name, "a variable's name (letters, digits, '_', '-', '.', no digit first)");

constexpr Field kKeyReferenceFields[] = {
    {"name", &kSubdomain, kRequired}, {"key", &kConfigKey, kRequired}, {"optional", &kFlag}};
constexpr Shape kKeyReference = object(kKeyReferenceFields);
constexpr std::string_view kCoreVersion[] = {"v1"};
constexpr Shape kFieldVersion = one_of(kCoreVersion);
constexpr Field kFieldReferenceFields[] = {{"apiVersion", &kFieldVersion}, {"fieldPath", &kText, kRequired}};
constexpr Shape kFieldReference = object(kFieldReferenceFields);
constexpr std::string_view kCountedResources[] = {
    "limits.cpu",   "limits.memory",   "limits.ephemeral-storage",
    "requests.cpu", "requests.memory", "requests.ephemeral-storage"};
constexpr Shape kCountedResource = one_of(kCountedResources);
constexpr Field kResourceReferenceFields[] = {
    {"containerName", &kLabelName}, {"resource", &kCountedResource, kRequired}, {"divisor", &kQuantity}};
constexpr Shape kResourceReference = object(kResourceReferenceFields);
constexpr Field kValueFromFields[] = {{"configMapKeyRef", &kKeyReference},
                                      {"secretKeyRef", &kKeyReference},
                                      {"fieldRef", &kFieldReference},
                                      {"resourceFieldRef", &kResourceReference}};
constexpr Shape kValueFrom = object(kValueFromFields);
constexpr Shape kVariableValue{.kind = Shape::Kind::string, .most = kMaxText, .secret = true};
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

// ---- ports, resources, mounts ----

constexpr Shape kPortName =
    named(port_name, "a port's name of at most 15 lower-case letters, digits and hyphens");
constexpr Shape kNoHostPort = refused("ports of the provider's machine are not for applications");
constexpr Field kContainerPortFields[] = {{"name", &kPortName},
                                          {"containerPort", &kPortNumber, kRequired},
                                          {"protocol", &kProtocol},
                                          {"hostPort", &kNoHostPort},
                                          {"hostIP", &kNoHostPort}};
constexpr Shape kContainerPort = object(kContainerPortFields);
constexpr Shape kContainerPorts = list_of(kContainerPort, 0, 64);

constexpr Field kResourceListFields[] = {{"cpu", &kQuantity},
                                         {"memory", &kQuantity},
                                         {"ephemeral-storage", &kQuantity},
                                         {"nvidia.com/gpu", &kQuantity}};
constexpr Shape kResourceList = object(kResourceListFields);
constexpr Shape kNoResourceClaims = refused_content("devices are bought with the order");
constexpr Field kResourcesFields[] = {
    {"requests", &kResourceList}, {"limits", &kResourceList}, {"claims", &kNoResourceClaims}};
constexpr Shape kResources = object(kResourcesFields);

constexpr std::string_view kNoneText[] = {"None"};
constexpr Shape kPropagation = one_of(kNoneText);
constexpr Shape kNoSubPathExpression = refused("expected subPath without variables");
constexpr Field kMountFields[] = {{"name", &kLabelName, kRequired},    {"mountPath", &kPath, kRequired},
                                  {"subPath", &kRelativePath},         {"subPathExpr", &kNoSubPathExpression},
                                  {"mountPropagation", &kPropagation}, {"readOnly", &kFlag}};
constexpr Shape kMount = object(kMountFields);
constexpr Shape kMounts = list_of(kMount, 0, 64);
constexpr Shape kNoDevices = refused_content("devices of the provider's machine are not for applications");

// ---- probes, hooks ----

constexpr Shape kArguments = list_of(kText, 0, 256);
constexpr Shape kCommand = list_of(kText, 1, 256);

constexpr std::string_view kHttpText[] = {"HTTP"};
constexpr Shape kHttp = one_of(kHttpText);
constexpr Shape kNoHost = refused("the container itself is asked");
constexpr Shape kHeaderName = named(http_token, "the name of a header");
constexpr Shape kHeaderValue = named(header_value, "a header's value without control characters");
constexpr Field kHeaderFields[] = {{"name", &kHeaderName, kRequired}, {"value", &kHeaderValue, kRequired}};
constexpr Shape kHeader = object(kHeaderFields);
constexpr Shape kHeaders = list_of(kHeader, 0, 16);
constexpr Field kHttpGetFields[] = {{"path", &kText},
                                    {"port", &kPortOrName, kRequired},
                                    {"scheme", &kHttp},
                                    {"httpHeaders", &kHeaders},
                                    {"host", &kNoHost}};
constexpr Shape kHttpGet = object(kHttpGetFields);
constexpr Field kTcpSocketFields[] = {{"port", &kPortOrName, kRequired}, {"host", &kNoHost}};
constexpr Shape kTcpSocket = object(kTcpSocketFields);
constexpr Field kExecFields[] = {{"command", &kCommand, kRequired}};
constexpr Shape kExec = object(kExecFields);
constexpr Shape kNoGrpc = refused("expected httpGet, tcpSocket or exec");
constexpr Shape kDelay = number(0, 86400);
constexpr Shape kInterval = number(1, 86400);
constexpr Shape kCount = number(1, 1000);
constexpr Field kProbeFields[] = {{"httpGet", &kHttpGet},
                                  {"tcpSocket", &kTcpSocket},
                                  {"exec", &kExec},
                                  {"grpc", &kNoGrpc},
                                  {"initialDelaySeconds", &kDelay},
                                  {"periodSeconds", &kInterval},
                                  {"timeoutSeconds", &kInterval},
                                  {"failureThreshold", &kCount},
                                  {"successThreshold", &kCount}};
constexpr Shape kProbe = object(kProbeFields);
constexpr Field kHookFields[] = {{"httpGet", &kHttpGet}, {"exec", &kExec}};
constexpr Shape kHook = object(kHookFields);
constexpr Field kLifecycleFields[] = {{"postStart", &kHook}, {"preStop", &kHook}};
constexpr Shape kLifecycle = object(kLifecycleFields);

// ---- security ----

constexpr Shape kUserNumber = number(0, 2147483647);
constexpr Shape kCapabilityNames = list_of(kText, 0, 64);
constexpr Field kCapabilitiesFields[] = {{"drop", &kCapabilityNames}, {"add", &kCapabilityNames}};
constexpr Shape kCapabilities = object(kCapabilitiesFields);
constexpr std::string_view kRuntimeDefaultText[] = {"RuntimeDefault"};
constexpr Shape kProfileType = one_of(kRuntimeDefaultText);
constexpr Field kProfileFields[] = {{"type", &kProfileType, kRequired}};
constexpr Shape kProfile = object(kProfileFields);
constexpr std::string_view kDefaultText[] = {"Default"};
constexpr Shape kProcMount = one_of(kDefaultText);
constexpr Shape kNoLabels = refused_content("the provider's machine decides about it");
constexpr Field kSecurityFields[] = {{"runAsUser", &kUserNumber},
                                     {"runAsGroup", &kUserNumber},
                                     {"runAsNonRoot", &kFlag},
                                     {"readOnlyRootFilesystem", &kFlag},
                                     {"allowPrivilegeEscalation", &kFalse},
                                     {"privileged", &kFalse},
                                     {"capabilities", &kCapabilities},
                                     {"seccompProfile", &kProfile},
                                     {"appArmorProfile", &kProfile},
                                     {"procMount", &kProcMount},
                                     {"seLinuxOptions", &kNoLabels},
                                     {"windowsOptions", &kNoLabels}};
constexpr Shape kSecurity = object(kSecurityFields);

// ---- containers ----

constexpr std::string_view kPullPolicies[] = {"Always", "IfNotPresent", "Never"};
constexpr Shape kPullPolicy = one_of(kPullPolicies);
constexpr std::string_view kMessagePolicies[] = {"File", "FallbackToLogsOnError"};
constexpr Shape kMessagePolicy = one_of(kMessagePolicies);

#define GRID_CONTAINER_FIELDS                                                                          \
    {"name", &kLabelName, kRequired}, {"image", &kText, kRequired}, {"imagePullPolicy", &kPullPolicy}, \
        {"command", &kArguments}, {"args", &kArguments}, {"workingDir", &kPath}, {"env", &kVariables}, \
        {"envFrom", &kVariableSources}, {"ports", &kContainerPorts}, {"resources", &kResources},       \
        {"volumeMounts", &kMounts}, {"volumeDevices", &kNoDevices}, {"securityContext", &kSecurity},   \
        {"terminationMessagePath", &kPath}, {"terminationMessagePolicy", &kMessagePolicy},             \
        {"stdin", &kFalse}, {"stdinOnce", &kFalse}, {                                                  \
        "tty", &kFalse                                                                                 \
    }

constexpr Field kContainerFields[] = {GRID_CONTAINER_FIELDS,
                                      {"readinessProbe", &kProbe},
                                      {"livenessProbe", &kProbe},
                                      {"startupProbe", &kProbe},
                                      {"lifecycle", &kLifecycle}};
constexpr Shape kContainer = object(kContainerFields);

constexpr Shape kNoSidecars = refused("put a container that runs beside the others among `containers`");
constexpr Shape kNoProbes = refused("an init container is awaited, not probed");
constexpr Field kInitContainerFields[] = {GRID_CONTAINER_FIELDS,          {"restartPolicy", &kNoSidecars},
                                          {"readinessProbe", &kNoProbes}, {"livenessProbe", &kNoProbes},
                                          {"startupProbe", &kNoProbes},   {"lifecycle", &kNoProbes}};
constexpr Shape kInitContainer = object(kInitContainerFields);
#undef GRID_CONTAINER_FIELDS

}  // namespace

constinit const Shape kContainers = list_of(kContainer, 1, 64);
constinit const Shape kInitContainers = list_of(kInitContainer, 0, 64);

}  // namespace grid::lease::schema
