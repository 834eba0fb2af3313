#pragma once

#include <map>
#include <string>

#include "lease/resource_share.hpp"
#include "lease/schema.hpp"

namespace grid::lease {

/// The ConfigMaps and Secrets of a manifest by name: key -> content, decoded.
struct ConfigObjects {
    using Content = std::map<std::string, std::string>;
    std::map<std::string, Content> config_maps;
    std::map<std::string, Content> secrets;
};

/// How much text the lowered model may hold beyond what was written: a small ConfigMap in many mounts,
/// variables that repeat variables.
class TextBudget {
public:
    explicit TextBudget(std::size_t bytes) : left_(bytes) {}
    std::size_t left() const { return left_; }
    /// Throws Refusal (`too_large`).
    void take(std::size_t bytes, const Place& place);

private:
    std::size_t left_;
};

/// Lowers a pod's spec (checked against its shape) into containers, init containers, restart policy and grace
/// of a workload. Throws Refusal: `bad_manifest` (contradictions, references to what is not there), `policy`,
/// `too_large`.
DemandingWorkload lower_pod(const YamlNode& spec, const Place& place, const ConfigObjects& objects,
                            const ManifestLimits& limits, TextBudget& budget);

/// The number of a port that a probe or a service names, among these containers; throws Refusal when there is
/// none.
std::uint16_t resolve_port(const YamlNode& port_or_name, const std::vector<Container>& containers,
                           const Place& place);

}  // namespace grid::lease
