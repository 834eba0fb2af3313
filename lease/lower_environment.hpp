#pragma once

#include "lease/lower_pod.hpp"

namespace grid::lease {

/// A container's variables from `envFrom` and `env`, with $(NAME) expanded as Kubernetes does: in order of
/// first appearance, each name once, the last value wins. Throws Refusal.
std::vector<EnvironmentVariable> lower_environment(const YamlNode& container, const Place& place,
                                                   const ConfigObjects& objects, TextBudget& budget);

/// A container's `command` or `args` with $(NAME) expanded. Throws Refusal.
std::vector<std::string> lower_arguments(const YamlNode* list, const Place& place,
                                         const std::vector<EnvironmentVariable>& environment,
                                         TextBudget& budget);

}  // namespace grid::lease
