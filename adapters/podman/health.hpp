#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/podman/api.hpp"
#include "adapters/podman/events.hpp"
#include "adapters/podman/restart_book.hpp"
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
/// restart of ours without harm: probes are made again, and recent crashes counted anew. Safe from any
/// thread.
class HealthBook {
public:
    HealthBook(const PodmanApi& api, EventBook& events, const RestartBook& restarts,
               std::chrono::milliseconds first_backoff, unsigned restart_limit)
        : api_(api),
          events_(events),
          restarts_(restarts),
          first_backoff_(first_backoff),
          restart_limit_(restart_limit) {}

    /// The status of one application from its main containers; makes the readiness probes that are due.
    /// Tells crashes, probes that change their mind, and evictions to the events. `wanted`: pods that each
    /// workload shall have, of those that serve; empty: not known. Pods of jobs are told, and count for
    /// nothing.
    messages::AppStatus status(const std::vector<ContainerRow>& rows,
                               const std::map<std::string, std::size_t>& wanted);

    /// All pods of this version run and are ready.
    bool all_ready(const std::vector<ContainerRow>& rows, std::size_t expected);

    /// A container that ended in a way that its restart policy does not forgive.
    static bool wants_restart(const ContainerRow& row);
    /// Notes a crash at first sight. True when the time for a start has come: after a crash, after a start
    /// that failed, and when a start was answered well but the container never came to run. Stays true until
    /// the outcome of a start is told. What is only "stopped" is left to podman's own cleaning, which makes
    /// it "exited": podman 4.3, asked to start it before, forgets the network that it has without taking it
    /// down.
    bool restart_due(const ContainerRow& row);
    /// What podman answered to a start. A start that failed is no crash of the application: it is tried
    /// again, ever more slowly, and podman's words are the reason meanwhile.
    void restarted(const ContainerRow& row, const Result<void>& outcome);
    /// It crashed or could not be started, and was not started since.
    bool awaits_restart(const std::string& id) const;
    /// Makes a liveness probe when one is due; false when the container must be restarted.
    bool alive(const ContainerRow& row);
    /// It is stopped for good, and failed with this reason.
    void evict(const ContainerRow& row, std::string reason);
    bool evicted(const std::string& id) const;
    /// It is stopped on purpose and may be started again: its end is no crash.
    void hold(const std::string& id);
    void release(const std::string& id);
    void forget(const std::string& id);
    /// Forgets all containers that are not in the list.
    void keep_only(const std::vector<ContainerRow>& rows);

private:
    struct Entry {
        SteadyTime changed_at{};  ///< by a crash or a start: rows that were read before tell of the past

        /// A new start: probes begin anew, crashes stay in memory.
        void begin_probes();
        std::int64_t started_at = 0;
        bool started = false;  ///< its startup probe has succeeded, or it has none
        unsigned start_failures = 0;
        SteadyTime next_start{};
        bool held = false;
        bool ready = false;
        unsigned successes = 0;
        unsigned failures = 0;
        SteadyTime first_seen{};
        SteadyTime next_probe{};
        unsigned live_failures = 0;
        SteadyTime next_live{};
        bool crashed = false;
        bool restart_begun = false;  ///< a start of ours was answered, and it was not seen running since
        unsigned failed_starts = 0;  ///< one after another
        std::string start_error;     ///< of the last one
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
    bool comes_up(const ContainerRow& row);
    bool ready_now(const ContainerRow& row, const ContainerRow& owner);
    PodView view(const std::vector<const ContainerRow*>& pod);
    PodView view_ended(const ContainerRow& row);
    PodView view_unstarted(const ContainerRow& row, const Entry& e) const;

    messages::PodStatus told(const std::vector<const ContainerRow*>& pod, const PodView& view) const;

    const PodmanApi& api_;
    EventBook& events_;
    const RestartBook& restarts_;
    const std::chrono::milliseconds first_backoff_;
    const unsigned restart_limit_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace grid::adapters::podman
