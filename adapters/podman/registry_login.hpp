#pragma once

#include <string>
#include <vector>

#include "lease/workload.hpp"

namespace grid::adapters::podman {

/// The registry of an image's name: its first part when that is a host, else "docker.io".
std::string registry_of(const std::string& image);

/// The name with its registry: podman takes a shorter one for an image of any registry that it has already,
/// and an id's first digits for that image.
std::string whole_image_name(const std::string& image);

/// The user's account at an image's registry; null: the manifest has none.
const lease::RegistryLogin* login_for(const std::string& image,
                                      const std::vector<lease::RegistryLogin>& logins);

/// The header X-Registry-Auth with this login. With none it says that there is none: without the header
/// podman would take what the provider itself has logged in with.
std::string login_header(const lease::RegistryLogin* login);

}  // namespace grid::adapters::podman
