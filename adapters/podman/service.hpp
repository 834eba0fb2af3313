#pragma once

#include <sys/types.h>

#include <mutex>
#include <string>

#include "adapters/podman.hpp"

namespace grid::adapters::podman {

/// Where things are: derived from the configuration once.
struct Layout {
    std::string data;             ///< data_dir
    std::string storage;          ///< podman's graph root
    std::string run;              ///< podman's run root
    std::string socket;           ///< podman's socket
    std::string containers_conf;  ///< written by us, named by CONTAINERS_CONF
    std::string storage_conf;     ///< written by us, named by CONTAINERS_STORAGE_CONF
    std::string apps;             ///< files and scratch directories of applications
    std::string kept;             ///< what is remembered of applications: events, restarts, last lines
    bool own_service = true;
};

/// Checks the configuration and makes the directories. Code `bad_config`.
Result<Layout> prepare_layout(const PodmanConfig& config);

/// The `podman system service` that serves us: a child process that outlives a crash of ours and is found
/// again by its socket. With a socket of somebody else's this only looks whether it answers.
class PodmanService {
public:
    explicit PodmanService(Layout layout) : layout_(std::move(layout)) {}

    /// Adopts the service that answers on the socket, or starts one. Code `cluster_unavailable` with podman's
    /// words.
    Result<void> ensure();
    bool answers() const;
    /// Ends the service if it is ours. Containers run on.
    void stop();

private:
    Result<void> start();
    void reap();
    pid_t recorded_pid() const;

    Layout layout_;
    std::mutex mutex_;
    bool stopped_ = false;  ///< for good: who still asks must not start another service
    pid_t child_ = -1;
};

}  // namespace grid::adapters::podman
