#include "lease/schema_parts.hpp"

namespace grid::lease::schema {
namespace {

constexpr Field kMetadataFields[] = {GRID_METADATA_FIELDS(kServiceName)};
constexpr Shape kMetadata = object(kMetadataFields);
constexpr Shape kNothingInside = refused_content("it is written by a cluster, not by a user");

// ---- Service ----

constexpr std::string_view kClusterIpText[] = {"ClusterIP"};
constexpr Shape kServiceType = one_of(kClusterIpText);
constexpr std::string_view kHeadlessText[] = {"", "None"};
constexpr Shape kClusterIp = one_of(kHeadlessText);
constexpr std::string_view kNoneText[] = {"None"};
constexpr Shape kSessionAffinity = one_of(kNoneText);
constexpr std::string_view kClusterText[] = {"Cluster"};
constexpr Shape kTrafficPolicy = one_of(kClusterText);
constexpr std::string_view kFamilyPolicies[] = {"SingleStack", "PreferDualStack"};
constexpr Shape kFamilyPolicy = one_of(kFamilyPolicies);
constexpr Shape kNoNodePort = refused("visitors enter through the gateway");
constexpr Shape kNoOutside = refused_content("visitors enter through the gateway");
constexpr Shape kNoExternalName = refused("a service stands for pods of the manifest");
constexpr Field kServicePortFields[] = {{"name", &kLabelName},        {"port", &kPortNumber, kRequired},
                                        {"targetPort", &kPortOrName}, {"protocol", &kProtocol},
                                        {"appProtocol", &kText},      {"nodePort", &kNoNodePort}};
constexpr Shape kServicePort = object(kServicePortFields);
constexpr Shape kServicePorts = list_of(kServicePort, 1, 64);
constexpr Field kServiceSpecFields[] = {{"type", &kServiceType},
                                        {"clusterIP", &kClusterIp},
                                        {"sessionAffinity", &kSessionAffinity},
                                        {"selector", &kLabels, kRequired},
                                        {"ports", &kServicePorts, kRequired},
                                        {"publishNotReadyAddresses", &kFlag},
                                        {"internalTrafficPolicy", &kTrafficPolicy},
                                        {"ipFamilyPolicy", &kFamilyPolicy},
                                        {"externalIPs", &kNoOutside},
                                        {"externalName", &kNoExternalName},
                                        {"externalTrafficPolicy", &kNoNodePort},
                                        {"healthCheckNodePort", &kNoNodePort},
                                        {"loadBalancerIP", &kNoNodePort},
                                        {"loadBalancerClass", &kNoNodePort},
                                        {"loadBalancerSourceRanges", &kNoOutside}};
constexpr Shape kServiceSpec = object(kServiceSpecFields);
constexpr Field kServiceFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kServiceSpec, kRequired}, {"status", &kNothingInside}};

// ---- Ingress ----

constexpr Field kBackendPortFields[] = {{"number", &kPortNumber}, {"name", &kLabelName}};
constexpr Shape kBackendPort = object(kBackendPortFields);
constexpr Field kBackendServiceFields[] = {{"name", &kServiceName, kRequired},
                                           {"port", &kBackendPort, kRequired}};
constexpr Shape kBackendService = object(kBackendServiceFields);
constexpr Shape kNoResourceBackend = refused("expected a service");
constexpr Field kBackendFields[] = {{"service", &kBackendService, kRequired},
                                    {"resource", &kNoResourceBackend}};
constexpr Shape kBackend = object(kBackendFields);
constexpr std::string_view kPathTypes[] = {"Prefix", "ImplementationSpecific"};
constexpr Shape kPathType = one_of(kPathTypes);
constexpr std::string_view kRootTexts[] = {"/", ""};
constexpr Shape kRootPath = one_of(kRootTexts);
constexpr Field kIngressPathFields[] = {
    {"path", &kRootPath}, {"pathType", &kPathType}, {"backend", &kBackend, kRequired}};
constexpr Shape kIngressPath = object(kIngressPathFields);
constexpr Shape kIngressPaths = list_of(kIngressPath, 1, 16);
constexpr Field kIngressHttpFields[] = {{"paths", &kIngressPaths, kRequired}};
constexpr Shape kIngressHttp = object(kIngressHttpFields);
constexpr Shape kIngressHost = named(ingress_host, "a DNS name, no wildcard");
constexpr Field kRuleFields[] = {{"host", &kIngressHost}, {"http", &kIngressHttp, kRequired}};
constexpr Shape kRule = object(kRuleFields);
constexpr Shape kRules = list_of(kRule, 0, 16);
constexpr Field kIngressSpecFields[] = {
    {"ingressClassName", &kIgnored}, {"defaultBackend", &kBackend}, {"tls", &kIgnored}, {"rules", &kRules}};
constexpr Shape kIngressSpec = object(kIngressSpecFields);
constexpr Field kIngressMetadataFields[] = {GRID_METADATA_FIELDS(kSubdomain)};
constexpr Shape kIngressMetadata = object(kIngressMetadataFields);
constexpr Field kIngressFields[] = {
    GRID_DOCUMENT_FIELDS(kIngressMetadata), {"spec", &kIngressSpec, kRequired}, {"status", &kNothingInside}};

}  // namespace

constinit const Shape kService = object(kServiceFields);
constinit const Shape kIngress = object(kIngressFields);

}  // namespace grid::lease::schema
