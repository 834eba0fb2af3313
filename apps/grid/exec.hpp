#pragma once

#include <string>
#include <vector>

#include "apps/grid/gateway_client.hpp"

namespace grid::cli {

struct ExecOptions {
    std::vector<std::string> command;
    std::string pod;        ///< empty: the first that is ready
    std::string container;  ///< empty: the pod's first
    bool tty = false;       ///< this terminal becomes the command's, raw, with its size
    bool no_input = false;
};

/// Runs a command in a container with this process's input and output; answers its exit code. Throws Failure
/// with the gateway's code when it could not be run.
int run_exec(GatewayClient& gateway, const std::string& app, const ExecOptions& options);

}  // namespace grid::cli
