/// Jobs and cron jobs: what job_plan.hpp decides is done here, once every round of the watch. The pods of a
/// run stay, ended, until the run is cleared away, so what they came to is read from podman; that a run has
/// begun, and what it came to, is written down before anything is done about it.
#include <unistd.h>

#include <algorithm>

#include "adapters/podman/deployment.hpp"
#include "adapters/podman/job_plan.hpp"

namespace grid::adapters::podman {

using messages::Health;

/// One look at the jobs of one application, with its lease held.
struct Driver::JobRound {
    Deployment d;
    std::vector<ContainerRow> rows;  ///< of the lease
    RunBook book;
    std::string path;
    std::set<std::string> taken;  ///< addresses
    bool ready = false;           ///< network and user base are known
    bool images_ready = false;    ///< of all workloads

    bool write() { return write_runs(path, book).has_value(); }
};

namespace {

using Pods = std::map<std::string, std::vector<const ContainerRow*>>;

/// The pods of a run by replica.
Pods pods_of(const std::vector<ContainerRow>& rows, const std::string& app, const Run& run) {
    Pods pods;
    for (const auto& row : rows)
        if (row.label(label::kApp) == app && row.label(label::kWorkload) == run.workload &&
            row.label(label::kVersion) == run.version && row.label(label::kRun) == run.run)
            pods[row.label(label::kReplica)].push_back(&row);
    return pods;
}

std::vector<ContainerRow> rows_of(const Pods& pods) {
    std::vector<ContainerRow> out;
    for (const auto& [replica, rows] : pods)
        for (const auto* row : rows) out.push_back(*row);
    return out;
}

enum class PodState : std::uint8_t { active, succeeded, failed, unborn };

PodState state_of(const std::vector<const ContainerRow*>& pod, std::size_t containers) {
    std::size_t main = 0, good = 0;
    bool bad = false, created = false;
    for (const auto* row : pod) {
        if (row->label(label::kRole) != "main") continue;
        ++main;
        created = created || row->state == "created";
        if (!row->ended()) continue;
        if (row->exit_code == 0)
            ++good;
        else if (!HealthBook::wants_restart(*row))
            bad = true;
    }
    // Nobody else makes pods while the lease is held: what is not whole will never be.
    if (main < containers || created) return PodState::unborn;
    if (bad) return PodState::failed;
    return good == main ? PodState::succeeded : PodState::active;
}

/// The number at the end of "12" or "28000000-12".
std::uint64_t number_of(const Run& run, const std::string& replica) {
    const auto prefix = run.run.empty() ? 0 : run.run.size() + 1;
    return replica.size() < prefix ? 0 : std::strtoull(replica.c_str() + prefix, nullptr, 10);
}

std::string name_of(const Run& run) {
    return run.run.empty() ? run.workload : run.workload + "-" + run.run;
}

}  // namespace

std::string Driver::runs_path(const std::string& lease, const std::string& app) const {
    return app_directory(lease, app) + "/runs";
}

void Driver::watch_jobs() {
    using namespace std::chrono_literals;
    std::erase_if(job_rounds_,
                  [](auto& one) { return one.second.wait_for(0s) == std::future_status::ready; });
    for (const auto& [key, application] : applications_.all()) {
        const bool jobs = std::any_of(application->workloads.begin(), application->workloads.end(),
                                      [](const auto& w) { return !serves(w); });
        if (!jobs || job_rounds_.count(key.first)) continue;
        job_rounds_[key.first] = std::async(std::launch::async, [this, lease = key.first, app = key.second] {
            const auto held = gate(lease);
            const std::unique_lock lock(held->mutex, std::try_to_lock);
            if (lock) do_jobs(lease, app, false);
        });
    }
}

/// The caller holds the lease.
void Driver::do_jobs(const std::string& lease, const std::string& app, bool images_ready) {
    const auto application = applications_.of(lease, app);
    if (!application) return;
    JobRound round;
    round.d.gate = gate(lease);
    round.d.lease = lease;
    round.d.app = app;
    round.d.application = application.get();
    round.images_ready = images_ready;
    bool any = false;
    for (const auto& w : application->workloads) any = any || !serves(w);
    if (!any) return;
    auto rows = api_.containers(labels(lease));
    if (!rows) return;
    round.rows = std::move(*rows);
    round.path = runs_path(lease, app);
    round.book = read_runs(round.path);
    const auto before = round.book;
    // Runs of versions that are no more: settle() has removed their pods.
    std::erase_if(round.book.runs, [&](const Run& run) {
        return std::none_of(application->workloads.begin(), application->workloads.end(), [&](const auto& w) {
            return w.name == run.workload && version_of(*application, w) == run.version;
        });
    });
    for (const auto& w : application->workloads) {
        if (serves(w)) continue;
        if (w.kind == lease::WorkloadKind::cron_job) {
            do_cron(round, w);
        } else if (!round.book.find(w.name, version_of(*application, w), "")) {
            Run run;
            run.workload = w.name;
            run.version = version_of(*application, w);
            run.started = now_().seconds;
            round.book.runs.push_back(run);
            if (!round.write()) return;
        }
        for (std::size_t i = 0; i < round.book.runs.size(); ++i)
            if (round.book.runs[i].workload == w.name) do_run(round, w, round.book.runs[i]);
        clear_old_runs(round, w);
    }
    if (round.book != before) (void)round.write();
}

void Driver::do_cron(JobRound& round, const lease::Workload& w) {
    const auto cron = lease::CronSchedule::parse(w.schedule.cron);
    if (!cron) return;  // apply has refused it
    const auto now = now_();
    const auto [last, fresh] = round.book.last_minute.emplace(w.name, now.seconds);
    if (fresh) (void)round.write();
    std::uint32_t active = 0;
    for (const auto& run : round.book.runs)
        active += run.workload == w.name && run.state == Run::State::running;
    const auto step = next_run(w.schedule, *cron, {last->second}, active, now);
    if (step.missed) {
        last->second = step.missed->seconds;
        events_.note(round.d.lease, round.d.app, EventBook::Kind::warning, "CronJob/" + w.name,
                     "MissedSchedule", "a run was not started within its starting deadline, it is passed by");
    }
    if (!step.due) return;
    if (step.replace)
        for (auto& run : round.book.runs)
            if (run.workload == w.name && run.state == Run::State::running)
                finish(round, w, run, Run::State::failed, "replaced by the next run");
    Run run;
    run.workload = w.name;
    run.version = version_of(*round.d.application, w);
    run.run = std::to_string(step.due->seconds / 60);
    run.started = now.seconds;
    last->second = step.due->seconds;
    // Both are written at once, before the first pod: whatever happens then, this minute is not begun twice.
    if (!round.book.find(run.workload, run.version, run.run)) round.book.runs.push_back(run);
    (void)round.write();
}

/// Of the pods of a run that have ended the oldest are removed when there are too many. First it is written
/// down what they came to, and which they are: so each counts once, whatever happens in between. False: try
/// again later.
bool Driver::make_room(JobRound& round, const lease::Workload& w, Run& run) {
    const auto remove_going = [&] {
        std::vector<ContainerRow> rows;
        for (const auto& [replica, pod] : pods_of(round.rows, round.d.app, run))
            if (std::find(run.going.begin(), run.going.end(), replica) != run.going.end())
                for (const auto* row : pod) rows.push_back(*row);
        if (!remove_rows(rows, LastLines::keep)) return false;
        std::erase_if(round.rows, [&](const auto& row) {
            return std::any_of(rows.begin(), rows.end(), [&](const auto& gone) { return gone.id == row.id; });
        });
        run.going.clear();
        return true;
    };
    if (!run.going.empty() && !remove_going()) return false;
    const auto before = run;
    std::map<std::uint64_t, std::string> ended;
    const auto pods = pods_of(round.rows, round.d.app, run);
    for (const auto& [replica, pod] : pods) {
        const auto number = number_of(run, replica);
        run.next = std::max(run.next, number + 1);
        const auto state = state_of(pod, w.containers.size());
        if (state == PodState::succeeded || state == PodState::failed) ended[number] = replica;
    }
    if (ended.size() <= config_.ended_pods_kept) return true;
    for (const auto& [number, replica] : ended) {
        if (ended.size() - run.going.size() <= config_.ended_pods_kept / 2) break;
        run.going.push_back(replica);
        const bool well = state_of(pods.at(replica), w.containers.size()) == PodState::succeeded;
        ++(well ? run.succeeded : run.failed);
        for (const auto* row : pods.at(replica)) {
            if (w.restart == lease::RestartPolicy::on_failure) run.failed += restarts_.of(row->id).restarts;
            if (row->exit_code != 0)
                run.last_failure = std::max(run.last_failure, static_cast<std::uint64_t>(row->exited_at));
        }
    }
    if (round.write()) return remove_going();
    run = before;
    return false;
}

void Driver::do_run(JobRound& round, const lease::Workload& w, Run& run) {
    if (run.state != Run::State::running || !make_room(round, w, run)) return;
    const auto now = now_().seconds;
    const auto pods = pods_of(round.rows, round.d.app, run);
    RunPods counts;
    counts.succeeded = run.succeeded;
    counts.failed = run.failed;
    std::int64_t last_failure = static_cast<std::int64_t>(run.last_failure);
    std::string words = run.reason;
    std::vector<ContainerRow> unborn;
    for (const auto& [replica, pod] : pods) {
        const auto state = state_of(pod, w.containers.size());
        counts.active += state == PodState::active;
        counts.succeeded += state == PodState::succeeded;
        counts.failed += state == PodState::failed;
        for (const auto* row : pod) {
            if (state == PodState::unborn) unborn.push_back(*row);
            // Restarted in its place, it counts as if it had been another pod.
            if (w.restart == lease::RestartPolicy::on_failure)
                counts.failed += restarts_.of(row->id).restarts;
            if (!row->ended() || row->exit_code == 0) continue;
            last_failure = std::max(last_failure, row->exited_at);
            words = exit_words(*row);
            if (const auto lines = api_.last_lines(row->id, 1); lines && !lines->empty())
                words += "; last line: " + lines->substr(0, lines->find('\n'));
        }
    }
    if (!unborn.empty()) {
        // Left by a crash of ours in the middle of a start.
        (void)remove_rows(unborn, LastLines::drop);
        ++run.failed_starts;
    }
    counts.failed += run.failed_starts;
    const auto pause = pause_ms(static_cast<std::uint64_t>(config_.restart_backoff.count()), counts.failed);
    const auto wall = static_cast<std::int64_t>(std::time(nullptr));
    counts.resting =
        counts.failed > 0 && wall * 1000 < last_failure * 1000 + static_cast<std::int64_t>(pause);
    const auto step = next_step(w, counts, now - std::min(now, run.started));
    switch (step.outcome) {
        case RunStep::Outcome::succeeded:
            return finish(round, w, run, Run::State::succeeded, "");
        case RunStep::Outcome::failed:
            return finish(round, w, run, Run::State::failed,
                          step.reason + (words.empty() ? "" : "; " + words));
        case RunStep::Outcome::none:
            break;
    }
    if (step.start > 0) start_runs_pods(round, w, run, step.start);
}

void Driver::start_runs_pods(JobRound& round, const lease::Workload& w, Run& run, std::uint32_t count) {
    auto& d = round.d;
    if (!round.ready) {
        auto network = networks_.ensure(d.lease);
        if (!network) return;
        d.network = *network;
        d.user_base = user_namespaces_ ? user_base(d.lease) : 0;
        for (const auto& row : round.rows)
            if (row.label(label::kKind) != "job" || !row.ended())
                round.taken.insert(row.label(label::kAddress));
        round.ready = true;
    }
    const auto failed_start = [&](const std::string& reason) {
        ++run.failed_starts;
        run.last_failure = static_cast<std::uint64_t>(std::time(nullptr));
        run.reason = reason;
        events_.note(d.lease, d.app, EventBook::Kind::warning, "Job/" + name_of(run), "FailedCreate", reason);
        (void)round.write();
    };
    if (!round.images_ready)
        if (auto ok = prepare_images(d, &w); !ok) {
            if (ok.error().code != "cluster_unavailable") failed_start(ok.error().message);
            return;
        }
    const auto prefix = run.run.empty() ? std::string() : run.run + "-";
    const auto next = run.next + run.failed_starts;
    Rollout r;
    r.workload = &w;
    r.version = run.version;
    for (std::uint32_t i = 0; i < count && d.gate->removals == 0; ++i) {
        auto pod = plan_pod(d, r, prefix + std::to_string(next + i), round.taken);
        Result<void> started;
        if (pod) {
            pod->run = run.run;
            started = start_pod(*pod, [&d] { return d.gate->removals > 0; });
        } else {
            started = tl::unexpected(pod.error());
        }
        if (started || d.gate->removals > 0 || started.error().code == "cluster_unavailable") continue;
        auto reason = started.error().message;
        if (pod) {
            auto mine = labels(d.lease, d.app);
            mine.push_back(std::string(label::kVersion) + "=" + r.version);
            mine.push_back(std::string(label::kReplica) + "=" + pod->replica);
            auto rows = api_.containers(mine);
            for (const auto& row : rows.value_or(std::vector<ContainerRow>{}))
                if (const auto lines = api_.last_lines(row.id, 1); row.ended() && lines && !lines->empty())
                    reason += "; last line: " + lines->substr(0, lines->find('\n'));
            if (rows) (void)remove_rows(*rows, LastLines::drop);
        }
        failed_start(reason);
    }
}

void Driver::finish(JobRound& round, const lease::Workload& w, Run& run, Run::State state,
                    const std::string& reason) {
    run.state = state;
    run.ended = now_().seconds;
    run.reason = reason;
    if (!round.write()) {
        run.state = Run::State::running;
        return;
    }
    std::vector<ContainerRow> active;
    for (const auto& [replica, pod] : pods_of(round.rows, round.d.app, run))
        if (state_of(pod, w.containers.size()) == PodState::active)
            for (const auto* row : pod) active.push_back(*row);
    (void)remove_rows(std::move(active), LastLines::keep);
    const bool well = state == Run::State::succeeded;
    events_.note(round.d.lease, round.d.app, well ? EventBook::Kind::normal : EventBook::Kind::warning,
                 "Job/" + name_of(run), well ? "Completed" : "Failed", well ? "it has ended well" : reason);
}

/// What has ended and is not to be kept any longer.
void Driver::clear_old_runs(JobRound& round, const lease::Workload& w) {
    const auto now = now_().seconds;
    std::uint32_t kept[2] = {};
    for (auto run = round.book.runs.rbegin(); run != round.book.runs.rend(); ++run) {
        if (run->workload != w.name || run->state == Run::State::running || run->cleared) continue;
        const bool well = run->state == Run::State::succeeded;
        const auto limit = well ? w.schedule.keep_succeeded : w.schedule.keep_failed;
        const bool old = w.completion.keep_ended && now >= run->ended + w.completion.keep_ended->count;
        const bool many = w.kind == lease::WorkloadKind::cron_job && ++kept[well] > limit;
        if (!old && !many) continue;
        if (remove_rows(rows_of(pods_of(round.rows, round.d.app, *run)), LastLines::keep))
            run->cleared = true;
    }
    // A job is remembered as long as its application; of a cron job only what is there.
    if (w.kind == lease::WorkloadKind::cron_job)
        std::erase_if(round.book.runs, [&](const Run& run) { return run.workload == w.name && run.cleared; });
}

/// A job that runs or has ended well is ready, one that failed has failed. A cron job is ready when it waits;
/// what its last run came to is told.
void Driver::add_jobs(const std::string& lease, const std::string& app, const lease::Application& application,
                      messages::AppStatus& status) {
    const bool any = std::any_of(application.workloads.begin(), application.workloads.end(),
                                 [](const auto& w) { return !serves(w); });
    if (!any) return;
    const auto book = read_runs(runs_path(lease, app));
    if (status.health == Health::absent) status.health = Health::ready;
    for (const auto& w : application.workloads) {
        if (serves(w)) continue;
        const Run* last = nullptr;
        for (const auto& run : book.runs)
            if (run.workload == w.name && run.state != Run::State::running) last = &run;
        if (!last || last->state != Run::State::failed) continue;
        const bool fatal = w.kind == lease::WorkloadKind::job;
        const auto words = name_of(*last) + " has failed: " + last->reason;
        if (fatal) status.health = Health::failed;
        if (fatal || status.reason.empty()) status.reason = words.substr(0, 512);
    }
}

}  // namespace grid::adapters::podman
