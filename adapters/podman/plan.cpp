#include "adapters/podman/plan.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <caf/binary_serializer.hpp>
#include <cstdlib>
#include <map>
#include <set>

#include "adapters/podman/probe_text.hpp"
#include "adapters/podman/registry_login.hpp"
#include "chain/keccak.hpp"
#include "lease/variables.hpp"
#include "messages/inspect.hpp"

namespace grid::adapters::podman {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
constexpr std::uint64_t kLogBytes = 10 * kMib;
constexpr std::uint64_t kPeriod = 100'000;  // microseconds, the kernel's usual one
constexpr std::uint64_t kMinQuota = 1'000;
constexpr std::size_t kMaxText = 1 << 20;

void pair(Json& json, const char* name, const std::string& value) {
    json.Key(name);
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}

void strings(Json& json, const char* name, const std::vector<std::string>& values) {
    json.Key(name);
    json.StartArray();
    for (const auto& value : values)
        json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
    json.EndArray();
}

const char* restart_text(lease::RestartPolicy policy) {
    switch (policy) {
        case lease::RestartPolicy::always:
            return "always";
        case lease::RestartPolicy::on_failure:
            return "on_failure";
        case lease::RestartPolicy::never:
            return "never";
    }
    return "always";
}

/// Where a part of a volume is mounted on the host for one container.
std::string sub_directory(const PodPlan& pod, const ContainerPlan& plan, char kind, std::size_t index) {
    return pod.mounts + (plan.init ? "/i" : "/c") + std::to_string(plan.index) + "-" + kind +
           std::to_string(index);
}

/// "name=MiB;name=MiB": the persistent volumes of a container.
std::string volumes_text(const PodPlan& pod, const lease::Container& c) {
    std::string text;
    for (const auto& mount : c.claims)
        if (const auto claim = pod.claims.find(mount.claim); claim != pod.claims.end())
            text += claim->second.volume + "=" + std::to_string(claim->second.size_mib) + ";";
    return text;
}

/// The container's variables with what only the driver knows.
std::vector<std::pair<std::string, std::string>> environment_of(const PodPlan& pod,
                                                                const lease::Container& c) {
    using Source = lease::EnvironmentVariable::Source;
    std::map<std::string, std::string> known;
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& variable : c.environment) {
        auto value = variable.source == Source::pod_name        ? pod_name(pod)
                     : variable.source == Source::pod_namespace ? "grid-" + short_digest(pod.lease, 12)
                     : variable.source == Source::pod_address   ? pod.address
                     : c.late_expansion ? lease::expand_variables(variable.value, known, kMaxText)
                                        : variable.value;
        known[variable.name] = value;
        out.emplace_back(variable.name, std::move(value));
    }
    return out;
}

std::vector<std::string> expanded(const lease::Container& c, const std::vector<std::string>& words,
                                  const std::vector<std::pair<std::string, std::string>>& environment) {
    if (!c.late_expansion) return words;
    const std::map<std::string, std::string> known(environment.begin(), environment.end());
    std::vector<std::string> out;
    for (const auto& word : words) out.push_back(lease::expand_variables(word, known, kMaxText));
    return out;
}

void labels(Json& json, const PodPlan& pod, const ContainerPlan& plan) {
    const auto& c = *plan.container;
    json.Key("labels");
    json.StartObject();
    pair(json, label::kGateway, pod.gateway);
    pair(json, label::kLease, pod.lease);
    pair(json, label::kApp, pod.app);
    pair(json, label::kVersion, pod.version);
    pair(json, label::kWorkload, pod.workload->name);
    pair(json, label::kReplica, pod.replica);
    pair(json, label::kKind, serves(*pod.workload) ? "serving" : "job");
    if (!pod.run.empty()) pair(json, label::kRun, pod.run);
    pair(json, label::kContainer, c.name);
    pair(json, label::kIndex, std::to_string(plan.index));
    pair(json, label::kRole, plan.init ? "init" : "main");
    pair(json, label::kAddress, pod.address);
    pair(json, label::kRestart, restart_text(pod.workload->restart));
    pair(json, label::kCpu, std::to_string(c.cpu_milli));
    pair(json, label::kMemory, std::to_string(c.memory_mib));
    pair(json, label::kStorage, std::to_string(c.storage_mib));
    pair(json, label::kGrace, std::to_string(pod.workload->termination_grace_s));
    pair(json, label::kUserBase, std::to_string(pod.user_base));
    if (c.readiness) pair(json, label::kReadiness, probe_text(*c.readiness));
    if (c.liveness) pair(json, label::kLiveness, probe_text(*c.liveness));
    if (c.startup) pair(json, label::kStartup, probe_text(*c.startup));
    if (c.post_start) pair(json, label::kPostStart, hook_text(*c.post_start));
    if (c.pre_stop) pair(json, label::kPreStop, hook_text(*c.pre_stop));
    if (const auto mounts = host_mounts(pod, plan); !mounts.empty())
        pair(json, label::kMounts, mounts_text(mounts));
    if (!c.claims.empty()) pair(json, label::kVolumes, volumes_text(pod, c));
    if (plan.index == 0 && !plan.init) {
        std::string text;
        for (const auto& entrance : pod.entrances)
            text += entrance.name + "=" + std::to_string(entrance.port) + ";";
        pair(json, label::kEntrances, text);
        if (!pod.redirects.empty()) pair(json, label::kRedirects, pod.redirects);
    }
    json.EndObject();
}

void network(Json& json, const PodPlan& pod, const ContainerPlan& plan) {
    const auto namespace_of = [&](const char* kind, const char* mode, const std::string& value) {
        json.Key(kind);
        json.StartObject();
        pair(json, "nsmode", mode);
        if (!value.empty()) pair(json, "value", value);
        json.EndObject();
    };
    if (!plan.network_owner.empty()) {
        namespace_of("netns", "container", plan.network_owner);
        if (pod.user_base) namespace_of("userns", "container", plan.network_owner);
        return;
    }
    pair(json, "hostname", pod.workload->name.substr(0, 62 - pod.replica.size()) + "-" + pod.replica);
    namespace_of("netns", "bridge", "");
    json.Key("Networks");
    json.StartObject();
    json.Key(pod.network.c_str());
    json.StartObject();
    strings(json, "static_ips", {pod.address});
    if (!plan.init) strings(json, "aliases", pod.aliases);
    json.EndObject();
    json.EndObject();
    if (!pod.user_base) return;
    namespace_of("userns", "private", "");
    json.Key("idmappings");
    json.StartObject();
    for (const char* map : {"UIDMap", "GIDMap"}) {
        json.Key(map);
        json.StartArray();
        json.StartObject();
        json.Key("container_id");
        json.Uint(0);
        json.Key("host_id");
        json.Uint(pod.user_base);
        json.Key("size");
        json.Uint(65536);
        json.EndObject();
        json.EndArray();
    }
    json.EndObject();
}

void limits(Json& json, const PodPlan& pod, const lease::Container& c) {
    json.Key("resource_limits");
    json.StartObject();
    if (c.memory_mib) {
        json.Key("memory");
        json.StartObject();
        json.Key("limit");
        json.Uint64(c.memory_mib * kMib);
        json.Key("swap");  // memory and swap together: no swap
        json.Uint64(c.memory_mib * kMib);
        json.EndObject();
    }
    if (c.cpu_milli) {
        json.Key("cpu");
        json.StartObject();
        json.Key("period");
        json.Uint64(kPeriod);
        json.Key("quota");
        json.Uint64(std::max(kMinQuota, c.cpu_milli * kPeriod / 1000));
        json.Key("shares");
        json.Uint64(std::max<std::uint64_t>(2, c.cpu_milli * 1024 / 1000));
        json.EndObject();
    }
    json.Key("pids");
    json.StartObject();
    json.Key("limit");
    json.Uint(pod.pids_limit);
    json.EndObject();
    json.EndObject();
}

void mounts(Json& json, const PodPlan& pod, const ContainerPlan& plan) {
    json.Key("mounts");
    json.StartArray();
    const auto bind = [&](const std::string& from, const std::string& to, bool read_only) {
        json.StartObject();
        pair(json, "type", "bind");
        pair(json, "source", from);
        pair(json, "destination", to);
        strings(json, "options", {"rbind", read_only ? "ro" : "rw", "nosuid", "nodev", "rprivate"});
        json.EndObject();
    };
    for (std::size_t i = 0; i < plan.container->files.size(); ++i) {
        const auto& mount = plan.container->files[i];
        const std::string file = mount.single ? "/" + mount.files.begin()->first : "";
        bind(file_directory(pod, plan, i) + file, mount.directory, true);
    }
    const auto& c = *plan.container;
    for (std::size_t i = 0; i < c.scratch.size(); ++i)
        bind(c.scratch[i].sub_path.empty() ? scratch_directory(pod, c.scratch[i].volume)
                                           : sub_directory(pod, plan, 's', i),
             c.scratch[i].directory, c.scratch[i].read_only);
    for (std::size_t i = 0; i < c.claims.size(); ++i)
        if (const auto claim = pod.claims.find(c.claims[i].claim); claim != pod.claims.end())
            bind(c.claims[i].sub_path.empty() ? claim->second.directory : sub_directory(pod, plan, 'p', i),
                 c.claims[i].directory, c.claims[i].read_only);
    json.EndArray();
}

}  // namespace

std::string file_directory(const PodPlan& pod, const ContainerPlan& plan, std::size_t mount) {
    return pod.directory + (plan.init ? "/i" : "/c") + std::to_string(plan.index) + "-" +
           std::to_string(mount);
}

std::string scratch_directory(const PodPlan& pod, const std::string& volume) {
    const auto name = "/v-" + short_digest(volume, 16);
    const auto& all = pod.workload->scratch;
    const auto i = std::find_if(all.begin(), all.end(), [&](const auto& v) { return v.name == volume; });
    return (i != all.end() && i->in_memory ? pod.mounts : pod.directory) + name;
}

std::vector<HostMount> host_mounts(const PodPlan& pod, const ContainerPlan& plan) {
    std::vector<HostMount> mounts;
    const auto& c = *plan.container;
    for (const auto& mount : c.scratch)
        for (const auto& volume : pod.workload->scratch)
            if (volume.name == mount.volume && volume.in_memory)
                mounts.push_back({scratch_directory(pod, volume.name), "", "",
                                  volume.size_mib ? volume.size_mib : c.memory_mib, pod.user_base});
    const auto part = [&](char kind, std::size_t i, const std::string& root, const std::string& sub_path) {
        if (!sub_path.empty())
            mounts.push_back({sub_directory(pod, plan, kind, i), root, sub_path, 0, pod.user_base});
    };
    for (std::size_t i = 0; i < c.scratch.size(); ++i)
        part('s', i, scratch_directory(pod, c.scratch[i].volume), c.scratch[i].sub_path);
    for (std::size_t i = 0; i < c.claims.size(); ++i)
        if (const auto claim = pod.claims.find(c.claims[i].claim); claim != pod.claims.end())
            part('p', i, claim->second.directory, c.claims[i].sub_path);
    return mounts;
}

std::string pod_name(const PodPlan& pod) {
    return pod.workload->name + "-" + pod.replica;
}

std::string short_digest(const std::string& text, std::size_t digits) {
    return chain::keccak256(text).hex().substr(2, digits);
}

std::string lease_text(const messages::Hash& lease) {
    return lease.hex().substr(2);
}

std::string version_of(const lease::Application& application, const lease::Workload& workload) {
    lease::Application part;
    part.workloads.push_back(workload);
    auto& w = part.workloads.front();
    w.replicas = 0;  // other pods, not others' pods
    w.rollout = {};
    if (serves(workload)) {
        part.revision = application.revision;
        for (const auto& service : application.services)
            if (service.workload == w.name) part.services.push_back(service);
        for (const auto& entrance : application.entrances)
            if (entrance.workload == w.name)
                part.entrances.push_back({entrance.name, w.name, entrance.port, {}});
    }
    for (const auto& claim : application.claims)
        if (std::any_of(w.containers.begin(), w.containers.end(), [&](const auto& c) {
                return std::any_of(c.claims.begin(), c.claims.end(),
                                   [&](const auto& m) { return m.claim == claim.name; });
            }))
            part.claims.push_back(claim);
    caf::binary_serializer::container_type buffer;
    caf::binary_serializer sink(nullptr, buffer);
    if (auto e = sink(part)) return "unserialisable";
    return short_digest(std::string(reinterpret_cast<const char*>(buffer.data()), buffer.size()), 16);
}

std::string create_spec(const PodPlan& pod, const ContainerPlan& plan) {
    const auto& c = *plan.container;
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    pair(json, "name",
         "grid-" + pod.gateway + "-" + short_digest(pod.lease, 12) + "-" + pod.app + "-" +
             pod.version.substr(0, 8) + "-" + pod_name(pod) + (plan.init ? "-init-" : "-") + c.name);
    pair(json, "image", whole_image_name(c.image));
    const auto environment = environment_of(pod, c);
    if (!c.command.empty()) strings(json, "entrypoint", expanded(c, c.command, environment));
    if (!c.arguments.empty()) strings(json, "command", expanded(c, c.arguments, environment));
    if (!c.working_directory.empty()) pair(json, "work_dir", c.working_directory);
    if (c.run_as_user)
        pair(json, "user",
             std::to_string(c.run_as_user->value) +
                 (c.run_as_group ? ":" + std::to_string(c.run_as_group->value) : ""));
    json.Key("env");
    json.StartObject();
    std::set<std::string> seen;  // the last of a name counts, as in Kubernetes
    for (auto i = environment.rbegin(); i != environment.rend(); ++i)
        if (seen.insert(i->first).second) pair(json, i->first.c_str(), i->second);
    json.EndObject();
    labels(json, pod, plan);
    network(json, pod, plan);
    limits(json, pod, c);
    mounts(json, pod, plan);
    if (pod.workload->volume_group)
        strings(json, "groups", {std::to_string(pod.workload->volume_group->value)});
    strings(json, "cap_drop", {"ALL"});
    strings(json, "cap_add", c.capabilities);
    json.Key("no_new_privileges");
    json.Bool(true);
    json.Key("read_only_filesystem");
    json.Bool(c.read_only_root);
    pair(json, "image_volume_mode", "ignore");
    pair(json, "systemd", "false");
    pair(json, "restart_policy", "no");
    json.Key("stop_timeout");
    json.Uint(pod.workload->termination_grace_s);
    json.Key("log_configuration");
    json.StartObject();
    pair(json, "driver", "k8s-file");
    json.Key("size");
    json.Uint64(kLogBytes);
    json.EndObject();
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::vector<std::pair<std::string, std::uint16_t>> read_entrances(const std::string& text) {
    std::vector<std::pair<std::string, std::uint16_t>> entrances;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(';', at), text.size());
        const auto part = text.substr(at, end - at);
        if (const auto equals = part.find('='); equals != std::string::npos)
            entrances.emplace_back(part.substr(0, equals), static_cast<std::uint16_t>(std::strtoul(
                                                               part.c_str() + equals + 1, nullptr, 10)));
        at = end + 1;
    }
    return entrances;
}

std::uint64_t label_number(const ContainerRow& row, const char* name) {
    return std::strtoull(row.label(name).c_str(), nullptr, 10);
}

}  // namespace grid::adapters::podman
