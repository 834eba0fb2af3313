#include <algorithm>
#include <filesystem>

#include "adapters/podman/driver.hpp"
#include "adapters/podman/hooks.hpp"

/// What the driver does unasked: keeps podman's service up, restarts what crashed, ends what fills the disk.
namespace grid::adapters::podman {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kRound{500};
constexpr std::uint64_t kMib = 1024 * 1024;
}  // namespace

void Driver::watch() {
    auto next_storage = steady_clock::now() + config_.storage_round;
    std::unique_lock lock(watch_mutex_);
    while (!watch_wakes_.wait_for(lock, kRound, [this] { return ending_.load(); })) {
        lock.unlock();
        if (service_.ensure()) {
            watch_containers();
            watch_jobs();
            if (steady_clock::now() >= next_storage) {
                measure_storage();
                next_storage = steady_clock::now() + config_.storage_round;
            }
        }
        lock.lock();
    }
}

void Driver::watch_containers() {
    const auto rows = api_.containers(labels());
    if (!rows) return;
    health_.keep_only(*rows);
    restarts_.keep_only(*rows);
    for (const auto& row : *rows) {
        if (health_.restart_due(row)) {
            restart(row, *rows);
        } else if (row.state == "stopping") {
            finish_stop(row);
        } else if (!health_.alive(row)) {
            // Ended here, it is restarted like one that crashed.
            stop_container(api_, row, 1);
        }
    }
}

void Driver::restart(const ContainerRow& row, const std::vector<ContainerRow>& rows) {
    const auto held = gate(row.label(label::kLease));
    const std::unique_lock lock(held->mutex, std::try_to_lock);
    if (!lock) return;  // somebody is changing this lease: it is theirs
    const auto same_pod = [&](const ContainerRow& other) {
        const auto same = [&](const char* name) { return other.label(name) == row.label(name); };
        return other.label(label::kRole) == "main" && same(label::kLease) && same(label::kApp) &&
               same(label::kVersion) && same(label::kWorkload) && same(label::kReplica);
    };
    std::vector<const ContainerRow*> pod;
    for (const auto& other : rows)
        if (same_pod(other)) pod.push_back(&other);
    std::sort(pod.begin(), pod.end(), [](auto* a, auto* b) {
        return label_number(*a, label::kIndex) < label_number(*b, label::kIndex);
    });
    if (label_number(row, label::kIndex) > 0) {
        const auto& owner = *pod.front();
        if (owner.id != row.id && (HealthBook::wants_restart(owner) || health_.awaits_restart(owner.id)))
            return;  // will take this one with it
        pod = {&row};
    }
    // The owner of the network takes the others with it.
    for (const auto* one : pod)
        if (one->running()) (void)api_.stop(one->id, 2);
    Result<void> started;
    for (const auto* one : pod) {
        if (health_.evicted(one->id)) continue;
        // Without the owner the others cannot be started either.
        if (started) started = start_again(*one, true);
        health_.restarted(*one, started);
    }
}

/// Whoever stops a container of a lease holds the lease. When nobody does, the service has died over the
/// stop, and the container may go on as if nothing had been said.
void Driver::finish_stop(const ContainerRow& row) {
    const auto held = gate(row.label(label::kLease));
    const std::unique_lock lock(held->mutex, std::try_to_lock);
    if (lock) (void)api_.stop(row.id, 0);
}

void Driver::measure_storage() {
    const auto rows = api_.containers(labels(), true);
    if (!rows) return;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> leases;  // app -> used, allowed
    const auto key = [](const ContainerRow& row) {
        return row.label(label::kLease) + "/" + row.label(label::kApp);
    };
    for (const auto& row : *rows) {
        if (row.label(label::kRole) != "main") continue;
        auto& [used, allowed] = leases[key(row)];
        used += row.written_bytes;
        allowed += label_number(row, label::kStorage) * kMib;
    }
    for (auto& [app, sums] : leases)
        if (sums.second) sums.first += disk_usage(layout_.apps + "/" + app, sums.second + kMib);
    std::map<std::string, std::string> directories;
    if (const auto volumes = volumes_.of())
        for (const auto& volume : *volumes) directories[volume.name] = volume.directory;
    for (const auto& row : *rows)
        for (const auto& [volume, size] : read_volumes(row.label(label::kVolumes)))
            if (row.running() && size && directories.count(volume) &&
                disk_usage(directories[volume], (size + 1) * kMib) > size * kMib) {
                health_.evict(row, "stopped: it wrote more than the " + std::to_string(size) +
                                       " MiB that its volume has");
                stop_container(api_, row, 2);
            }
    for (const auto& row : *rows) {
        const auto& [used, allowed] = leases[key(row)];
        if (row.label(label::kRole) != "main" || !allowed || used <= allowed || !row.running()) continue;
        health_.evict(row, "stopped: it wrote more than the " + std::to_string(allowed / kMib) +
                               " MiB of storage that it has");
        (void)api_.stop(row.id, 2);
    }
}

std::uint64_t disk_usage(const std::string& directory, std::uint64_t enough) {
    std::error_code e;
    std::uint64_t sum = 0;
    // Links are not followed: a tenant chooses where they lead.
    for (fs::recursive_directory_iterator i(directory, fs::directory_options::skip_permission_denied, e), end;
         !e && i != end && sum <= enough; i.increment(e)) {
        std::error_code one;
        if (i->is_regular_file(one) && !i->is_symlink(one)) {
            const auto size = i->file_size(one);
            if (!one) sum += size;
        }
    }
    return sum;
}

}  // namespace grid::adapters::podman
