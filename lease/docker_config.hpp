#pragma once

#include <string_view>
#include <vector>

#include "lease/workload.hpp"
#include "store/result.hpp"

namespace grid::lease {

/// The logins of a docker configuration ({"auths": {registry: {"auth": base64 of user:password}}} or with
/// "username" and "password"), as a Secret of type kubernetes.io/dockerconfigjson holds it. Names of
/// registries lose scheme and path; Docker Hub's old names become "docker.io". Code `bad_manifest`; no
/// message repeats the content. Credential helpers and identity tokens are refused.
Result<std::vector<RegistryLogin>> read_docker_config(std::string_view json);

}  // namespace grid::lease
