#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/result.hpp"

namespace grid::adapters::podman {

/// One run of a job: the job's only one, or that of one minute of a cron job.
struct Run {
    enum class State : std::uint8_t { running, succeeded, failed };
    std::string workload;
    std::string version;  ///< of the workload
    std::string run;      ///< cron job: minutes since 1970
    State state = State::running;
    std::uint64_t started = 0;  ///< seconds since 1970, by the driver's clock
    std::uint64_t ended = 0;
    std::uint32_t failed_starts = 0;   ///< pods that came to be no container
    std::uint64_t last_failure = 0;    ///< of these, seconds since 1970
    std::string reason;                ///< of its failure, or of the last failed start
    bool cleared = false;              ///< its pods are gone for good
    std::uint32_t succeeded = 0;       ///< pods that have been removed to make room, and how they had ended
    std::uint32_t failed = 0;          ///< the same; with restarts
    std::uint64_t next = 0;            ///< number of the next pod, at least
    std::vector<std::string> going{};  ///< replicas that are counted above, but may still be there
    friend bool operator==(const Run&, const Run&) = default;
};

/// The runs of one application's jobs, and up to which minute its cron jobs have been seen to.
struct RunBook {
    std::vector<Run> runs;
    std::map<std::string, std::uint64_t> last_minute;  ///< cron job -> seconds since 1970
    friend bool operator==(const RunBook&, const RunBook&) = default;

    /// Null when there is none.
    Run* find(const std::string& workload, const std::string& version, const std::string& run);
};

/// As it stands in a file; what cannot be read is empty.
RunBook read_runs(const std::string& path);
/// Durable when it returns. Code not_written.
Result<void> write_runs(const std::string& path, const RunBook& book);

}  // namespace grid::adapters::podman
