#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lease/cron_schedule.hpp"
#include "lease/workload.hpp"

/// What a job or cron job does next, from what is: no clock, no cluster.
namespace grid::adapters::podman {

/// How the pods of one run stand.
struct RunPods {
    std::uint32_t active = 0;
    std::uint32_t succeeded = 0;
    std::uint32_t failed = 0;
    bool resting = false;  ///< the pause after the last failure is not over
};

/// What is to be done for a run now.
struct RunStep {
    enum class Outcome : std::uint8_t { none, succeeded, failed };
    Outcome outcome = Outcome::none;
    std::string reason;       ///< of a failure, in words
    std::uint32_t start = 0;  ///< pods to be started
};

/// As the job controller of Kubernetes does. An outcome ends all pods that are still active.
RunStep next_step(const lease::Workload& job, const RunPods& pods, std::uint64_t age_s);

/// The pause after so many failures.
std::uint64_t pause_ms(std::uint64_t first_ms, std::uint32_t failures);

/// What is to be done for a cron job now.
struct CronStep {
    std::optional<chain::Timestamp> due;     ///< a run of this minute starts now
    bool replace = false;                    ///< the active ones end first
    std::optional<chain::Timestamp> missed;  ///< its starting deadline is over: it is passed by
};

/// As the cron job controller of Kubernetes does: of several runs that were missed only the last is made up,
/// within its starting deadline; one that has to wait for those before it is made up, too. `last`: the minute
/// that was started or passed by last.
CronStep next_run(const lease::Schedule& schedule, const lease::CronSchedule& cron, chain::Timestamp last,
                  std::uint32_t active, chain::Timestamp now);

}  // namespace grid::adapters::podman
