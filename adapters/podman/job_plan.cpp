#include "adapters/podman/job_plan.hpp"

#include <algorithm>

namespace grid::adapters::podman {

namespace {
constexpr unsigned kMaxSteps = 10'000;          // a week of every minute
constexpr std::uint64_t kMaxPauseMs = 360'000;  // Kubernetes' own
constexpr std::uint64_t kHour = 3600;
}  // namespace

std::uint64_t pause_ms(std::uint64_t first_ms, std::uint32_t failures) {
    if (failures == 0) return 0;
    return std::min(kMaxPauseMs, first_ms << std::min(failures - 1, 20u));
}

RunStep next_step(const lease::Workload& job, const RunPods& pods, std::uint64_t age_s) {
    const auto& completion = job.completion;
    RunStep step;
    if (completion.deadline && age_s > completion.deadline->count) {
        step.outcome = RunStep::Outcome::failed;
        step.reason =
            "DeadlineExceeded: it was not done within " + std::to_string(completion.deadline->count) + " s";
        return step;
    }
    if (pods.failed > completion.backoff_limit) {
        step.outcome = RunStep::Outcome::failed;
        step.reason = "BackoffLimitExceeded: " + std::to_string(pods.failed) + " pods failed";
        return step;
    }
    const bool any = completion.completions == 0;  // one success means that the work is done
    if (any ? pods.succeeded > 0 && pods.active == 0 : pods.succeeded >= completion.completions) {
        step.outcome = RunStep::Outcome::succeeded;
        return step;
    }
    if (pods.resting || (any && pods.succeeded > 0)) return step;
    const auto at_once = any ? job.replicas : std::min(job.replicas, completion.completions - pods.succeeded);
    step.start = at_once > pods.active ? at_once - pods.active : 0;
    return step;
}

CronStep next_run(const lease::Schedule& schedule, const lease::CronSchedule& cron, chain::Timestamp last,
                  std::uint32_t active, chain::Timestamp now) {
    CronStep step;
    if (schedule.suspended) return step;
    auto due = cron.next_after(last);
    if (!due || due->seconds > now.seconds) return step;
    for (unsigned i = 0;; ++i) {
        // Far behind: it goes on from the last hour, when there is one to be found there.
        auto from = *due;
        if (i == kMaxSteps && now.seconds > kHour) from.seconds = std::max(from.seconds, now.seconds - kHour);
        const auto later = cron.next_after(from);
        if (!later || later->seconds > now.seconds || i > 2 * kMaxSteps) break;
        due = later;
    }
    if (schedule.starting_deadline && now.seconds - due->seconds > schedule.starting_deadline->count) {
        step.missed = due;
        return step;
    }
    using Concurrency = lease::Schedule::Concurrency;
    if (active > 0 && schedule.concurrency == Concurrency::forbid) return step;
    step.replace = active > 0 && schedule.concurrency == Concurrency::replace;
    if (!step.replace && active >= std::max(1u, schedule.runs_at_once)) return step;
    step.due = due;
    return step;
}

}  // namespace grid::adapters::podman
