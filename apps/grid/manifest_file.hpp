#pragma once

#include "apps/grid/gateway_client.hpp"

namespace grid::cli {

/// A manifest by its file, "-" for standard input, or a URL, which the gateway fetches. Throws Failure
/// `manifest_unreadable`.
AppDeployment read_deployment(const std::string& source);

}  // namespace grid::cli
