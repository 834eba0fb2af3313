#pragma once

#include "adapters/podman/driver.hpp"

namespace grid::adapters::podman {

/// One run of apply.
struct Driver::Deployment {
    std::shared_ptr<Gate> gate;
    std::string lease;
    std::string app;
    std::string version;
    const lease::Application* application = nullptr;
    std::vector<PodPlan> pods;
    NetworkRow network;
    bool cancelled() const { return gate->removals > 0; }
};

}  // namespace grid::adapters::podman
