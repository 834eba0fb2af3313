#include "lease/schema_parts.hpp"

namespace grid::lease::schema {
namespace {

constexpr Shape kNothingInside = refused_content("it is written by a cluster, not by a user");
constexpr std::string_view kAccessModes[] = {"ReadWriteOnce"};
constexpr Shape kAccessMode = one_of(kAccessModes);
constexpr Shape kAccess = list_of(kAccessMode, 1, 1);
constexpr Field kStorageFields[] = {{"storage", &kQuantity, kRequired}};
constexpr Shape kStorage = object(kStorageFields);
constexpr Field kResourcesFields[] = {{"requests", &kStorage, kRequired}, {"limits", &kStorage}};
constexpr Shape kResources = object(kResourcesFields);
constexpr std::string_view kFilesystemText[] = {"Filesystem"};
constexpr Shape kFilesystem = one_of(kFilesystemText);
constexpr Shape kNoVolumeName = refused("the provider chooses the volume");
constexpr Shape kNoSelector = refused_content("the provider chooses the volume");
constexpr Shape kNoDataSource = refused("a volume begins empty");
constexpr Field kClaimSpecFields[] = {{"accessModes", &kAccess, kRequired},
                                      {"resources", &kResources, kRequired},
                                      {"storageClassName", &kText},
                                      {"volumeMode", &kFilesystem},
                                      {"volumeName", &kNoVolumeName},
                                      {"selector", &kNoSelector},
                                      {"dataSource", &kNoDataSource},
                                      {"dataSourceRef", &kNoDataSource},
                                      {"volumeAttributesClassName", &kNoVolumeName}};

constexpr Field kMetadataFields[] = {GRID_METADATA_FIELDS(kSubdomain)};
constexpr Shape kMetadata = object(kMetadataFields);
constexpr Field kClaimFields[] = {
    GRID_DOCUMENT_FIELDS(kMetadata), {"spec", &kClaimSpec, kRequired}, {"status", &kNothingInside}};

constexpr Field kTemplateMetadataFields[] = {GRID_METADATA_FIELDS(kLabelName)};
constexpr Shape kTemplateMetadata = object(kTemplateMetadataFields);
constexpr Field kTemplateFields[] = {{"apiVersion", &kText},
                                     {"kind", &kText},
                                     {"metadata", &kTemplateMetadata, kRequired},
                                     {"spec", &kClaimSpec, kRequired},
                                     {"status", &kNothingInside}};
constexpr Shape kTemplate = object(kTemplateFields);

}  // namespace

constinit const Shape kClaimSpec = object(kClaimSpecFields);
constinit const Shape kClaim = object(kClaimFields);
constinit const Shape kClaimTemplates = list_of(kTemplate, 0, 16);

}  // namespace grid::lease::schema
