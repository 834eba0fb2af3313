#include "lease/lower_pod.hpp"

#include <algorithm>
#include <set>

#include "lease/image_name.hpp"
#include "lease/lower_environment.hpp"
#include "lease/lower_probe.hpp"
#include "lease/lower_security.hpp"
#include "lease/lower_volumes.hpp"
#include "lease/quantity.hpp"

namespace grid::lease {
namespace {

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
            read_demand(resources, here, "ephemeral-storage", parse_mebibytes),
            read_demand(resources, here, "nvidia.com/gpu", parse_count)};
}

// ---- containers ----

void lower_image(const YamlNode& node, const Place& place, const ManifestLimits& limits,
                 Container& container) {
    const YamlNode* const image = node.find("image");
    container.image = text_of(image);
    const Place here(place, "image");
    const auto name = parse_image(container.image);
    if (!name) refuse(name.error().code, here, name.error().message, image);
    if (auto ok = check_image(*name, limits.images); !ok)
        refuse(ok.error().code, here, ok.error().message, image);
    container.pull_always = !name->local;
    const YamlNode* const pull = node.find("imagePullPolicy");
    if (container.pull_always && text_of(pull) == "Never")
        refuse("policy", Place(place, "imagePullPolicy"), "Never is not allowed for an image of a registry",
               pull);
}

std::vector<Port> lower_ports(const YamlNode& node) {
    std::vector<Port> ports;
    for (const YamlNode& port : elements_of(node.find("ports")))
        ports.push_back({text_of(port.find("name")),
                         static_cast<std::uint16_t>(number_of(port.find("containerPort"), 0)),
                         protocol_of(port)});
    return ports;
}

Container lower_container(const YamlNode& node, const Place& place, const PodContext& pod,
                          std::vector<ResourceReference>& references) {
    Container container;
    container.name = text_of(node.find("name"));
    lower_image(node, place, pod.manifest.limits, container);
    lower_environment(node, place, pod, container, references);
    container.working_directory = text_of(node.find("workingDir"));
    container.ports = lower_ports(node);
    lower_mounts(node, place, pod, container);
    lower_security(node, place, pod, container);
    lower_probes(node, place, container, pod.manifest.budget);
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

/// The logins of the Secrets that `imagePullSecrets` names, for registries of the pod's images.
std::vector<RegistryLogin> lower_logins(const PodContext& pod, const Place& place, const Workload& workload) {
    std::set<std::string> registries;
    for (const auto* const list : {&workload.init_containers, &workload.containers})
        for (const Container& container : *list)
            if (const auto name = parse_image(container.image); name && !name->local)
                registries.insert(name->registry);
    std::vector<RegistryLogin> logins;
    const Place all(place, "imagePullSecrets");
    std::size_t index = 0;
    for (const YamlNode& reference : elements_of(pod.spec.find("imagePullSecrets"))) {
        const Place here(all, index++);
        const std::string name = text_of(reference.find("name"));
        const auto found = pod.manifest.objects.logins.find(name);
        if (found == pod.manifest.objects.logins.end())
            refuse(
                "bad_manifest", Place(here, "name"),
                "there is no Secret \"" + name + "\" of type kubernetes.io/dockerconfigjson in the manifest",
                &reference);
        for (const RegistryLogin& login : found->second) {
            const bool known = std::any_of(logins.begin(), logins.end(),
                                           [&](const auto& l) { return l.registry == login.registry; });
            if (!known && registries.contains(login.registry)) logins.push_back(login);
        }
    }
    return logins;
}

}  // namespace

void TextBudget::take(std::size_t bytes, const Place& place) {
    if (bytes > left_)
        refuse("too_large", place,
               "environment, arguments and mounted files of the manifest together are too large");
    left_ -= bytes;
}

void TextBudget::take_files(std::size_t count, const Place& place) {
    if (count > files_left_) refuse("too_large", place, "the manifest mounts too many files");
    files_left_ -= count;
}

Protocol protocol_of(const YamlNode& port) {
    return text_of(port.find("protocol")) == "UDP" ? Protocol::udp : Protocol::tcp;
}

std::uint16_t resolve_port(const YamlNode& port_or_name, const std::vector<Container>& containers,
                           const Place& place) {
    if (const auto number = whole_number(port_or_name)) return static_cast<std::uint16_t>(*number);
    for (const Container& container : containers)
        for (const Port& port : container.ports)
            if (port.name == port_or_name.text) return port.number;
    refuse("bad_manifest", place, "there is no port named \"" + port_or_name.text + "\"", &port_or_name);
}

DemandingWorkload lower_pod(const YamlNode& spec, const Place& place, const Labels& labels,
                            std::vector<Claim> claim_templates, const ManifestContext& manifest) {
    PodContext pod{manifest, spec, labels};
    DemandingWorkload lowered;
    Workload& workload = lowered.workload;
    workload.labels = labels;
    workload.claim_templates = std::move(claim_templates);
    workload.overhead_cpu_milli = manifest.limits.pod_overhead_cpu_milli;
    workload.overhead_memory_mib = manifest.limits.pod_overhead_memory_mib;
    lower_volumes(pod, place, workload);
    const auto lower_list = [&](std::string_view field, std::vector<Container>& containers,
                                std::vector<ContainerDemand>& demands,
                                std::vector<std::vector<ResourceReference>>& references) {
        const Place all(place, field);
        for (const YamlNode& node : elements_of(spec.find(field))) {
            const Place here(all, containers.size());
            references.emplace_back();
            containers.push_back(lower_container(node, here, pod, references.back()));
            demands.push_back(lower_resources(node, here));
        }
    };
    lower_list("initContainers", workload.init_containers, lowered.init_demands, lowered.init_references);
    lower_list("containers", workload.containers, lowered.demands, lowered.references);
    const std::size_t count = workload.containers.size() + workload.init_containers.size();
    if (count > manifest.limits.containers_per_pod)
        refuse("too_large", Place(place, "containers"),
               "asked for " + std::to_string(count) + " containers in a pod, at most " +
                   std::to_string(manifest.limits.containers_per_pod) + " are allowed");
    check_unique_names(workload, place);
    workload.registry_logins = lower_logins(pod, place, workload);
    const std::string restart = text_of(spec.find("restartPolicy"), "Always");
    workload.restart = restart == "Never"       ? RestartPolicy::never
                       : restart == "OnFailure" ? RestartPolicy::on_failure
                                                : RestartPolicy::always;
    workload.termination_grace_s = static_cast<std::uint32_t>(
        number_of(spec.find("terminationGracePeriodSeconds"), workload.termination_grace_s));
    const YamlNode* const security = spec.find("securityContext");
    if (const YamlNode* const group = security == nullptr ? nullptr : security->find("fsGroup"))
        workload.volume_group = UserId{static_cast<std::uint32_t>(number_of(group, 0))};
    return lowered;
}

}  // namespace grid::lease
