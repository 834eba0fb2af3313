#pragma once

#include "adapters/podman/driver.hpp"

namespace grid::adapters::podman {

/// What becomes of one workload in a run of apply.
struct Driver::Rollout {
    const lease::Workload* workload = nullptr;
    std::string version;
    std::vector<std::string> missing;                      ///< replicas of this version that are to be made
    std::vector<PodPlan> pods;                             ///< the same, planned
    std::map<std::string, std::vector<ContainerRow>> old;  ///< pods of other versions by replica
    std::vector<std::string> paused;  ///< of these: stopped, to be started again should it fail
};

/// One run of apply.
struct Driver::Deployment {
    std::shared_ptr<Gate> gate;
    std::string lease;
    std::string app;
    const lease::Application* application = nullptr;
    std::vector<Rollout> rollouts;     ///< of the workloads that serve
    std::vector<ContainerRow> broken;  ///< what a crash of ours left of these very versions
    std::vector<ContainerRow> going;   ///< that go when everything has gone well
    std::vector<std::string> made_volumes;
    bool update = false;  ///< something ran before
    NetworkRow network;
    std::uint32_t user_base = 0;
    std::atomic<bool> failed{false};
    bool changes() const {
        for (const auto& r : rollouts)
            if (!r.missing.empty() || !r.old.empty()) return true;
        return !broken.empty() || !going.empty();
    }
    bool cancelled() const { return failed || gate->removals > 0; }
};

}  // namespace grid::adapters::podman
