#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/document.hpp"
#include "lease/workload.hpp"

namespace grid::lease {

/// The ConfigMaps, Secrets and PersistentVolumeClaims of a manifest by name.
struct ConfigObjects {
    using Content = std::map<std::string, std::string>;  ///< key -> content, decoded
    std::map<std::string, Content> config_maps;
    std::map<std::string, Content> secrets;
    std::map<std::string, std::vector<RegistryLogin>> logins;  ///< of kubernetes.io/dockerconfigjson Secrets
    std::map<std::string, Claim> claims;
};

/// Throws Refusal: what is no base64, a pull secret that cannot be read, a storage class that is not sold.
ConfigObjects collect_config(const std::vector<Document>& documents,
                             const std::vector<std::string>& storage_classes);

/// A claim's size and class; `spec` has passed its schema. Throws Refusal.
Claim lower_claim(std::string name, const YamlNode& spec, const Place& place,
                  const std::vector<std::string>& storage_classes);

}  // namespace grid::lease
