#pragma once

#include <string_view>

#include "chain/market.hpp"
#include "lease/image_name.hpp"
#include "lease/workload.hpp"
#include "lease/yaml.hpp"
#include "store/result.hpp"

/// From a Kubernetes manifest to the typed workload model, through an allow-list by schema.
namespace grid::lease {

/// Profiles of the Pod Security Standards, by the operator's choice.
enum class Profile : std::uint8_t {
    baseline,    ///< stock public images run, most start as root
    restricted,  ///< runAsNonRoot is forced
};

/// What a manifest may ask for: the operator's policy, and what the order bought.
struct ManifestLimits {
    chain::Resources bought{};  ///< by the order, for the whole manifest
    Profile profile = Profile::baseline;
    ImageRules images{};
    std::vector<std::string>
        storage_classes{};                     ///< sold by name; without a name everyone gets the default one
    std::uint64_t pod_overhead_cpu_milli = 0;  ///< of each pod, by the provider's runtime class
    std::uint64_t pod_overhead_memory_mib = 0;
    std::uint32_t pods = 64;  ///< at once, over all workloads
    std::uint32_t containers_per_pod = 16;
    std::uint32_t files = 4096;  ///< mounted from ConfigMaps and Secrets, over all containers
    std::uint64_t least_cpu_milli =
        1;  ///< a container never gets less by default; 1 keeps tiny orders usable
    std::uint64_t least_memory_mib = 4;
    YamlLimits text{};
};

/// Parses, checks and lowers. Never throws.
/// Codes: `bad_manifest` (not YAML, with line and column; over a bound of the parser; a value of the wrong
/// type), `policy` (a field that is not on the list or a value that is not allowed; the message begins with
/// the object and the path, like "Deployment/web:
/// spec.template.spec.containers[0].securityContext.privileged: true is not allowed"), `too_large` (names
/// what was asked and what was bought).
Result<Application> lower_manifest(std::string_view yaml, const ManifestLimits& limits);

}  // namespace grid::lease
