/// How pods are made and unmade.
#include <algorithm>
#include <cstdlib>
#include <thread>

#include "adapters/podman/deployment.hpp"
#include "adapters/podman/hooks.hpp"
#include "adapters/podman/in_parallel.hpp"

namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kLook{10};
constexpr milliseconds kLastWords{1'500};             // for who follows the log of what has ended
constexpr unsigned kKeptLines = 2'000;                // of what goes while its application stays
constexpr std::uint32_t kUserBaseStart = 0x10000000;  // far above people's and system's ids
constexpr std::uint32_t kUserSlots = 32768;
}  // namespace

Result<void> Driver::start_pods(Deployment& d, const std::vector<const PodPlan*>& pods) {
    return in_parallel(pods,
                       [&](const PodPlan* pod) { return start_pod(*pod, [&d] { return d.cancelled(); }); });
}

Result<void> Driver::start_pod(const PodPlan& pod, const std::function<bool()>& cancelled) {
    const auto failed = [&](const Error& e, const std::string& name) -> Result<void> {
        if (e.code == "cluster_unavailable" || e.code == "failed_to_start") return tl::unexpected(e);
        return fail("failed_to_start", name + ": " + e.message);
    };
    if (auto ok = release_mounts(pod.mounts); !ok) return ok;
    if (auto ok = make_pod_files(pod); !ok) return ok;
    for (std::size_t i = 0; i < pod.workload->init_containers.size(); ++i) {
        const ContainerPlan plan{&pod.workload->init_containers[i], i, true, {}};
        if (auto ok = run_init(pod, plan, cancelled); !ok) return failed(ok.error(), plan.container->name);
    }
    std::string owner;
    for (std::size_t i = 0; i < pod.workload->containers.size(); ++i) {
        if (cancelled()) return fail("failed_to_start", "the application is being removed");
        const ContainerPlan plan{&pod.workload->containers[i], i, false, owner};
        const auto care = care_of("", pod, plan);
        for (const auto& mount : care.mounts)
            if (auto ok = ensure_mount(mount); !ok) return ok;
        const auto id = api_.create(create_spec(pod, plan));
        if (!id) return failed(id.error(), plan.container->name);
        if (auto ok = start_container(api_, care_of(*id, pod, plan)); !ok)
            return failed(ok.error(), plan.container->name);
        if (owner.empty()) owner = *id;
    }
    events_.note(pod.lease, pod.app, EventBook::Kind::normal, "Pod/" + pod_name(pod), "Started",
                 "started at " + pod.address);
    return {};
}

Result<void> Driver::run_init(const PodPlan& pod, const ContainerPlan& plan,
                              const std::function<bool()>& cancelled) {
    for (const auto& mount : host_mounts(pod, plan))
        if (auto ok = ensure_mount(mount); !ok) return ok;
    const auto id = api_.create(create_spec(pod, plan));
    if (!id) return tl::unexpected(id.error());
    if (auto ok = start_container(api_, care_of(*id, pod, plan)); !ok) return ok;
    const auto limit = steady_clock::now() + config_.init_timeout;
    for (auto pause = kLook;; pause = std::min(pause * 2, milliseconds(200))) {
        const auto rows = api_.containers(
            {std::string(label::kRole) + "=init", labels()[0], std::string(label::kLease) + "=" + pod.lease});
        if (!rows) return tl::unexpected(rows.error());
        const auto row = std::find_if(rows->begin(), rows->end(), [&](const auto& r) { return r.id == *id; });
        if (row == rows->end())
            return fail("failed_to_start", "init container " + plan.container->name + " vanished");
        if (row->ended()) {
            if (row->exit_code < 1 && row->exit_code > -1) return api_.remove(*id);
            return fail("failed_to_start", "init container " + exit_words(*row));
        }
        if (cancelled()) return fail("failed_to_start", "the application is being removed");
        if (steady_clock::now() >= limit)
            return fail("failed_to_start", "init container " + plan.container->name + " did not end in time");
        std::this_thread::sleep_for(pause);
    }
}

Result<void> Driver::remove_rows(std::vector<ContainerRow> rows, LastLines last_lines) {
    if (rows.empty()) return {};
    // First all are asked to end, each within its grace; then they are deleted, owners of networks last.
    stop_rows(rows);
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return label_number(a, label::kIndex) > label_number(b, label::kIndex);
    });
    for (const auto& row : rows) {
        log_readers_.await_end(row.id, kLastWords);
        if (last_lines == LastLines::keep) keep_last_lines(row);
        if (auto done = api_.remove(row.id); !done)
            return done.error().code == "cluster_unavailable"
                       ? done
                       : fail("podman_error", row.name + " cannot be removed: " + done.error().message);
        health_.forget(row.id);
        restarts_.forget(row);
    }
    return {};
}

/// Of what goes while its application stays.
void Driver::keep_last_lines(const ContainerRow& row) {
    LogEnd end(KeptLogs::Limits().container_bytes);
    const auto read = api_.follow(
        row.id, false, kKeptLines, 0,
        [&](std::string_view text) {
            end.add(text);
            return true;
        },
        nullptr);
    if (read)
        kept_logs_.keep(row.label(label::kLease), row.label(label::kApp),
                        {row.label(label::kWorkload), source_of(row), now_(), end.take()});
}

/// Starts what has run before; the start is written down first.
Result<void> Driver::start_again(const ContainerRow& row, bool after_crash) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto before =
        restarts_.begin(row, after_crash, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    if (!before) return tl::unexpected(before.error());
    auto started = start_container(api_, care_of(row));
    if (!started) (void)restarts_.put_back(row, *before);
    return started;
}

std::uint32_t Driver::user_base(const std::string& lease) {
    // The lease's range stays the same while any container or volume of it lives; a range in use is never
    // given twice.
    std::set<std::uint32_t> taken;
    std::uint32_t ours = 0;
    const auto see = [&](const std::string& whose, const std::string& text) {
        const auto base = static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
        if (whose == lease && base) ours = base;
        taken.insert(base);
    };
    if (const auto volumes = volumes_.of())
        for (const auto& row : *volumes) see(row.label(label::kLease), row.label(label::kUserBase));
    if (const auto rows = api_.containers(labels()))
        for (const auto& row : *rows) see(row.label(label::kLease), row.label(label::kUserBase));
    if (ours) return ours;
    const auto digest = short_digest(config_.gateway_id + layout_.data + lease, 8);
    auto slot = static_cast<std::uint32_t>(std::strtoul(digest.c_str(), nullptr, 16)) % kUserSlots;
    while (taken.count(kUserBaseStart + slot * 65536)) slot = (slot + 1) % kUserSlots;
    return kUserBaseStart + slot * 65536;
}

}  // namespace grid::adapters::podman
