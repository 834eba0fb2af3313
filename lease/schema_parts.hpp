#pragma once

#include "lease/names.hpp"
#include "lease/schema.hpp"

/// What the tables of the allow-list are written with.
namespace grid::lease::schema {

inline constexpr bool kRequired = true;
inline constexpr std::int64_t kMaxText = 64 * 1024;

// Shapes by their kinds; `least` and `most` count elements of lists and bound numbers, `most` of a text its
// bytes.
constexpr Shape any_text(std::int64_t most = kMaxText) {
    return {.kind = Shape::Kind::string, .most = most};
}
constexpr Shape named(bool (*valid)(std::string_view), std::string_view expected) {
    return {.kind = Shape::Kind::string, .valid = valid, .expected = expected};
}
constexpr Shape number(std::int64_t least, std::int64_t most) {
    return {.kind = Shape::Kind::integer, .least = least, .most = most};
}
constexpr Shape one_of(std::span<const std::string_view> allowed) {
    return {.kind = Shape::Kind::string, .allowed = allowed};
}
constexpr Shape flag(std::span<const std::string_view> allowed = {}) {
    return {.kind = Shape::Kind::boolean, .allowed = allowed};
}
constexpr Shape list_of(const Shape& element, std::int64_t least, std::int64_t most) {
    return {.kind = Shape::Kind::list, .element = &element, .least = least, .most = most};
}
constexpr Shape object(std::span<const Field> fields) {
    return {.kind = Shape::Kind::object, .fields = fields};
}
constexpr Shape refused(std::string_view reason) {
    return {.kind = Shape::Kind::refused, .expected = reason};
}
/// Refused unless it is an empty list or object, as tools write them.
constexpr Shape refused_content(std::string_view reason) {
    return {.kind = Shape::Kind::refused_content, .expected = reason};
}

inline constexpr Shape kText = any_text();
inline constexpr Shape kIgnored{.kind = Shape::Kind::ignored};
inline constexpr Shape kFlag = flag();
inline constexpr std::string_view kFalseText[] = {"false"};
inline constexpr Shape kFalse = flag(kFalseText);
inline constexpr Shape kNothing = object({});
inline constexpr Shape kQuantity{.kind = Shape::Kind::quantity};
inline constexpr Shape kNumberOrPercent{.kind = Shape::Kind::number_or_percent};

inline constexpr Shape kLabelName = named(dns_label, "a DNS label (lower-case letters, digits, hyphens)");
inline constexpr Shape kSubdomain =
    named(dns_subdomain, "a DNS name (lower-case letters, digits, hyphens, dots)");
inline constexpr Shape kServiceName = named(dns_1035_label, "a DNS label that begins with a letter");
inline constexpr Shape kPath = named(absolute_path, "an absolute path without \"..\" and colons");
inline constexpr Shape kRelativePath =
    named(relative_path, "a relative path without \"..\", \".\" and colons");
inline constexpr Shape kConfigKey = named(config_key, "a key of letters, digits, '-', '_' and '.'");

inline constexpr Shape kPortNumber = number(1, 65535);
inline constexpr Shape kPortOrName{
    .kind = Shape::Kind::port_or_name, .valid = port_name, .expected = "a port's number or name"};
inline constexpr std::string_view kProtocols[] = {"TCP", "UDP"};
inline constexpr Shape kProtocol = one_of(kProtocols);

/// Labels: at most 64, in the form of Kubernetes.
inline constexpr Shape kLabels{.kind = Shape::Kind::string_map,
                               .most = 64,
                               .valid = label_key,
                               .valid_value = label_value,
                               .expected = "a label value of at most 63 letters, digits, '-', '_' and '.'"};
/// Read and dropped: nothing here acts on annotations.
inline constexpr Shape kAnnotations{.kind = Shape::Kind::string_map, .most = 64};

inline constexpr Shape kNotWritten = refused("it is written by a cluster, not by a user");
inline constexpr Shape kNoNamespace = refused("every lease has a namespace of its own; leave it out");
inline constexpr Shape kNoFinalizers = refused_content("it could keep objects from being removed");
inline constexpr Shape kNoGeneratedName = refused("give the object a name");

/// The metadata of an object whose name has this shape.
#define GRID_METADATA_FIELDS(name_shape)                                                                   \
    {"name", &(name_shape), kRequired}, {"labels", &kLabels}, {"annotations", &kAnnotations},              \
        {"creationTimestamp", &kNotWritten}, {"namespace", &kNoNamespace}, {"finalizers", &kNoFinalizers}, \
        {"ownerReferences", &kNoFinalizers}, {"managedFields", &kNotWritten},                              \
        {"resourceVersion", &kNotWritten}, {"uid", &kNotWritten}, {                                        \
        "generateName", &kNoGeneratedName                                                                  \
    }

/// The fields that every document has; `spec` stands beside them.
#define GRID_DOCUMENT_FIELDS(metadata_shape)                          \
    {"apiVersion", &kText, kRequired}, {"kind", &kText, kRequired}, { \
        "metadata", &(metadata_shape), kRequired                      \
    }

// By subject, each in a file of its own.

extern const Shape kContainers;      ///< container_schema.cpp
extern const Shape kInitContainers;  ///< container_schema.cpp
extern const Shape kPodSpec;         ///< pod_schema.cpp: restartPolicy as a Pod has it,
extern const Shape kServingPodSpec;  ///< of a Deployment or StatefulSet: Always,
extern const Shape kEndingPodSpec;   ///< of a Job: OnFailure or Never
extern const Shape kClaimSpec;       ///< claim_schema.cpp
extern const Shape kClaim;           ///< claim_schema.cpp
extern const Shape kClaimTemplates;  ///< claim_schema.cpp
extern const Shape kDeployment;      ///< workload_schema.cpp
extern const Shape kStatefulSet;
extern const Shape kJob;
extern const Shape kCronJob;
extern const Shape kPod;
extern const Shape kService;  ///< network_schema.cpp
extern const Shape kIngress;

}  // namespace grid::lease::schema
