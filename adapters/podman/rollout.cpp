/// How the pods of a new version take the place of those before.
#include <algorithm>
#include <future>
#include <thread>

#include "adapters/podman/deployment.hpp"
#include "adapters/podman/hooks.hpp"

namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kLook{10};

std::vector<const PodPlan*> pointers(const std::vector<PodPlan>& pods) {
    std::vector<const PodPlan*> out;
    for (const auto& pod : pods) out.push_back(&pod);
    return out;
}

std::uint64_t number_of(const std::string& replica) {
    return std::strtoull(replica.c_str(), nullptr, 10);
}

}  // namespace

Result<void> Driver::roll_out(Deployment& d, Rollout& r) {
    const bool set = r.workload->kind == lease::WorkloadKind::stateful_set;
    if (!r.old.empty()) return set ? update_set(d, r) : take_over(d, r);
    if (r.pods.empty()) return {};
    if (set && !r.workload->rollout.parallel) return begin_set(d, r);
    const auto pods = pointers(r.pods);
    if (auto ok = start_pods(d, pods); !ok) return ok;
    return d.update ? wait_ready(d, r, pods) : Result<void>();
}

/// A stateful set that was not there, or has become larger: each pod is ready before the next one starts.
Result<void> Driver::begin_set(Deployment& d, Rollout& r) {
    for (const auto& pod : r.pods) {
        const std::vector<const PodPlan*> one{&pod};
        if (auto ok = start_pods(d, one); !ok) return ok;
        if (!d.update && &pod == &r.pods.back()) break;
        if (auto ok = wait_ready(d, r, one); !ok) return ok;
    }
    return {};
}

/// A stateful set: from the last pod to the first, each is stopped before the new one of its name starts.
Result<void> Driver::update_set(Deployment& d, Rollout& r) {
    auto pods = pointers(r.pods);
    std::sort(pods.begin(), pods.end(),
              [](auto* a, auto* b) { return number_of(a->replica) > number_of(b->replica); });
    for (const auto* pod : pods) {
        const std::vector<const PodPlan*> one{pod};
        pause_pod(r, pod->replica);
        if (auto ok = start_pods(d, one); !ok) return ok;
        if (auto ok = wait_ready(d, r, one); !ok) return ok;
    }
    return {};
}

/// A deployment: never more than max_surge pods too many, nor more than max_unavailable too few. What is
/// stopped can be started again until everything has gone well.
Result<void> Driver::take_over(Deployment& d, Rollout& r) {
    const auto& rollout = r.workload->rollout;
    std::vector<std::string> running;  // of the old pods, those with the highest numbers go first
    for (const auto& [replica, rows] : r.old) running.push_back(replica);
    std::sort(running.begin(), running.end(),
              [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
    const auto pause_last = [&] {
        pause_pod(r, running.back());
        running.pop_back();
    };
    const auto all = pointers(r.pods);
    const std::size_t wanted = r.workload->replicas;
    const std::size_t kept = wanted - all.size();  // of the new version already, after a crash of ours
    std::size_t surge = rollout.max_surge, unavailable = rollout.max_unavailable;
    if (rollout.recreate) {
        surge = 0;
        unavailable = std::max(wanted, running.size());
    } else if (surge == 0 && unavailable == 0) {
        surge = 1;
    }
    for (std::size_t begun = 0; begun < all.size();) {
        // As many old ones go ahead as may be missing.
        while (!running.empty() && running.size() + kept + begun + unavailable > wanted &&
               (rollout.recreate || running.size() + kept + begun >= wanted + surge))
            pause_last();
        const auto present = running.size() + kept + begun;
        const auto room = wanted + surge > present ? wanted + surge - present : 1;
        const std::vector<const PodPlan*> next(
            all.begin() + static_cast<std::ptrdiff_t>(begun),
            all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), begun + room)));
        if (auto ok = start_pods(d, next); !ok) return ok;
        if (auto ok = wait_ready(d, r, next); !ok) return ok;
        begun += next.size();
        if (!running.empty()) std::this_thread::sleep_for(config_.drain);
        while (!running.empty() && running.size() + kept + begun > wanted && begun < all.size()) pause_last();
    }
    return {};
}

void Driver::pause_pod(Rollout& r, const std::string& replica) {
    const auto pod = r.old.find(replica);
    if (pod == r.old.end()) return;
    for (const auto& row : pod->second) health_.hold(row.id);
    stop_rows(pod->second);
    r.paused.push_back(replica);
}

Result<void> Driver::wait_ready(Deployment& d, const Rollout& r, const std::vector<const PodPlan*>& pods) {
    auto mine = labels(d.lease, d.app);
    mine.push_back(std::string(label::kVersion) + "=" + r.version);
    const auto cap = std::min<milliseconds>(config_.ready_timeout, seconds(r.workload->rollout.progress_s));
    const seconds steady(r.workload->rollout.min_ready_s);
    const auto limit = steady_clock::now() + cap + steady;
    SteadyTime ready_since{};  // zero: it is not
    for (auto pause = kLook;; pause = std::min(pause * 2, milliseconds(200))) {
        auto rows = api_.containers(mine);
        if (!rows) return tl::unexpected(rows.error());
        std::erase_if(*rows, [&](const auto& row) {
            return std::none_of(pods.begin(), pods.end(),
                                [&](const auto* pod) { return pod->replica == row.label(label::kReplica); });
        });
        const auto words =
            std::string(d.update ? "the new version does not run, the old one stays: " : "it does not run: ");
        for (const auto& row : *rows)
            if (HealthBook::wants_restart(row) || (row.ended() && row.exit_code > 0))
                return fail("failed_to_start", words + exit_words(row));
        if (!health_.all_ready(*rows, pods.size() * r.workload->containers.size())) {
            ready_since = {};
        } else {
            if (ready_since == SteadyTime{}) ready_since = steady_clock::now();
            if (steady_clock::now() - ready_since >= steady) return {};
        }
        if (d.gate->removals > 0) return fail("failed_to_start", "the application is being removed");
        if (d.failed) return fail("failed_to_start", "another workload of the application does not run");
        if (steady_clock::now() >= limit)
            return fail("failed_to_start", "the new version was not ready within " +
                                               std::to_string(cap.count() / 1000) + " s" +
                                               (d.update ? ", the old one stays" : ""));
        std::this_thread::sleep_for(pause);
    }
}

void Driver::stop_rows(const std::vector<ContainerRow>& rows) {
    const auto cap = static_cast<std::uint64_t>((config_.stop_grace_cap.count() + 999) / 1000);
    std::vector<std::future<void>> stopping;
    for (const auto& row : rows) {
        // A stop that a crash of ours left under way had its grace. Podman 4.3 would delete a stopping
        // container without ending its processes: nobody would ever find them again.
        const bool stopping_already = row.state == "stopping";
        if (!row.running() && !stopping_already) continue;
        const auto grace =
            stopping_already ? 0u : static_cast<unsigned>(std::min(cap, label_number(row, label::kGrace)));
        stopping.push_back(
            std::async(std::launch::async, [this, &row, grace] { stop_container(api_, row, grace); }));
    }
    for (auto& one : stopping) one.get();
}

}  // namespace grid::adapters::podman
