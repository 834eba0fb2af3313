#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/podman/api.hpp"
#include "lease/workload.hpp"
#include "messages/data.hpp"

namespace grid::adapters::podman {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One probe, now: does the container answer? Blocks for the probe's timeout at most.
bool probe_succeeds(const PodmanApi& api, const ContainerRow& row, const lease::Probe& probe);

/// Does a TCP port accept a connection within this time?
bool accepts_connections(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit);

/// How a container ended, in words.
std::string exit_words(const ContainerRow& row);

/// What the driver remembers about containers between two looks: probe results, crashes, evictions. Lost at a
/// restart of ours without harm: probes are made again, and crashes counted anew. Safe from any thread.
class HealthBook {
public:
    HealthBook(const PodmanApi& api, std::chrono::milliseconds first_backoff, unsigned restart_limit)
        : api_(api), first_backoff_(first_backoff), restart_limit_(restart_limit) {}

    /// The status of one application from its main containers; makes the readiness probes that are due.
    messages::AppStatus status(const std::vector<ContainerRow>& rows);

    /// All pods of this version run and are ready.
    bool all_ready(const std::vector<ContainerRow>& rows, std::size_t expected);

    /// A container that ended in a way that its restart policy does not forgive.
    static bool wants_restart(const ContainerRow& row);
    /// Notes the crash at first sight; true when the time for its restart has come (asked once for each).
    bool restart_due(const ContainerRow& row);
    /// A container that was restarted, but never came to run: podman 4.3 leaves it "created" when it still
    /// cleans up after the crash while the start comes. True once a second.
    bool restart_stuck(const ContainerRow& row);
    /// Makes a liveness probe when one is due; false when the container must be restarted.
    bool alive(const ContainerRow& row);
    /// It is stopped for good, and failed with this reason.
    void evict(const std::string& id, std::string reason);
    bool evicted(const std::string& id) const;
    void forget(const std::string& id);
    /// Forgets all containers that are not in the list.
    void keep_only(const std::vector<ContainerRow>& rows);

private:
    struct Entry {
        std::int64_t started_at = 0;
        bool ready = false;
        unsigned successes = 0;
        unsigned failures = 0;
        SteadyTime first_seen{};
        SteadyTime next_probe{};
        unsigned live_failures = 0;
        SteadyTime next_live{};
        bool crashed = false;
        SteadyTime restart_at{};
        std::vector<SteadyTime> crashes;
        std::string last_words;
        std::string evicted;
    };
    enum class Pod : std::uint8_t { starting, ready, failed, completed };
    struct PodView {
        Pod state = Pod::starting;
        std::string reason;
    };

    Entry& entry(const ContainerRow& row);
    bool ready_now(const ContainerRow& row, const ContainerRow& owner);
    PodView view(const std::vector<const ContainerRow*>& pod);
    PodView view_ended(const ContainerRow& row);

    const PodmanApi& api_;
    const std::chrono::milliseconds first_backoff_;
    const unsigned restart_limit_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace grid::adapters::podman
