#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "adapters/podman/api.hpp"
#include "adapters/podman/mounts.hpp"
#include "lease/workload.hpp"
#include "messages/data.hpp"

/// From the workload model to podman's create API, and back from labels: everything that the driver must know
/// about a running application stands on its containers, so that it survives any crash of ours.
namespace grid::adapters::podman {

namespace label {
inline constexpr char kGateway[] = "grid.gateway";
inline constexpr char kLease[] = "grid.lease";
inline constexpr char kApp[] = "grid.app";
inline constexpr char kVersion[] = "grid.version";  ///< digest of the workload's description
inline constexpr char kWorkload[] = "grid.workload";
inline constexpr char kReplica[] = "grid.replica";
inline constexpr char kContainer[] = "grid.container";
inline constexpr char kIndex[] = "grid.index";          ///< in the pod; 0 owns the pod's network
inline constexpr char kRole[] = "grid.role";            ///< main or init
inline constexpr char kAddress[] = "grid.address";      ///< IPv4 of the pod
inline constexpr char kEntrances[] = "grid.entrances";  ///< name=port;name=port, on index 0
inline constexpr char kRestart[] = "grid.restart";      ///< always, on_failure, never
inline constexpr char kReadiness[] = "grid.readiness";  ///< probe as JSON
inline constexpr char kLiveness[] = "grid.liveness";
inline constexpr char kStartup[] = "grid.startup";
inline constexpr char kPostStart[] = "grid.post_start";  ///< hook as JSON
inline constexpr char kPreStop[] = "grid.pre_stop";
inline constexpr char kMounts[] = "grid.mounts";        ///< on the host, see mounts.hpp
inline constexpr char kVolumes[] = "grid.volumes";      ///< persistent: name=MiB;name=MiB
inline constexpr char kRedirects[] = "grid.redirects";  ///< service ports, nftables statements, on index 0
inline constexpr char kKind[] = "grid.kind";            ///< serving or job
inline constexpr char kRun[] = "grid.run";              ///< of a cron job, minutes since 1970
inline constexpr char kCpu[] = "grid.cpu_milli";
inline constexpr char kMemory[] = "grid.memory_mib";
inline constexpr char kStorage[] = "grid.storage_mib";
inline constexpr char kGrace[] = "grid.grace_s";
inline constexpr char kUserBase[] = "grid.user_base";  ///< first host user id of the lease's range; 0: none
}  // namespace label

/// A persistent volume as a pod mounts it.
struct ClaimVolume {
    std::string volume;     ///< podman's name
    std::string directory;  ///< on the host
    std::uint64_t size_mib = 0;
};

/// One pod to be made.
struct PodPlan {
    std::string gateway;
    std::string lease;  ///< 64 hex digits
    std::string app;
    std::string version;
    const lease::Workload* workload = nullptr;
    std::string replica;  ///< "0", "1"; of a cron job "28000000-0"
    std::string run;      ///< cron job: minutes since 1970
    std::string network;
    std::string address;
    std::vector<std::string> aliases;
    std::vector<lease::EntrancePoint> entrances;
    std::string redirects;
    std::map<std::string, ClaimVolume> claims;  ///< by name of the claim
    std::uint32_t user_base = 0;
    std::uint32_t pids_limit = 512;
    std::string directory;  ///< of the pod's files and scratch on the host
    std::string mounts;     ///< of the pod's mounts on the host
};

/// One container of it.
struct ContainerPlan {
    const lease::Container* container = nullptr;
    std::size_t index = 0;
    bool init = false;
    std::string network_owner;  ///< id of the container whose network is joined; empty: own
};

/// Its pods are to run on: a deployment, pod or stateful set; jobs end.
inline bool serves(const lease::Workload& workload) {
    return workload.kind != lease::WorkloadKind::job && workload.kind != lease::WorkloadKind::cron_job;
}

/// 16 hex digits that change when the pods of this workload have to be others: not with their number, nor,
/// for jobs, with the revision.
std::string version_of(const lease::Application& application, const lease::Workload& workload);

/// "WORKLOAD-REPLICA": how users name the pod.
std::string pod_name(const PodPlan& pod);
/// Of the files that are mounted as the container's n-th.
std::string file_directory(const PodPlan& pod, const ContainerPlan& plan, std::size_t mount);
/// Scratch volumes are shared by name within the pod; the name in the path is a digest.
std::string scratch_directory(const PodPlan& pod, const std::string& volume);
/// What must be mounted on the host before this container starts.
std::vector<HostMount> host_mounts(const PodPlan& pod, const ContainerPlan& plan);

/// A short name for `text`: the first digits of its Keccak-256.
std::string short_digest(const std::string& text, std::size_t digits);

/// 64 hexadecimal digits without 0x.
std::string lease_text(const messages::Hash& lease);

/// The body of POST /libpod/containers/create.
std::string create_spec(const PodPlan& pod, const ContainerPlan& plan);

/// Makes the files and scratch directories of a pod. Code failed_to_start.
Result<void> make_pod_files(const PodPlan& pod);

/// The entrances on a container's label, and a number on one; 0 when it is none.
std::vector<std::pair<std::string, std::uint16_t>> read_entrances(const std::string& text);
std::uint64_t label_number(const ContainerRow& row, const char* name);

/// Names that may become part of a path or a label. Code bad_application.
Result<void> check_names(const std::string& app, const lease::Application& application);

}  // namespace grid::adapters::podman
