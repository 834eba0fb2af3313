#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// Users, groups and capabilities of a container, from its own securityContext and its pod's, by the profile
/// of the Pod Security Standards. Throws Refusal.
void lower_security(const YamlNode& node, const Place& place, const PodContext& pod, Container& container);

}  // namespace grid::lease
