#pragma once

#include <string>
#include <vector>

#include "lease/workload.hpp"

namespace grid::adapters::podman {

/// The registry of an image's name: its first part when that is a host, else "docker.io".
std::string registry_of(const std::string& image);

/// The header X-Registry-Auth for pulling this image: the user's account at its registry, or empty.
std::string login_for(const std::string& image, const std::vector<lease::RegistryLogin>& logins);

}  // namespace grid::adapters::podman
