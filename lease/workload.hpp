#pragma once

#include "chain/time.hpp"
#include "lease/container.hpp"

/// The typed workload model: what a manifest is lowered to after the policy, and all that a cluster driver
/// ever sees. A driver that cannot run something of it refuses the application with code `unsupported`.
namespace grid::lease {

enum class WorkloadKind : std::uint8_t { deployment, pod, stateful_set, job, cron_job };
enum class RestartPolicy : std::uint8_t { always, on_failure, never };

/// An emptyDir that the containers of a pod share. Every ScratchMount names one.
struct ScratchVolume {
    std::string name{};
    std::uint64_t size_mib = 0;  ///< limit; 0: the pod's ephemeral storage (in memory: its memory)
    bool in_memory = false;      ///< a tmpfs; what is written counts as memory of the container
    friend bool operator==(const ScratchVolume&, const ScratchVolume&) = default;
};

/// A persistent volume, ReadWriteOnce. It lives as long as the order, also when the application goes.
struct Claim {
    std::string name{};
    std::uint64_t size_mib = 0;
    std::string storage_class{};  ///< one of those that the provider sells; empty: its default
    friend bool operator==(const Claim&, const Claim&) = default;
};

/// How a new version of a deployment or stateful set takes the place of the old one.
struct Rollout {
    bool recreate = false;  ///< the old pods are stopped first
    std::uint32_t max_surge = 1;
    std::uint32_t max_unavailable = 0;
    bool surge_bought = false;       ///< the manifest asked for the surge, and so it was counted as bought
    std::uint32_t min_ready_s = 0;   ///< ready for so long before a pod counts
    std::uint32_t progress_s = 600;  ///< deadline of a deployment's progress
    bool parallel = false;           ///< stateful set: pods are started and stopped all at once
    friend bool operator==(const Rollout&, const Rollout&) = default;
};

/// How the pods of a job end, also of each run of a cron job. `replicas` of the workload run at once.
struct Completion {
    std::uint32_t completions =
        0;  ///< successes wanted; 0: done when one pod has succeeded and all have ended
    std::uint32_t backoff_limit = 6;             ///< failed pods before the job counts as failed
    std::optional<chain::Seconds> deadline{};    ///< of the whole job
    std::optional<chain::Seconds> keep_ended{};  ///< nothing: until the application goes
    friend bool operator==(const Completion&, const Completion&) = default;
};

/// When a cron job runs.
struct Schedule {
    enum class Concurrency : std::uint8_t { allow, forbid, replace };
    std::string cron{};  ///< five fields or @hourly and the like, in UTC
    Concurrency concurrency = Concurrency::allow;
    std::uint32_t runs_at_once = 1;  ///< for which resources were counted; further runs wait
    bool suspended = false;
    std::optional<chain::Seconds> starting_deadline{};
    std::uint32_t keep_succeeded = 3;
    std::uint32_t keep_failed = 1;
    friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// The user's own account at an image registry.
struct RegistryLogin {
    std::string registry{};  ///< host[:port], lower case; "docker.io" for Docker Hub
    std::string user{};
    std::string password{};  ///< secret
    friend bool operator==(const RegistryLogin&, const RegistryLogin&) = default;
};

/// A set of equal pods.
struct Workload {
    WorkloadKind kind = WorkloadKind::deployment;
    std::string name{};
    std::uint32_t replicas = 1;                   ///< pods at once, without surge; 0: stopped
    std::map<std::string, std::string> labels{};  ///< of the pods, as written by the user
    std::vector<Container> init_containers{};     ///< run one after another, each to its end
    std::vector<Container> containers{};
    RestartPolicy restart = RestartPolicy::always;
    std::uint32_t termination_grace_s = 30;
    std::vector<ScratchVolume> scratch{};
    std::optional<UserId> volume_group{};  ///< fsGroup: owns the volumes, and the pod's processes are of it
    std::vector<RegistryLogin> registry_logins{};
    std::uint64_t overhead_cpu_milli = 0;  ///< of each pod beside its containers, by the provider's runtime
    std::uint64_t overhead_memory_mib = 0;
    Rollout rollout;                       ///< deployment, stateful_set
    std::vector<Claim> claim_templates{};  ///< stateful_set: one volume of each for every pod
    std::string governing_service{};       ///< stateful_set: names its pods; may be empty or name none
    Completion completion;                 ///< job, cron_job
    Schedule schedule;                     ///< cron_job
    friend bool operator==(const Workload&, const Workload&) = default;
};

/// A port of a service.
struct ServicePort {
    std::string name{};
    std::uint16_t port = 0;         ///< asked at the service's name
    std::uint16_t target_port = 0;  ///< answered by the pods
    Protocol protocol = Protocol::tcp;
    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

/// A name inside the lease that stands for the pods of one workload.
struct Service {
    std::string name{};
    std::string workload{};
    std::vector<ServicePort> ports{};
    bool headless = false;      ///< the name gives the pods' own addresses
    bool also_unready = false;  ///< publishNotReadyAddresses
    friend bool operator==(const Service&, const Service&) = default;
};

/// Where visitors enter: the pods of a workload at a TCP port.
struct EntrancePoint {
    std::string name{};  ///< service or workload name; the default one is the first
    std::string workload{};
    std::uint16_t port = 0;
    std::vector<std::string> hosts{};  ///< that an Ingress asked for; served only after proof of ownership
    friend bool operator==(const EntrancePoint&, const EntrancePoint&) = default;
};

/// One deployed application: everything of one manifest.
struct Application {
    std::vector<Workload> workloads{};
    std::vector<Service> services{};
    std::vector<EntrancePoint> entrances{};
    std::vector<Claim> claims{};
    /// Told apart by drivers like any other field: the same content with a higher revision is a restart.
    std::uint64_t revision = 0;
    friend bool operator==(const Application&, const Application&) = default;
};

}  // namespace grid::lease
