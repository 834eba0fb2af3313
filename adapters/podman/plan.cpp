#include "adapters/podman/plan.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <caf/binary_serializer.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "chain/keccak.hpp"
#include "messages/inspect.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using Json = rapidjson::Writer<rapidjson::StringBuffer>;

namespace {

constexpr std::uint64_t kMib = 1024 * 1024;
constexpr std::uint64_t kLogBytes = 10 * kMib;
constexpr std::uint64_t kPeriod = 100'000;  // microseconds, the kernel's usual one
constexpr std::uint64_t kMinQuota = 1'000;

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

std::string file_directory(const PodPlan& pod, const ContainerPlan& plan, std::size_t mount) {
    return pod.directory + (plan.init ? "/i" : "/c") + std::to_string(plan.index) + "-" +
           std::to_string(mount);
}

/// Scratch volumes are shared by name within the pod; the name in the path is a digest.
std::string scratch_directory(const PodPlan& pod, const std::string& volume) {
    return pod.directory + "/v-" + short_digest(volume, 16);
}

void labels(Json& json, const PodPlan& pod, const ContainerPlan& plan) {
    const auto& c = *plan.container;
    json.Key("labels");
    json.StartObject();
    pair(json, label::kGateway, pod.gateway);
    pair(json, label::kLease, pod.lease);
    pair(json, label::kApp, pod.app);
    pair(json, label::kVersion, pod.version);
    pair(json, label::kExpected, std::to_string(pod.expected));
    pair(json, label::kWorkload, pod.workload->name);
    pair(json, label::kReplica, std::to_string(pod.replica));
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
    if (plan.index == 0 && !plan.init) {
        std::string text;
        for (const auto& entrance : pod.entrances)
            text += entrance.name + "=" + std::to_string(entrance.port) + ";";
        pair(json, label::kEntrances, text);
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
    pair(json, "hostname", pod.workload->name.substr(0, 50) + "-" + std::to_string(pod.replica));
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
    for (const auto& scratch : plan.container->scratch)
        bind(scratch_directory(pod, scratch.volume), scratch.directory, scratch.read_only);
    json.EndArray();
}

bool valid_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 && name[0] != '-' && name[0] != '.' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

/// A relative path that does not leave its directory.
bool valid_file_path(const std::string& path) {
    if (path.empty() || path.size() > 1024 || path.find('\0') != std::string::npos) return false;
    for (const auto& part : fs::path(path))
        if (part.empty() || part == "." || part == ".." || part == "/") return false;
    return true;
}

bool valid_directory(const std::string& path) {
    return path.size() > 1 && path[0] == '/' && path.find(std::string("\0", 1)) == std::string::npos &&
           path.find(':') == std::string::npos;
}

Result<void> write_files(const std::string& directory, const lease::FileMount& mount, std::uint32_t owner) {
    std::error_code e;
    fs::create_directories(directory, e);
    if (e) return fail("failed_to_start", "the directory for files cannot be made: " + e.message());
    for (const auto& [name, content] : mount.files) {
        const auto path = directory + "/" + name;
        for (auto parent = fs::path(path).parent_path(); parent != fs::path(directory);
             parent = parent.parent_path())
            if (fs::create_directories(parent, e); e || ::chmod(parent.c_str(), 0755) != 0)
                return fail("failed_to_start", "the directory for " + name + " cannot be made");
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << content;
        if (!out.flush()) return fail("failed_to_start", "the file " + name + " cannot be written");
        out.close();
        const auto other = mount.modes.find(name);
        const auto mode = other == mount.modes.end() ? mount.mode : other->second;
        if (::chmod(path.c_str(), mode & 0777) != 0 || (owner && ::chown(path.c_str(), owner, owner) != 0))
            return fail("failed_to_start", "the file " + name + " cannot be prepared");
    }
    if (::chmod(directory.c_str(), 0755) != 0)
        return fail("failed_to_start", "the directory cannot be prepared");
    return {};
}

}  // namespace

std::string short_digest(const std::string& text, std::size_t digits) {
    return chain::keccak256(text).hex().substr(2, digits);
}

std::string lease_text(const messages::Hash& lease) {
    return lease.hex().substr(2);
}

std::string version_of(const lease::Application& application) {
    caf::binary_serializer::container_type buffer;
    caf::binary_serializer sink(nullptr, buffer);
    auto copy = application;
    if (auto e = sink(copy)) return "unserialisable";
    return short_digest(std::string(reinterpret_cast<const char*>(buffer.data()), buffer.size()), 16);
}

std::string create_spec(const PodPlan& pod, const ContainerPlan& plan) {
    const auto& c = *plan.container;
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    pair(json, "name",
         "grid-" + pod.gateway + "-" + short_digest(pod.lease, 12) + "-" + pod.app + "-" +
             pod.version.substr(0, 8) + "-" + pod.workload->name + "-" + std::to_string(pod.replica) +
             (plan.init ? "-init-" : "-") + c.name);
    pair(json, "image", c.image);
    if (!c.command.empty()) strings(json, "entrypoint", c.command);
    if (!c.arguments.empty()) strings(json, "command", c.arguments);
    if (!c.working_directory.empty()) pair(json, "work_dir", c.working_directory);
    if (c.run_as_user)
        pair(json, "user",
             std::to_string(c.run_as_user->value) +
                 (c.run_as_group ? ":" + std::to_string(c.run_as_group->value) : ""));
    json.Key("env");
    json.StartObject();
    std::set<std::string> seen;  // the last of a name counts, as in Kubernetes
    for (auto i = c.environment.rbegin(); i != c.environment.rend(); ++i)
        if (seen.insert(i->name).second) pair(json, i->name.c_str(), i->value);
    json.EndObject();
    labels(json, pod, plan);
    network(json, pod, plan);
    limits(json, pod, c);
    mounts(json, pod, plan);
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

Result<void> make_pod_files(const PodPlan& pod) {
    std::error_code e;
    fs::create_directories(pod.directory, e);
    if (e)
        return fail("failed_to_start", "the directory " + pod.directory + " cannot be made: " + e.message());
    const auto make = [&](const std::vector<lease::Container>& containers, bool init) -> Result<void> {
        for (std::size_t i = 0; i < containers.size(); ++i) {
            const ContainerPlan plan{&containers[i], i, init, {}};
            for (std::size_t m = 0; m < containers[i].files.size(); ++m)
                if (auto ok =
                        write_files(file_directory(pod, plan, m), containers[i].files[m], pod.user_base);
                    !ok)
                    return ok;
            for (const auto& scratch : containers[i].scratch) {
                const auto path = scratch_directory(pod, scratch.volume);
                fs::create_directories(path, e);
                // Every user of the container may write, as with an emptyDir; the way to it is closed on the
                // host.
                if (e || ::chmod(path.c_str(), 01777) != 0 ||
                    (pod.user_base && ::chown(path.c_str(), pod.user_base, pod.user_base) != 0))
                    return fail("failed_to_start",
                                "the scratch volume " + scratch.volume + " cannot be made");
            }
        }
        return {};
    };
    if (auto ok = make(pod.workload->init_containers, true); !ok) return ok;
    return make(pod.workload->containers, false);
}

std::string probe_text(const lease::Probe& probe) {
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    json.Key("kind");
    json.Uint(static_cast<unsigned>(probe.kind));
    pair(json, "path", probe.path);
    json.Key("port");
    json.Uint(probe.port);
    strings(json, "command", probe.command);
    const std::pair<const char*, std::uint32_t> numbers[] = {{"delay", probe.initial_delay_s},
                                                             {"period", probe.period_s},
                                                             {"timeout", probe.timeout_s},
                                                             {"failures", probe.failure_threshold},
                                                             {"successes", probe.success_threshold}};
    for (const auto& [name, value] : numbers) {
        json.Key(name);
        json.Uint(value);
    }
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::optional<lease::Probe> read_probe(const std::string& text) {
    if (text.empty()) return std::nullopt;
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    if (document.HasParseError() || !document.IsObject()) return std::nullopt;
    const auto number = [&](const char* name) -> std::uint32_t {
        const auto i = document.FindMember(name);
        return i != document.MemberEnd() && i->value.IsUint() ? i->value.GetUint() : 0;
    };
    lease::Probe probe;
    const auto kind = number("kind");
    if (kind > static_cast<unsigned>(lease::Probe::Kind::exec)) return std::nullopt;
    probe.kind = static_cast<lease::Probe::Kind>(kind);
    if (document.HasMember("path") && document["path"].IsString()) probe.path = document["path"].GetString();
    probe.port = static_cast<std::uint16_t>(number("port"));
    if (document.HasMember("command") && document["command"].IsArray())
        for (const auto& word : document["command"].GetArray())
            if (word.IsString()) probe.command.emplace_back(word.GetString());
    probe.initial_delay_s = number("delay");
    probe.period_s = std::max(1u, number("period"));
    probe.timeout_s = std::max(1u, number("timeout"));
    probe.failure_threshold = std::max(1u, number("failures"));
    probe.success_threshold = std::max(1u, number("successes"));
    return probe;
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

Result<void> check_names(const std::string& app, const lease::Application& application) {
    const auto bad = [](const std::string& what, const std::string& value) {
        return fail("bad_application", what + ": \"" + value + "\" cannot be used");
    };
    if (!valid_name(app) || app.size() > 63) return bad("name of the application", app);
    if (application.workloads.empty()) return fail("bad_application", "the application has no workload");
    std::set<std::string> workloads;
    for (const auto& w : application.workloads) {
        if (!valid_name(w.name) || !workloads.insert(w.name).second) return bad("name of a workload", w.name);
        if (w.containers.empty()) return bad("workload without containers", w.name);
        std::set<std::string> names;
        for (const auto* list : {&w.init_containers, &w.containers})
            for (const auto& c : *list) {
                if (!valid_name(c.name) || !names.insert(c.name).second)
                    return bad("name of a container", c.name);
                if (c.image.empty()) return bad("image of container " + c.name, c.image);
                for (const auto& mount : c.files) {
                    if (!valid_directory(mount.directory))
                        return bad("directory of a mount", mount.directory);
                    for (const auto& file : mount.files)
                        if (!valid_file_path(file.first)) return bad("path of a file", file.first);
                    if (mount.single && mount.files.size() != 1)
                        return bad("mount of one file", mount.directory);
                }
                for (const auto& scratch : c.scratch)
                    if (!valid_directory(scratch.directory))
                        return bad("directory of a mount", scratch.directory);
            }
    }
    for (const auto& s : application.services)
        if (!valid_name(s.name)) return bad("name of a service", s.name);
    for (const auto& e : application.entrances)
        if (!valid_name(e.name) || !workloads.count(e.workload) || e.port < 1) return bad("entrance", e.name);
    return {};
}

}  // namespace grid::adapters::podman
