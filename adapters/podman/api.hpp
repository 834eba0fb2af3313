#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/http_client.hpp"
#include "store/result.hpp"

/// The calls of podman's libpod REST API that the driver needs, as values (docs.podman.io, API v4).
namespace grid::adapters::podman {

using std::chrono::milliseconds;

/// A container, as a list shows it.
struct ContainerRow {
    std::string id;
    std::string name;
    std::string image;
    std::string state;  ///< created, initialized, running, stopping, stopped, exited, paused, removing
    int exit_code = 0;
    std::int64_t created_at = 0;  ///< nanoseconds since 1970, from podman's text; orders rows
    std::int64_t started_at = 0;  ///< seconds since 1970
    std::int64_t exited_at = 0;
    std::chrono::steady_clock::time_point read_at{};  ///< asked for then: what came to pass before is in it
    std::uint64_t written_bytes = 0;                  ///< only when asked for sizes
    std::map<std::string, std::string> labels;

    const std::string& label(const std::string& name) const;
    bool running() const { return state == "running"; }
    bool ended() const { return state == "exited" || state == "stopped"; }
};

/// A command inside a container.
struct ExecRow {
    bool running = false;
    int exit_code = 0;
    int pid = 0;  ///< on this machine
};

/// A network with its bridge.
struct NetworkRow {
    std::string name;
    std::string subnet;     ///< "10.192.7.0/24"
    std::string interface;  ///< of the bridge
    std::map<std::string, std::string> labels;
};

/// A named volume.
struct VolumeRow {
    std::string name;
    std::string directory;  ///< on this machine
    bool fresh = false;     ///< made by this very call
    std::map<std::string, std::string> labels;

    const std::string& label(const std::string& name) const;
};

/// An image of the storage.
struct ImageRow {
    std::string id;
    std::vector<std::string> names;  ///< none: an old version whose name has moved on
    bool used = false;               ///< by a container
};

/// What podman found out about the machine.
struct HostInfo {
    std::vector<std::string> controllers;
    std::string network_backend;
    bool seccomp = false;
    std::string version;
};

/// Error codes: cluster_unavailable (no answer, or none in time), not_found, conflict, podman_error (its own
/// words).
class PodmanApi {
public:
    explicit PodmanApi(const std::string& socket) : client_(runtime::UnixSocket{socket}) {}

    Result<HostInfo> info() const;
    /// Containers that bear all these labels ("key=value").
    Result<std::vector<ContainerRow>> containers(const std::vector<std::string>& labels,
                                                 bool sizes = false) const;
    Result<std::string> create(const std::string& spec) const;  ///< answers the id
    Result<void> start(const std::string& id) const;
    Result<void> stop(const std::string& id, unsigned grace_s) const;
    /// Kills and deletes, with its anonymous volumes; one that is not there is fine.
    Result<void> remove(const std::string& id) const;
    /// The end of the log, both streams as they came.
    Result<std::string> last_lines(const std::string& id, unsigned lines) const;
    /// The log from `tail` lines before its end (or since a time), until it ends or the sink has enough.
    Result<void> follow(const std::string& id, bool follow, unsigned tail, std::int64_t since,
                        const std::function<bool(std::string_view)>& sink, runtime::HttpStop* stop) const;
    /// The last `tail` lines of what the container printed between two times, in nanoseconds since 1970; 0:
    /// from its beginning, up to now.
    Result<void> log_between(const std::string& id, std::int64_t since, std::int64_t until, unsigned tail,
                             const std::function<bool(std::string_view)>& sink) const;
    /// Runs a command in a container; answers its exit code.
    Result<int> execute(const std::string& id, const std::vector<std::string>& command,
                        milliseconds limit) const;

    /// Prepares a command with all three streams; answers its id. Code conflict: the container does not run.
    Result<std::string> create_exec(const std::string& id, const std::vector<std::string>& command,
                                    bool tty) const;
    Result<ExecRow> exec_state(const std::string& exec) const;
    Result<void> resize_exec(const std::string& exec, unsigned columns, unsigned rows) const;
    /// The path of a prepared command.
    static std::string exec_path(const std::string& exec);

    /// Of its first process, on this machine; 0: it does not run.
    Result<int> pid_of(const std::string& id) const;

    /// Makes a volume; one of that name that is there already is fine.
    Result<VolumeRow> create_volume(const std::string& name,
                                    const std::map<std::string, std::string>& labels) const;
    /// Volumes that bear all these labels ("key=value").
    Result<std::vector<VolumeRow>> volumes(const std::vector<std::string>& labels) const;
    /// One that is not there is fine. Code conflict: a container has it.
    Result<void> remove_volume(const std::string& name) const;

    Result<NetworkRow> create_network(const std::string& spec) const;
    Result<NetworkRow> network(const std::string& name) const;
    Result<std::vector<NetworkRow>> networks(const std::string& label) const;
    Result<void> remove_network(const std::string& name) const;

    Result<bool> image_exists(const std::string& name) const;
    /// All images of this podman.
    Result<std::vector<ImageRow>> images() const;
    /// Code conflict when a container uses it; one that is not there is fine.
    Result<void> remove_image(const std::string& id) const;
    /// The user that an image's configuration names; empty: root.
    Result<std::string> image_user(const std::string& name) const;
    /// Code image_unavailable with podman's message. `login`: a header of registry_login.
    Result<void> pull(const std::string& name, const std::string& login, milliseconds limit) const;

private:
    Result<std::string> prepare_exec(const std::string& id, const std::vector<std::string>& command,
                                     const std::vector<const char*>& flags) const;
    Result<runtime::HttpResponse> call(const std::string& method, const std::string& path,
                                       const std::string& body = {},
                                       milliseconds limit = milliseconds(30'000)) const;
    runtime::HttpClient client_;
};

/// Takes podman's log frames apart (8 bytes: stream, three zeros, length in big endian; then the text).
class FrameReader {
public:
    /// Calls `sink` for each whole text; false when the sink has enough.
    bool feed(std::string_view bytes, const std::function<bool(std::string_view)>& sink);

private:
    std::string pending_;
};

}  // namespace grid::adapters::podman
