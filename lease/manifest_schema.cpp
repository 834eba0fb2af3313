#include "lease/manifest_schema.hpp"

#include "lease/schema_parts.hpp"

namespace grid::lease {
namespace {

using namespace schema;

// ---- ConfigMap, Secret ----

constexpr Field kConfigMetadataFields[] = {GRID_METADATA_FIELDS(kSubdomain)};
constexpr Shape kConfigMetadata = object(kConfigMetadataFields);
constexpr Shape kConfigData{
    .kind = Shape::Kind::string_map, .most = 1024, .valid = config_key, .secret = true};
constexpr std::string_view kSecretTypes[] = {"Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth",
                                             "kubernetes.io/ssh-auth", "kubernetes.io/dockerconfigjson"};
constexpr Shape kSecretType = one_of(kSecretTypes);
constexpr Field kConfigMapFields[] = {GRID_DOCUMENT_FIELDS(kConfigMetadata),
                                      {"data", &kConfigData},
                                      {"binaryData", &kConfigData},
                                      {"immutable", &kFlag}};
constexpr Shape kConfigMap = object(kConfigMapFields);
constexpr Field kSecretFields[] = {GRID_DOCUMENT_FIELDS(kConfigMetadata),
                                   {"type", &kSecretType},
                                   {"data", &kConfigData},
                                   {"stringData", &kConfigData},
                                   {"immutable", &kFlag}};
constexpr Shape kSecret = object(kSecretFields);

constexpr KindRow kKinds[] = {{"Deployment", "apps/v1", &kDeployment, true},
                              {"StatefulSet", "apps/v1", &kStatefulSet, true},
                              {"Job", "batch/v1", &kJob, true},
                              {"CronJob", "batch/v1", &kCronJob, true},
                              {"Pod", "v1", &kPod, true},
                              {"Service", "v1", &kService, false},
                              {"Ingress", "networking.k8s.io/v1", &kIngress, false},
                              {"ConfigMap", "v1", &kConfigMap, false},
                              {"Secret", "v1", &kSecret, false},
                              {"PersistentVolumeClaim", "v1", &kClaim, false}};

}  // namespace

std::span<const KindRow> manifest_kinds() {
    return kKinds;
}

}  // namespace grid::lease
