#include "lease/lower_pod.hpp"

#include <algorithm>
#include <set>

#include "lease/image_name.hpp"
#include "lease/lower_environment.hpp"
#include "lease/names.hpp"
#include "lease/quantity.hpp"

namespace grid::lease {
namespace {

/// A volume of a pod: files, or a scratch directory.
struct Volume {
    bool scratch = false;
    std::map<std::string, std::string> files;
    std::uint32_t mode = FileMount{}.mode;
};

/// What every container of one pod is lowered with.
struct PodContext {
    const YamlNode& spec;
    const ConfigObjects& objects;
    const ManifestLimits& limits;
    TextBudget& budget;
    std::map<std::string, Volume> volumes;
};

// ---- volumes ----

/// The files of a ConfigMap or Secret that a volume shows.
std::map<std::string, std::string> chosen_files(const YamlNode& source, const Place& place,
                                                const ConfigObjects::Content& content) {
    const YamlNode* const items = source.find("items");
    if (items == nullptr) return content;
    std::map<std::string, std::string> files;
    const Place all(place, "items");
    std::size_t index = 0;
    for (const YamlNode& item : items->items) {
        const Place here(all, index++);
        const std::string key = text_of(item.find("key"));
        const auto found = content.find(key);
        if (found != content.end())
            files[text_of(item.find("path"))] = found->second;
        else if (!flag_of(source.find("optional"), false))
            refuse("bad_manifest", here, "there is no key \"" + key + "\" in it", &item);
    }
    return files;
}

Volume lower_files(const YamlNode& source, const Place& place, std::string_view kind, const std::string& name,
                   const std::map<std::string, ConfigObjects::Content>& among) {
    Volume volume;
    volume.mode = static_cast<std::uint32_t>(number_of(source.find("defaultMode"), FileMount{}.mode));
    if (const auto found = among.find(name); found != among.end())
        volume.files = chosen_files(source, place, found->second);
    else if (!flag_of(source.find("optional"), false))
        refuse("bad_manifest", place,
               "there is no " + std::string(kind) + " \"" + name + "\" in the manifest", &source);
    return volume;
}

void lower_volumes(PodContext& pod, const Place& place) {
    const Place all(place, "volumes");
    std::size_t index = 0;
    for (const YamlNode& node : elements_of(pod.spec.find("volumes"))) {
        const Place here(all, index++);
        const std::string name = text_of(node.find("name"));
        const YamlNode* const config_map = node.find("configMap");
        const YamlNode* const secret = node.find("secret");
        if ((config_map != nullptr) + (secret != nullptr) + (node.find("emptyDir") != nullptr) > 1)
            refuse("bad_manifest", here, "expected one source of the volume", &node);
        Volume volume;
        if (config_map != nullptr)
            volume = lower_files(*config_map, Place(here, "configMap"), "ConfigMap",
                                 text_of(config_map->find("name")), pod.objects.config_maps);
        else if (secret != nullptr)
            volume = lower_files(*secret, Place(here, "secret"), "Secret",
                                 text_of(secret->find("secretName")), pod.objects.secrets);
        else
            volume.scratch = true;  // also without any source: Kubernetes' default
        if (!pod.volumes.emplace(name, std::move(volume)).second)
            refuse("bad_manifest", here, "the volume \"" + name + "\" stands here twice", &node);
    }
}

/// Without double and final slashes.
std::string plain_path(std::string_view path) {
    std::string plain;
    for (const char c : path)
        if (c != '/' || plain.empty() || plain.back() != '/') plain += c;
    if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    return plain;
}

/// Directories in which the runtime itself keeps order.
bool reserved_directory(std::string_view path) {
    if (path == "/" || path == "/dev") return true;
    if (path.starts_with("/dev/")) return path != "/dev/shm";
    return path == "/proc" || path.starts_with("/proc/") || path == "/sys" || path.starts_with("/sys/");
}

void lower_mounts(const YamlNode& node, const Place& place, PodContext& pod, Container& container) {
    const Place all(place, "volumeMounts");
    std::set<std::string> directories;
    std::size_t index = 0;
    for (const YamlNode& mount : elements_of(node.find("volumeMounts"))) {
        const Place here(all, index++);
        const std::string name = text_of(mount.find("name"));
        const std::string directory = plain_path(text_of(mount.find("mountPath")));
        const auto volume = pod.volumes.find(name);
        if (volume == pod.volumes.end())
            refuse("bad_manifest", Place(here, "name"), "there is no volume \"" + name + "\" in this pod",
                   &mount);
        if (reserved_directory(directory))
            refuse("policy", Place(here, "mountPath"), directory + " is not allowed", &mount);
        if (!directories.insert(directory).second)
            refuse("bad_manifest", Place(here, "mountPath"), directory + " is mounted twice", &mount);
        if (volume->second.scratch) {
            container.scratch.push_back({name, directory, flag_of(mount.find("readOnly"), false)});
            continue;
        }
        std::size_t bytes = 0;
        for (const auto& [file, content] : volume->second.files) bytes += file.size() + content.size();
        pod.budget.take(bytes, here);
        container.files.push_back({directory, volume->second.files, volume->second.mode});
    }
}

// ---- resources ----

std::optional<std::uint64_t> read_amount(const YamlNode* list, const Place& place, std::string_view name,
                                         Result<std::uint64_t> (*parse)(std::string_view)) {
    const YamlNode* const quantity = list == nullptr ? nullptr : list->find(name);
    if (quantity == nullptr) return std::nullopt;
    const auto amount = parse(quantity->text);
    if (!amount) refuse("bad_manifest", Place(place, name), amount.error().message, quantity);
    if (*amount == 0) refuse("bad_manifest", Place(place, name), "expected more than 0", quantity);
    return *amount;
}

/// The limit, or the request where there is no limit: what is given is what is guaranteed.
std::optional<std::uint64_t> read_demand(const YamlNode* resources, const Place& place, std::string_view name,
                                         Result<std::uint64_t> (*parse)(std::string_view)) {
    if (resources == nullptr) return std::nullopt;
    const Place requests(place, "requests");
    const auto request = read_amount(resources->find("requests"), requests, name, parse);
    const auto limit = read_amount(resources->find("limits"), Place(place, "limits"), name, parse);
    if (request && limit && *request > *limit)
        refuse("bad_manifest", Place(requests, name), "the request is above the limit", resources);
    return limit ? limit : request;
}

ContainerDemand lower_resources(const YamlNode& node, const Place& place) {
    const YamlNode* const resources = node.find("resources");
    const Place here(place, "resources");
    return {read_demand(resources, here, "cpu", parse_millicores),
            read_demand(resources, here, "memory", parse_mebibytes),
            read_demand(resources, here, "ephemeral-storage", parse_mebibytes)};
}

// ---- containers ----

void lower_image(const YamlNode& node, const Place& place, const ManifestLimits& limits,
                 Container& container) {
    container.image = text_of(node.find("image"));
    const auto source = check_image(container.image);
    const Place here(place, "image");
    if (!source) refuse(source.error().code, here, source.error().message, node.find("image"));
    if (*source == ImageSource::local && !limits.allow_local_images)
        refuse("policy", here, "an image of the provider's own (localhost/...) is not allowed",
               node.find("image"));
    container.pull_always = *source == ImageSource::registry;
    const YamlNode* const pull = node.find("imagePullPolicy");
    if (container.pull_always && text_of(pull) == "Never")
        refuse("policy", Place(place, "imagePullPolicy"), "Never is not allowed for an image of a registry",
               pull);
}

void lower_security(const YamlNode& node, const Place& place, const PodContext& pod, Container& container) {
    const YamlNode* const own = node.find("securityContext");
    const YamlNode* const of_pod = pod.spec.find("securityContext");
    const auto find = [&](std::string_view name) -> const YamlNode* {
        const YamlNode* const found = own == nullptr ? nullptr : own->find(name);
        return found != nullptr || of_pod == nullptr ? found : of_pod->find(name);
    };
    if (const auto* const user = find("runAsUser"))
        container.run_as_user = UserId{static_cast<std::uint32_t>(number_of(user, 0))};
    if (const auto* const group = find("runAsGroup"))
        container.run_as_group = UserId{static_cast<std::uint32_t>(number_of(group, 0))};
    const YamlNode* const non_root = find("runAsNonRoot");
    container.run_as_non_root = flag_of(non_root, false);
    container.read_only_root = own != nullptr && flag_of(own->find("readOnlyRootFilesystem"), false);

    const Place here(place, "securityContext");
    const bool as_root = container.run_as_user && container.run_as_user->value == 0;
    if (pod.limits.profile == Profile::restricted) {
        if (non_root != nullptr && !container.run_as_non_root)
            refuse("policy", Place(here, "runAsNonRoot"), "false is not allowed (profile restricted)",
                   non_root);
        if (as_root)
            refuse("policy", Place(here, "runAsUser"), "0 is not allowed (profile restricted)",
                   find("runAsUser"));
        container.run_as_non_root = true;
    } else if (as_root && container.run_as_non_root) {
        refuse("bad_manifest", Place(here, "runAsUser"), "0 contradicts runAsNonRoot", find("runAsUser"));
    }
    // A process of an ordinary user holds none of the others anyway.
    if (pod.limits.profile == Profile::restricted)
        container.capabilities.clear();
    else if (container.run_as_non_root)
        container.capabilities = {"NET_BIND_SERVICE"};
}

std::vector<Port> lower_ports(const YamlNode& node) {
    std::vector<Port> ports;
    for (const YamlNode& port : elements_of(node.find("ports")))
        ports.push_back({text_of(port.find("name")),
                         static_cast<std::uint16_t>(number_of(port.find("containerPort"), 0))});
    return ports;
}

std::optional<Probe> lower_probe(const YamlNode* node, const Place& place, const Container& container,
                                 TextBudget& budget) {
    if (node == nullptr) return std::nullopt;
    const YamlNode* const http = node->find("httpGet");
    const YamlNode* const tcp = node->find("tcpSocket");
    const YamlNode* const exec = node->find("exec");
    if ((http != nullptr) + (tcp != nullptr) + (exec != nullptr) != 1)
        refuse("bad_manifest", place, "expected one of httpGet, tcpSocket and exec", node);
    Probe probe;
    if (http != nullptr) {
        probe.kind = Probe::Kind::http_get;
        probe.path = text_of(http->find("path"), "/");
        const bool good =
            probe.path.starts_with('/') &&
            std::all_of(probe.path.begin(), probe.path.end(), [](char c) { return c > ' ' && c < 0x7f; });
        if (!good)
            refuse("bad_manifest", Place(Place(place, "httpGet"), "path"),
                   "expected a path that begins with / and has no spaces", http);
        probe.port = resolve_port(*http->find("port"), {container}, Place(Place(place, "httpGet"), "port"));
    } else if (tcp != nullptr) {
        probe.kind = Probe::Kind::tcp_socket;
        probe.port = resolve_port(*tcp->find("port"), {container}, Place(Place(place, "tcpSocket"), "port"));
    } else {
        probe.kind = Probe::Kind::exec;
        probe.command = lower_arguments(exec->find("command"), place, {}, budget);
    }
    const auto number = [&](std::string_view name, std::uint32_t otherwise) {
        return static_cast<std::uint32_t>(number_of(node->find(name), otherwise));
    };
    probe.initial_delay_s = number("initialDelaySeconds", probe.initial_delay_s);
    probe.period_s = number("periodSeconds", probe.period_s);
    probe.timeout_s = number("timeoutSeconds", probe.timeout_s);
    probe.failure_threshold = number("failureThreshold", probe.failure_threshold);
    probe.success_threshold = number("successThreshold", probe.success_threshold);
    return probe;
}

Container lower_container(const YamlNode& node, const Place& place, PodContext& pod) {
    Container container;
    container.name = text_of(node.find("name"));
    lower_image(node, place, pod.limits, container);
    container.environment = lower_environment(node, place, pod.objects, pod.budget);
    container.command =
        lower_arguments(node.find("command"), Place(place, "command"), container.environment, pod.budget);
    container.arguments =
        lower_arguments(node.find("args"), Place(place, "args"), container.environment, pod.budget);
    container.working_directory = text_of(node.find("workingDir"));
    container.ports = lower_ports(node);
    lower_mounts(node, place, pod, container);
    lower_security(node, place, pod, container);
    container.readiness =
        lower_probe(node.find("readinessProbe"), Place(place, "readinessProbe"), container, pod.budget);
    const Place liveness(place, "livenessProbe");
    container.liveness = lower_probe(node.find("livenessProbe"), liveness, container, pod.budget);
    if (container.liveness && container.liveness->success_threshold != 1)
        refuse("bad_manifest", Place(liveness, "successThreshold"), "expected 1", node.find("livenessProbe"));
    return container;
}

/// The names of containers, and of ports, are unique within a pod.
void check_unique_names(const Workload& workload, const Place& place) {
    std::set<std::string> names, ports;
    for (const auto* const list : {&workload.init_containers, &workload.containers})
        for (const Container& container : *list) {
            if (!names.insert(container.name).second)
                refuse("bad_manifest", place, "two containers are named \"" + container.name + "\"");
            for (const Port& port : container.ports)
                if (!port.name.empty() && !ports.insert(port.name).second)
                    refuse("bad_manifest", place, "two ports are named \"" + port.name + "\"");
        }
}

}  // namespace

void TextBudget::take(std::size_t bytes, const Place& place) {
    if (bytes > left_)
        refuse("too_large", place,
               "environment, arguments and mounted files of the manifest together are too large");
    left_ -= bytes;
}

std::uint16_t resolve_port(const YamlNode& port_or_name, const std::vector<Container>& containers,
                           const Place& place) {
    if (const auto number = whole_number(port_or_name)) return static_cast<std::uint16_t>(*number);
    for (const Container& container : containers)
        for (const Port& port : container.ports)
            if (port.name == port_or_name.text) return port.number;
    refuse("bad_manifest", place, "there is no port named \"" + port_or_name.text + "\"", &port_or_name);
}

DemandingWorkload lower_pod(const YamlNode& spec, const Place& place, const ConfigObjects& objects,
                            const ManifestLimits& limits, TextBudget& budget) {
    PodContext pod{spec, objects, limits, budget, {}};
    lower_volumes(pod, place);
    DemandingWorkload lowered;
    Workload& workload = lowered.workload;
    const auto lower_list = [&](std::string_view field, std::vector<Container>& containers,
                                std::vector<ContainerDemand>& demands) {
        const Place all(place, field);
        for (const YamlNode& node : elements_of(spec.find(field))) {
            const Place here(all, containers.size());
            containers.push_back(lower_container(node, here, pod));
            demands.push_back(lower_resources(node, here));
        }
    };
    lower_list("initContainers", workload.init_containers, lowered.init_demands);
    lower_list("containers", workload.containers, lowered.demands);
    if (workload.containers.size() + workload.init_containers.size() > limits.containers_per_pod)
        refuse("too_large", Place(place, "containers"),
               "asked for " + std::to_string(workload.containers.size() + workload.init_containers.size()) +
                   " containers in a pod, at most " + std::to_string(limits.containers_per_pod) +
                   " are allowed");
    check_unique_names(workload, place);
    const std::string restart = text_of(spec.find("restartPolicy"), "Always");
    workload.restart = restart == "Never"       ? RestartPolicy::never
                       : restart == "OnFailure" ? RestartPolicy::on_failure
                                                : RestartPolicy::always;
    workload.termination_grace_s = static_cast<std::uint32_t>(
        number_of(spec.find("terminationGracePeriodSeconds"), workload.termination_grace_s));
    return lowered;
}

}  // namespace grid::lease
