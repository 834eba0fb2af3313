#include "lease/lower_network.hpp"

#include <algorithm>
#include <set>

#include "lease/pod_context.hpp"

namespace grid::lease {
namespace {

// ---- Service ----

const Workload& selected_workload(const Document& document, const Application& application) {
    const Place object(document.label), of_spec(object, "spec"), here(of_spec, "selector");
    const YamlNode& node = *document.spec()->find("selector");
    const Labels selector = read_labels(&node);
    const Workload* selected = nullptr;
    for (const Workload& workload : application.workloads) {
        if (selector.empty() || !matches(selector, workload.labels)) continue;
        if (selected != nullptr)
            refuse("policy", here,
                   "the labels are those of more than one workload (" + selected->name + ", " +
                       workload.name + ")",
                   &node);
        selected = &workload;
    }
    if (selected == nullptr) refuse("bad_manifest", here, "no pods of the manifest have these labels", &node);
    return *selected;
}

void lower_service(const Document& document, Application& application) {
    const Workload& workload = selected_workload(document, application);
    const YamlNode& spec = *document.spec();
    Service service{document.name, workload.name};
    service.headless = text_of(spec.find("clusterIP")) == "None";
    service.also_unready = flag_of(spec.find("publishNotReadyAddresses"), false);
    const Place object(document.label), of_spec(object, "spec"), all(of_spec, "ports");
    const YamlNode& ports = *spec.find("ports");
    std::set<std::string> names;
    std::set<std::pair<Protocol, std::uint16_t>> numbers;
    for (const YamlNode& node : ports.items) {
        const Place here(all, service.ports.size());
        ServicePort port;
        port.name = text_of(node.find("name"));
        port.port = static_cast<std::uint16_t>(number_of(node.find("port"), 0));
        port.protocol = protocol_of(node);
        const YamlNode* const target = node.find("targetPort");
        port.target_port = target == nullptr
                               ? port.port
                               : resolve_port(*target, workload.containers, Place(here, "targetPort"));
        if (port.name.empty() && ports.items.size() > 1)
            refuse("bad_manifest", Place(here, "name"), "is required where there are several ports", &node);
        if (!names.insert(port.name).second || !numbers.insert({port.protocol, port.port}).second)
            refuse("bad_manifest", here, "the port or its name stands here twice", &node);
        service.ports.push_back(std::move(port));
    }
    application.services.push_back(std::move(service));
}

/// The name of the entrance at a port of a service; empty when it has none (UDP).
std::string entrance_name(const Service& service, const ServicePort& port) {
    if (port.protocol != Protocol::tcp) return {};
    const auto first = std::find_if(service.ports.begin(), service.ports.end(),
                                    [](const ServicePort& p) { return p.protocol == Protocol::tcp; });
    return &*first == &port ? service.name : service.name + "-" + port.name;
}

// ---- Ingress ----

/// The entrance that a backend of an Ingress means.
EntrancePoint& lower_backend(const YamlNode& backend, const Place& place, Application& application) {
    const YamlNode& node = *backend.find("service");
    const Place here(place, "service"), of_port(here, "port");
    const std::string name = text_of(node.find("name"));
    const auto service = std::find_if(application.services.begin(), application.services.end(),
                                      [&](const Service& s) { return s.name == name; });
    if (service == application.services.end())
        refuse("bad_manifest", Place(here, "name"), "there is no Service \"" + name + "\" in the manifest",
               &node);
    const YamlNode* const number = node.find("port")->find("number");
    const YamlNode* const port_name = node.find("port")->find("name");
    if ((number == nullptr) == (port_name == nullptr))
        refuse("bad_manifest", of_port, "expected either number or name", &node);
    const auto port = std::find_if(service->ports.begin(), service->ports.end(), [&](const ServicePort& p) {
        return p.protocol == Protocol::tcp &&
               (number != nullptr ? p.port == number_of(number, 0) : p.name == port_name->text);
    });
    if (port == service->ports.end())
        refuse("bad_manifest", of_port, "the service has no such TCP port", &node);
    const std::string entrance = entrance_name(*service, *port);
    return *std::find_if(application.entrances.begin(), application.entrances.end(),
                         [&](const EntrancePoint& e) { return e.name == entrance; });
}

struct RefusedAnnotation {
    std::string_view name, reason;
};

/// Of the usual controllers, after their prefix: what they ask for would change where requests go or who may
/// come in, so dropping them would harm.
constexpr std::string_view kNoRewriting = "the gateway hands on every path as it is";
constexpr std::string_view kNoAdmission = "the gateway lets visitors in by its own rules";
constexpr RefusedAnnotation kRefusedAnnotations[] = {{"rewrite-target", kNoRewriting},
                                                     {"use-regex", kNoRewriting},
                                                     {"app-root", kNoRewriting},
                                                     {"permanent-redirect", kNoRewriting},
                                                     {"temporal-redirect", kNoRewriting},
                                                     {"auth-url", kNoAdmission},
                                                     {"auth-type", kNoAdmission},
                                                     {"auth-secret", kNoAdmission},
                                                     {"whitelist-source-range", kNoAdmission},
                                                     {"allowlist-source-range", kNoAdmission}};

void check_annotations(const Document& document) {
    const YamlNode* const metadata = document.node->find("metadata");
    const YamlNode* const annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
    if (annotations == nullptr) return;
    for (const auto& [key, value] : read_labels(annotations)) {
        const std::string_view name = std::string_view(key).substr(key.rfind('/') + 1);
        for (const auto& refused : kRefusedAnnotations)
            if (name == refused.name) {
                const Place object(document.label), of_metadata(object, "metadata");
                refuse("policy", Place(of_metadata, "annotations"), key + ": " + std::string(refused.reason),
                       annotations);
            }
    }
}

/// Adds the hosts of the rules to the entrances. `wanted`: the entrance of the application's address, empty
/// as long as no Ingress has said it.
void lower_ingress(const Document& document, Application& application, std::string& wanted) {
    check_annotations(document);
    const YamlNode& spec = *document.spec();
    const Place object(document.label), of_spec(object, "spec"), all(of_spec, "rules");
    bool any = false;
    std::size_t index = 0;
    for (const YamlNode& rule : elements_of(spec.find("rules"))) {
        const Place here(all, index++), of_http(here, "http"), paths(of_http, "paths");
        std::size_t number = 0;
        for (const YamlNode& path : elements_of(rule.find("http")->find("paths"))) {
            const Place at(paths, number++);
            if (number > 1)
                refuse("policy", at, "one path for each host is allowed; every service has an entrance",
                       &path);
            EntrancePoint& entrance = lower_backend(*path.find("backend"), Place(at, "backend"), application);
            if (!wanted.empty() && wanted != entrance.name)
                refuse("policy", at,
                       "leads to " + entrance.name + ", another rule to " + wanted +
                           ": an application has one address, whatever the host; make them two applications",
                       &path);
            wanted = entrance.name;
            any = true;
            const std::string host = text_of(rule.find("host"));
            if (!host.empty() &&
                std::find(entrance.hosts.begin(), entrance.hosts.end(), host) == entrance.hosts.end())
                entrance.hosts.push_back(host);
        }
    }
    if (const YamlNode* const backend = spec.find("defaultBackend")) {
        const std::string name = lower_backend(*backend, Place(of_spec, "defaultBackend"), application).name;
        // A rule for every path leaves nothing to it.
        if (wanted.empty()) wanted = name;
        any = true;
    }
    if (!any) refuse("bad_manifest", of_spec, "expected rules or a defaultBackend", &spec);
}

// ---- entrances ----

void add_entrance(EntrancePoint entrance, const Place& place, std::vector<EntrancePoint>& entrances) {
    for (const EntrancePoint& other : entrances)
        if (other.name == entrance.name)
            refuse("bad_manifest", place,
                   "two entrances would be named \"" + entrance.name +
                       "\": rename a service or one of its ports");
    entrances.push_back(std::move(entrance));
}

/// Without services the visitors enter at the first port of each workload.
void enter_by_container_ports(Application& application) {
    for (const Workload& workload : application.workloads)
        for (const Container& container : workload.containers) {
            const auto port = std::find_if(container.ports.begin(), container.ports.end(),
                                           [](const Port& p) { return p.protocol == Protocol::tcp; });
            if (port == container.ports.end()) continue;
            application.entrances.push_back({workload.name, workload.name, port->number});
            break;
        }
}

}  // namespace

void lower_network(const std::vector<Document>& documents, Application& application) {
    for (const Document& document : documents)
        if (document.kind == "Service") {
            lower_service(document, application);
            const Service& service = application.services.back();
            for (const ServicePort& port : service.ports)
                if (std::string name = entrance_name(service, port); !name.empty())
                    add_entrance({std::move(name), service.workload, port.target_port}, Place(document.label),
                                 application.entrances);
        }
    if (application.services.empty()) enter_by_container_ports(application);
    std::string wanted;
    for (const Document& document : documents)
        if (document.kind == "Ingress") lower_ingress(document, application, wanted);
    const auto entrance = std::find_if(application.entrances.begin(), application.entrances.end(),
                                       [&](const EntrancePoint& e) { return e.name == wanted; });
    if (!wanted.empty()) std::rotate(application.entrances.begin(), entrance, entrance + 1);
}

}  // namespace grid::lease
