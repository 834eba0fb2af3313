#pragma once

#include <CLI/App.hpp>
#include <memory>

#include "apps/grid/gateway_client.hpp"
#include "apps/grid/output.hpp"

namespace grid::cli {

/// What every subcommand about an application takes.
struct Target {
    std::uint64_t order = 0;
    std::string app = "app";
};

/// Adds --order, and the application's name as a positional.
std::shared_ptr<Target> add_target(CLI::App& command, bool app_too = true);

/// What is printed of an application.
Record record_of(const DeployedApp& app);

}  // namespace grid::cli
