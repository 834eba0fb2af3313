#include "adapters/podman/health.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

using messages::AppStatus;
using messages::Health;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::minutes kCrashWindow{10};
constexpr seconds kMaxBackoff{60};
constexpr seconds kStable{10};
constexpr seconds kStuck{1};
constexpr seconds kCleanup{30};
constexpr milliseconds kProbeBudget{2000};  // of one status answer
constexpr std::size_t kMaxReason = 512;

std::string pod_key(const ContainerRow& row) {
    return row.label(label::kVersion) + "/" + row.label(label::kWorkload) + "/" + row.label(label::kReplica);
}

/// Doubles from one time to the next.
milliseconds backoff(milliseconds first, std::size_t times) {
    return std::min<milliseconds>(first * (1 << std::min<std::size_t>(times - 1, 10)), kMaxBackoff);
}

using Pods = std::map<std::string, std::vector<const ContainerRow*>>;

/// Main containers by pod, each pod in order of index.
Pods pods_of(const std::vector<ContainerRow>& rows) {
    Pods pods;
    for (const auto& row : rows)
        if (row.label(label::kRole) == "main") pods[pod_key(row)].push_back(&row);
    for (auto& [key, pod] : pods)
        std::sort(pod.begin(), pod.end(), [](auto* a, auto* b) {
            return label_number(*a, label::kIndex) < label_number(*b, label::kIndex);
        });
    return pods;
}

}  // namespace

std::string exit_words(const ContainerRow& row) {
    const auto name = row.label(label::kContainer);
    const auto code = std::to_string(row.exit_code);
    if (row.exit_code == 137)
        return name + " was killed (exit code 137), most likely because it needed more than its " +
               row.label(label::kMemory) + " MiB of memory";
    if (row.exit_code == 139) return name + " crashed with a memory fault (exit code 139)";
    return name + " exited with code " + code;
}

void HealthBook::Entry::begin_probes() {
    ready = started = false;
    successes = failures = live_failures = start_failures = 0;
    first_seen = steady_clock::now();
    next_probe = next_live = next_start = SteadyTime{};
}

HealthBook::Entry& HealthBook::entry(const ContainerRow& row) {
    auto& e = entries_[row.id];
    if (row.read_at < e.changed_at) return e;
    if (e.started_at != row.started_at || e.first_seen == SteadyTime{}) {
        e.started_at = row.started_at;
        e.crashed = false;
        e.failed_starts = 0;
        e.begin_probes();
    }
    if (row.running()) {
        e.crashed = e.restart_begun = false;
        e.failed_starts = 0;
    }
    return e;
}

HealthBook::PodView HealthBook::view_unstarted(const ContainerRow& row, const Entry& e) const {
    const auto& name = row.label(label::kContainer);
    if (!e.failed_starts) return {Pod::starting, name + " is " + row.state};
    const auto reason = name + " could not be started again: " + e.start_error;
    if (e.failed_starts <= restart_limit_) return {Pod::starting, reason};
    return {Pod::failed, reason + "; tried " + std::to_string(e.failed_starts) + " times"};
}

HealthBook::PodView HealthBook::view_ended(const ContainerRow& row) {
    const std::lock_guard lock(mutex_);
    auto& e = entry(row);
    if (!e.evicted.empty()) return {Pod::failed, e.evicted};
    if (e.failed_starts) return view_unstarted(row, e);
    if (!wants_restart(row)) {
        if (row.exit_code > 0) return {Pod::failed, exit_words(row)};
        return {Pod::completed, row.label(label::kContainer) + " has completed"};
    }
    auto reason = exit_words(row);
    if (!e.last_words.empty()) reason += "; last line: " + e.last_words;
    if (e.crashes.size() > restart_limit_)
        return {Pod::failed, reason + "; restarted " + std::to_string(e.crashes.size() - 1) + " times"};
    return {Pod::starting, reason + "; it is being restarted"};
}

HealthBook::PodView HealthBook::view(const std::vector<const ContainerRow*>& pod) {
    PodView whole{Pod::ready, ""};
    std::size_t completed = 0;
    for (const auto* row : pod) {
        if (row->ended()) {
            const auto ended = view_ended(*row);
            if (ended.state == Pod::completed) {
                ++completed;
                continue;
            }
            return ended;
        }
        if (!row->running()) {
            const std::lock_guard lock(mutex_);
            return view_unstarted(*row, entry(*row));
        }
        if (!ready_now(*row, *pod.front())) {
            const std::lock_guard lock(mutex_);
            const auto& e = entry(*row);
            // Between two crashes a short life is no recovery.
            if (e.crashes.size() > restart_limit_ && steady_clock::now() < e.first_seen + kStable)
                return {Pod::failed,
                        row->label(label::kContainer) + " crashes again and again: " + e.last_words};
            whole = {Pod::starting, row->label(label::kContainer) + " is not ready yet"};
        }
    }
    if (completed == pod.size()) return {Pod::completed, "completed"};
    return whole;
}

messages::PodStatus HealthBook::told(const std::vector<const ContainerRow*>& pod, const PodView& view) const {
    const auto& first = *pod.front();
    messages::PodStatus told;
    told.workload = first.label(label::kWorkload);
    told.name = pod_name(first);
    told.ready = view.state == Pod::ready;
    told.reason = view.reason.substr(0, kMaxReason);
    told.image = first.image;
    if (first.started_at > 0) told.started = {static_cast<std::uint64_t>(first.started_at)};
    for (const auto* row : pod) told.restarts += restarts_.of(row->id).restarts;
    return told;
}

AppStatus HealthBook::status(const std::vector<ContainerRow>& rows,
                             const std::map<std::string, std::size_t>& wanted) {
    AppStatus status;
    const auto pods = pods_of(rows);
    struct Version {
        std::int64_t created = 0;
        std::size_t pods = 0, ready = 0, failed = 0;
        std::string reason;
        std::vector<messages::PodStatus> told;
        std::vector<messages::Endpoint> endpoints;
    };
    struct Set {
        std::map<std::string, Version> versions;
    };
    std::map<std::string, Set> sets;
    for (const auto& [workload, count] : wanted)
        if (count) sets[workload];
    std::vector<messages::PodStatus> of_jobs;
    const auto limit = steady_clock::now() + kProbeBudget;
    for (const auto& [key, pod] : pods) {
        const auto& first = *pod.front();
        PodView seen{Pod::starting, "not looked at yet"};
        if (steady_clock::now() < limit) seen = view(pod);
        if (first.label(label::kKind) == "job") {
            of_jobs.push_back(told(pod, seen));
            continue;
        }
        auto& set = sets[first.label(label::kWorkload)];
        auto& v = set.versions[first.label(label::kVersion)];
        v.created = std::max(v.created, first.created_at);
        ++v.pods;
        v.told.push_back(told(pod, seen));
        if (seen.state == Pod::ready || seen.state == Pod::completed) {
            ++v.ready;
            if (seen.state == Pod::ready)
                for (const auto& [name, port] : read_entrances(first.label(label::kEntrances)))
                    v.endpoints.push_back({name, first.label(label::kAddress), port});
        } else {
            v.failed += seen.state == Pod::failed;
            if (v.reason.empty() || seen.state == Pod::failed) v.reason = seen.reason;
        }
    }
    std::size_t ready = 0, all = 0, failed = 0, waiting = 0;
    for (const auto& [workload, set] : sets) {
        const auto found = wanted.find(workload);
        const auto want = found == wanted.end() ? 0 : found->second;
        // The newest version that serves wholly; else the newest that serves at all; else the newest.
        const auto rank = [&](const Version& v) {
            return std::tuple(v.ready > 0 && v.pods >= want, v.ready > 0, v.created);
        };
        const Version* chosen = nullptr;
        for (const auto& [name, v] : set.versions)
            if (!chosen || rank(v) > rank(*chosen)) chosen = &v;
        // Where a version has all its pods ready nobody is led to those of another any more: they end soon.
        for (const auto& [name, v] : set.versions)
            if (&v == chosen || chosen->ready < std::max<std::size_t>(want, 1))
                status.endpoints.insert(status.endpoints.end(), v.endpoints.begin(), v.endpoints.end());
        if (!chosen) {
            ++waiting;
            continue;
        }
        status.pods.insert(status.pods.end(), chosen->told.begin(), chosen->told.end());
        ready += chosen->ready;
        all += std::max(want, chosen->pods);
        const bool serves = chosen->ready > 0 && chosen->pods >= want;
        if (!serves) ++(chosen->failed ? failed : waiting);
        if (status.reason.empty() || (!serves && chosen->failed)) status.reason = chosen->reason;
    }
    status.pods.insert(status.pods.end(), of_jobs.begin(), of_jobs.end());
    std::sort(status.pods.begin(), status.pods.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    if (status.pods.size() > messages::kMaxPodStatuses) status.pods.resize(messages::kMaxPodStatuses);
    if (failed) {
        status.health = Health::failed;
    } else if (waiting) {
        status.health = Health::starting;
        if (status.reason.empty()) status.reason = "not everything is started yet";
    } else {
        status.health = sets.empty() ? Health::absent : Health::ready;
        if (ready < all)
            status.reason =
                std::to_string(ready) + " of " + std::to_string(all) + " pods are ready: " + status.reason;
        else
            status.reason.clear();
    }
    if (sets.empty() && pods.empty() && !rows.empty()) {
        status.health = Health::starting;
        status.reason = "an init container is running";
    }
    return status;
}

bool HealthBook::all_ready(const std::vector<ContainerRow>& rows, std::size_t expected) {
    std::size_t containers = 0;
    for (const auto& [key, pod] : pods_of(rows)) {
        const auto state = view(pod).state;
        if (state != Pod::ready && state != Pod::completed) return false;
        containers += pod.size();
    }
    return containers >= expected;
}

bool HealthBook::wants_restart(const ContainerRow& row) {
    if (!row.ended() || row.label(label::kRole) != "main") return false;
    const auto& policy = row.label(label::kRestart);
    return policy == "always" || (policy == "on_failure" && (row.exit_code < 0 || row.exit_code > 0));
}

bool HealthBook::restart_due(const ContainerRow& row) {
    if (row.label(label::kRole) != "main") return false;
    const auto now = steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        auto& e = entry(row);
        if (!e.evicted.empty() || e.held || row.read_at < e.changed_at) return false;
        if (row.state == "created" || row.state == "initialized")
            return e.restart_begun && now >= e.restart_at;
        const bool due = now >= e.restart_at + (row.state == "stopped" ? kCleanup : seconds(0));
        if (row.ended() && e.failed_starts) return due;
        if (!wants_restart(row)) return false;
        if (e.crashed) return due;
        e.crashed = true;
        e.changed_at = row.read_at;
        std::erase_if(e.crashes, [&](SteadyTime t) { return t + kCrashWindow < now; });
        e.crashes.push_back(now);
        e.restart_at = now + backoff(first_backoff_, e.crashes.size());
    }
    auto lines = api_.last_lines(row.id, 1);
    const std::lock_guard lock(mutex_);
    if (lines && !lines->empty() && lines->back() == '\n') lines->pop_back();
    auto words = exit_words(row);
    if (lines) {
        auto& last = entries_[row.id].last_words = lines->substr(0, 500);
        if (!last.empty()) words += "; last line: " + last;
    }
    events_.note(row, EventBook::Kind::warning, "Crashed", words);
    return false;
}

void HealthBook::restarted(const ContainerRow& row, const Result<void>& outcome) {
    const auto now = steady_clock::now();
    const std::lock_guard lock(mutex_);
    auto& e = entries_[row.id];
    e.changed_at = now;
    e.restart_begun = true;
    if (outcome) {
        // The next sight of it ended is a new crash: it may have lived too shortly to be seen running.
        e.crashed = false;
        e.failed_starts = 0;
        e.restart_at = now + kStuck;
        events_.note(row, EventBook::Kind::normal, "Restarted",
                     row.label(label::kContainer) + " was started again");
        e.begin_probes();  // also when podman's clock, in seconds, shows the start of before
    } else {
        e.start_error = outcome.error().message;
        e.restart_at = now + backoff(kStuck, ++e.failed_starts);
        events_.note(row, EventBook::Kind::warning, "FailedStart",
                     row.label(label::kContainer) + " could not be started again: " + e.start_error);
    }
}

bool HealthBook::awaits_restart(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto i = entries_.find(id);
    return i != entries_.end() && (i->second.crashed || i->second.failed_starts);
}

void HealthBook::evict(const ContainerRow& row, std::string reason) {
    const std::lock_guard lock(mutex_);
    events_.note(row, EventBook::Kind::warning, "Evicted", row.label(label::kContainer) + " " + reason);
    entries_[row.id].evicted = std::move(reason);
}

bool HealthBook::evicted(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto i = entries_.find(id);
    return i != entries_.end() && !i->second.evicted.empty();
}

void HealthBook::hold(const std::string& id) {
    const std::lock_guard lock(mutex_);
    entries_[id].held = true;
}

void HealthBook::release(const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto& e = entries_[id];
    e.held = false;
    e.changed_at = steady_clock::now();
    e.begin_probes();
}

void HealthBook::forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    entries_.erase(id);
}

void HealthBook::keep_only(const std::vector<ContainerRow>& rows) {
    std::set<std::string> ids;
    for (const auto& row : rows) ids.insert(row.id);
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& e) { return !ids.count(e.first); });
}

}  // namespace grid::adapters::podman
