#pragma once

#include <optional>
#include <string>

#include "lease/workload.hpp"

/// Probes and hooks as they stand on containers' labels.
namespace grid::adapters::podman {

std::string probe_text(const lease::Probe& probe);
/// None when the text is empty or not ours.
std::optional<lease::Probe> read_probe(const std::string& text);
std::string hook_text(const lease::Hook& hook);
std::optional<lease::Hook> read_hook(const std::string& text);

}  // namespace grid::adapters::podman
