#pragma once

#include "lease/workload.hpp"
#include "store/result.hpp"

namespace grid::adapters::podman {

/// What of the workload model this driver can run. Code `unsupported`; the message names the workload and the
/// kind or the part of it that cannot be run.
Result<void> check_supported(const lease::Application& application);

}  // namespace grid::adapters::podman
