#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The typed workload model: what a manifest is lowered to after the policy, and all that a cluster driver
/// ever sees.
namespace grid::lease {

struct EnvironmentVariable {
    std::string name;
    std::string value;
    friend bool operator==(const EnvironmentVariable&, const EnvironmentVariable&) = default;
};

/// Files of a ConfigMap or Secret, shown read-only in a directory.
struct FileMount {
    std::string directory;                     ///< absolute path in the container
    std::map<std::string, std::string> files;  ///< name (no '/') -> content
    std::uint32_t mode = 0444;
    friend bool operator==(const FileMount&, const FileMount&) = default;
};

/// An emptyDir shared by the containers of a pod.
struct ScratchMount {
    std::string volume;  ///< name within the workload
    std::string directory;
    bool read_only = false;
    friend bool operator==(const ScratchMount&, const ScratchMount&) = default;
};

/// A numeric user or group of a container.
struct UserId {
    std::uint32_t value = 0;
    friend bool operator==(const UserId&, const UserId&) = default;
};

struct Port {
    std::string name;
    std::uint16_t number = 0;  ///< TCP
    friend bool operator==(const Port&, const Port&) = default;
};

struct Probe {
    enum class Kind : std::uint8_t { http_get, tcp_socket, exec };
    Kind kind = Kind::tcp_socket;
    std::string path;                  ///< http_get
    std::uint16_t port = 0;            ///< http_get, tcp_socket
    std::vector<std::string> command;  ///< exec
    std::uint32_t initial_delay_s = 0;
    std::uint32_t period_s = 10;
    std::uint32_t timeout_s = 1;
    std::uint32_t failure_threshold = 3;
    std::uint32_t success_threshold = 1;
    friend bool operator==(const Probe&, const Probe&) = default;
};

struct Container {
    std::string name;
    std::string image;
    std::vector<std::string> command;  ///< empty: the image's entry point
    std::vector<std::string> arguments;
    std::vector<EnvironmentVariable> environment;
    std::string working_directory;
    std::vector<Port> ports;
    std::uint64_t cpu_milli = 0;    ///< limit = request
    std::uint64_t memory_mib = 0;   ///< limit = request
    std::uint64_t storage_mib = 0;  ///< ephemeral
    std::vector<FileMount> files;
    std::vector<ScratchMount> scratch;
    std::optional<Probe> readiness;
    std::optional<Probe> liveness;
    std::optional<UserId> run_as_user;
    std::optional<UserId> run_as_group;
    bool run_as_non_root = false;
    bool read_only_root = false;
    bool pull_always = true;  ///< false only for images of the provider itself (localhost/...)
    friend bool operator==(const Container&, const Container&) = default;
};

enum class WorkloadKind : std::uint8_t { deployment, pod };
enum class RestartPolicy : std::uint8_t { always, on_failure, never };

/// A set of equal pods.
struct Workload {
    WorkloadKind kind = WorkloadKind::deployment;
    std::string name;
    std::uint32_t replicas = 1;
    std::map<std::string, std::string> labels;  ///< of the pods, as written by the user
    std::vector<Container> init_containers;     ///< run one after another, each to its end
    std::vector<Container> containers;
    RestartPolicy restart = RestartPolicy::always;
    std::uint32_t termination_grace_s = 30;
    friend bool operator==(const Workload&, const Workload&) = default;
};

struct ServicePort {
    std::string name;
    std::uint16_t port = 0;         ///< asked at the service's name
    std::uint16_t target_port = 0;  ///< answered by the pods
    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

/// A name inside the lease that stands for the pods of one workload.
struct Service {
    std::string name;
    std::string workload;
    std::vector<ServicePort> ports;
    friend bool operator==(const Service&, const Service&) = default;
};

/// Where visitors enter: the pods of a workload at a TCP port.
struct EntrancePoint {
    std::string name;  ///< service or workload name; the default one is the first
    std::string workload;
    std::uint16_t port = 0;
    friend bool operator==(const EntrancePoint&, const EntrancePoint&) = default;
};

/// One deployed application: everything of one manifest.
struct Application {
    std::vector<Workload> workloads;
    std::vector<Service> services;
    std::vector<EntrancePoint> entrances;
    friend bool operator==(const Application&, const Application&) = default;
};

}  // namespace grid::lease
