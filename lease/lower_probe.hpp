#pragma once

#include "lease/pod_context.hpp"

namespace grid::lease {

/// A container's probes and lifecycle hooks; its ports and environment must have been lowered. Throws
/// Refusal.
void lower_probes(const YamlNode& node, const Place& place, Container& container, TextBudget& budget);

}  // namespace grid::lease
