#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// A container's variables from `envFrom` and `env`, its command and arguments, with $(NAME) expanded as
/// Kubernetes does: variables in order of first appearance, each name once, the last value wins. What only
/// the driver will know is left for it (late_expansion); what is counted of the container's own resources
/// is noted in `references` and written by settle_references. Throws Refusal.
void lower_environment(const YamlNode& node, const Place& place, const PodContext& pod, Container& container,
                       std::vector<ResourceReference>& references);

/// Writes the values of resourceFieldRef, once the container's amounts are known.
void settle_references(Container& container, const std::vector<ResourceReference>& references);

}  // namespace grid::lease
