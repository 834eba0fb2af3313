#include "lease/manifest.hpp"

#include <algorithm>
#include <set>

#include "lease/lower_pod.hpp"
#include "lease/manifest_schema.hpp"
#include "lease/standard_base64.hpp"

namespace grid::lease {
namespace {

/// Bytes of text in the lowered model: several times what a manifest can hold.
constexpr std::size_t kTextBudget = 8 * 1024 * 1024;

using Labels = std::map<std::string, std::string>;

/// A document that has passed its schema.
struct Document {
    std::string_view kind;
    std::string name;
    std::string label;  ///< like "Deployment/web", for messages
    const YamlNode* node = nullptr;
};

/// Reads kind and name before the schema is known: for the label.
Document identify(const YamlNode& node, std::size_t number) {
    Document document{{}, {}, "document " + std::to_string(number), &node};
    if (node.kind != YamlNode::Kind::mapping)
        refuse("bad_manifest", Place(document.label), "expected an object", &node);
    const YamlNode* const kind = node.find("kind");
    if (kind == nullptr || kind->kind != YamlNode::Kind::scalar)
        refuse("bad_manifest", Place(Place(document.label), "kind"), "is required", &node);
    const auto rows = manifest_kinds();
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const KindRow& r) { return r.kind == kind->text; });
    const YamlNode* const metadata = node.find("metadata");
    const YamlNode* const name = metadata == nullptr ? nullptr : metadata->find("name");
    if (name != nullptr && name->kind == YamlNode::Kind::scalar && name->text.size() <= 253)
        document.name = name->text;
    document.label = kind->text.substr(0, 64) + "/" + document.name;
    const Place here(document.label);
    if (row == rows.end()) {
        std::string known;
        for (const KindRow& r : rows) known += (known.empty() ? "" : ", ") + std::string(r.kind);
        refuse("policy", Place(here, "kind"), "kind is not on the list; allowed are " + known, kind);
    }
    document.kind = row->kind;
    const YamlNode* const version = node.find("apiVersion");
    if (version == nullptr) refuse("bad_manifest", Place(here, "apiVersion"), "is required", &node);
    if (version->text != row->api_version)
        refuse("bad_manifest", Place(here, "apiVersion"),
               "expected " + std::string(row->api_version) + ", came " + version->text.substr(0, 64),
               version);
    check_shape(node, *row->shape, here);
    return document;
}

std::vector<Document> identify_all(const std::vector<YamlNode>& nodes) {
    std::vector<Document> documents;
    std::set<std::string> seen;
    for (const YamlNode& node : nodes) {
        documents.push_back(identify(node, documents.size() + 1));
        const Document& document = documents.back();
        // Deployments and Pods share one space of names: both become workloads.
        const bool workload = document.kind == "Deployment" || document.kind == "Pod";
        if (!seen.insert((workload ? "workload/" : std::string(document.kind) + "/") + document.name).second)
            refuse("bad_manifest", Place(document.label), "the name stands in the manifest twice", &node);
    }
    return documents;
}

Labels read_labels(const YamlNode* node) {
    Labels labels;
    if (node != nullptr)
        for (std::size_t i = 0; i < node->keys.size(); ++i)
            labels.emplace(node->keys[i], node->items[i].text);
    return labels;
}

bool matches(const Labels& selector, const Labels& labels) {
    return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
        const auto found = labels.find(wanted.first);
        return found != labels.end() && found->second == wanted.second;
    });
}

// ---- ConfigMap, Secret ----

void add_entries(ConfigObjects::Content& content, const Document& document, std::string_view field,
                 bool base64) {
    const YamlNode* const map = document.node->find(field);
    if (map == nullptr) return;
    const Place object(document.label);
    const Place all(object, field);
    for (std::size_t i = 0; i < map->keys.size(); ++i) {
        const Place here(all, map->keys[i]);
        std::string value = map->items[i].text;
        if (base64) {
            auto decoded = decode_standard_base64(value);
            if (!decoded) refuse("bad_manifest", here, "expected base64", &map->items[i]);
            value = std::move(*decoded);
        }
        // stringData overrides data; in a ConfigMap a key stands once.
        if (!content.insert_or_assign(map->keys[i], std::move(value)).second && document.kind == "ConfigMap")
            refuse("bad_manifest", here, "the key stands in data and in binaryData", &map->items[i]);
    }
}

ConfigObjects collect_config(const std::vector<Document>& documents) {
    ConfigObjects objects;
    for (const Document& document : documents) {
        if (document.kind == "ConfigMap") {
            auto& content = objects.config_maps[document.name];
            add_entries(content, document, "data", false);
            add_entries(content, document, "binaryData", true);
        } else if (document.kind == "Secret") {
            auto& content = objects.secrets[document.name];
            add_entries(content, document, "data", true);
            add_entries(content, document, "stringData", false);
        }
    }
    return objects;
}

// ---- Deployment, Pod ----

DemandingWorkload lower_deployment(const Document& document, const ConfigObjects& objects,
                                   const ManifestLimits& limits, TextBudget& budget) {
    const YamlNode& spec = *document.node->find("spec");
    const YamlNode& pod_template = *spec.find("template");
    const Place object(document.label), of_spec(object, "spec"), of_template(of_spec, "template");
    const Labels labels = read_labels(pod_template.find("metadata")->find("labels"));
    const YamlNode& wanted = *spec.find("selector")->find("matchLabels");
    const Place of_selector(of_spec, "selector");
    if (wanted.keys.empty() || !matches(read_labels(&wanted), labels))
        refuse("bad_manifest", Place(of_selector, "matchLabels"),
               "expected labels that the template's pods have (spec.template.metadata.labels)", &wanted);
    DemandingWorkload lowered =
        lower_pod(*pod_template.find("spec"), Place(of_template, "spec"), objects, limits, budget);
    lowered.workload.kind = WorkloadKind::deployment;
    lowered.workload.labels = labels;
    lowered.workload.replicas = static_cast<std::uint32_t>(number_of(spec.find("replicas"), 1));
    return lowered;
}

DemandingWorkload lower_single_pod(const Document& document, const ConfigObjects& objects,
                                   const ManifestLimits& limits, TextBudget& budget) {
    const Place object(document.label);
    DemandingWorkload lowered =
        lower_pod(*document.node->find("spec"), Place(object, "spec"), objects, limits, budget);
    lowered.workload.kind = WorkloadKind::pod;
    lowered.workload.labels = read_labels(document.node->find("metadata")->find("labels"));
    return lowered;
}

std::vector<DemandingWorkload> lower_workloads(const std::vector<Document>& documents,
                                               const ManifestLimits& limits) {
    const ConfigObjects objects = collect_config(documents);
    TextBudget budget(kTextBudget);
    std::vector<DemandingWorkload> workloads;
    std::uint64_t pods = 0;
    for (const Document& document : documents) {
        if (document.kind == "Deployment")
            workloads.push_back(lower_deployment(document, objects, limits, budget));
        else if (document.kind == "Pod")
            workloads.push_back(lower_single_pod(document, objects, limits, budget));
        else
            continue;
        workloads.back().workload.name = document.name;
        pods += workloads.back().workload.replicas;
        if (pods > limits.pods)
            refuse("too_large", Place(document.label),
                   "asked for " + std::to_string(pods) + " pods so far, at most " +
                       std::to_string(limits.pods) + " are allowed");
    }
    return workloads;
}

// ---- Service ----

const Workload& selected_workload(const Document& document, const Application& application) {
    const Place object(document.label), of_spec(object, "spec");
    const YamlNode& node = *document.node->find("spec")->find("selector");
    const Place here(of_spec, "selector");
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
    Service service{document.name, workload.name, {}};
    const Place object(document.label), of_spec(object, "spec"), all(of_spec, "ports");
    const YamlNode& ports = *document.node->find("spec")->find("ports");
    std::set<std::string> names;
    std::set<std::uint16_t> numbers;
    for (const YamlNode& node : ports.items) {
        const Place here(all, service.ports.size());
        ServicePort port;
        port.name = text_of(node.find("name"));
        port.port = static_cast<std::uint16_t>(number_of(node.find("port"), 0));
        const YamlNode* const target = node.find("targetPort");
        port.target_port = target == nullptr
                               ? port.port
                               : resolve_port(*target, workload.containers, Place(here, "targetPort"));
        if (port.name.empty() && ports.items.size() > 1)
            refuse("bad_manifest", Place(here, "name"), "is required where there are several ports", &node);
        if (!names.insert(port.name).second || !numbers.insert(port.port).second)
            refuse("bad_manifest", here, "the port or its name stands here twice", &node);
        service.ports.push_back(std::move(port));
    }
    // The first port of a service is entered by the service's name, another by "<service>-<port>".
    for (const ServicePort& port : service.ports)
        application.entrances.push_back(
            {&port == &service.ports.front() ? service.name : service.name + "-" + port.name, workload.name,
             port.target_port});
    application.services.push_back(std::move(service));
}

/// Without services the visitors enter at the first port of each workload.
void enter_by_container_ports(Application& application) {
    for (const Workload& workload : application.workloads) {
        for (const Container& container : workload.containers) {
            if (container.ports.empty()) continue;
            application.entrances.push_back({workload.name, workload.name, container.ports.front().number});
            break;
        }
    }
}

Result<Application> lower(const std::vector<YamlNode>& nodes, const ManifestLimits& limits) {
    const std::vector<Document> documents = identify_all(nodes);
    std::vector<DemandingWorkload> workloads = lower_workloads(documents, limits);
    if (workloads.empty())
        return fail("bad_manifest", "the manifest has nothing to run: expected a Deployment or a Pod");
    if (auto shared = share_resources(workloads, limits); !shared) return tl::unexpected(shared.error());
    Application application;
    for (DemandingWorkload& workload : workloads)
        application.workloads.push_back(std::move(workload.workload));
    for (const Document& document : documents)
        if (document.kind == "Service") lower_service(document, application);
    if (application.services.empty()) enter_by_container_ports(application);
    std::set<std::string> names;
    for (const EntrancePoint& entrance : application.entrances)
        if (!names.insert(entrance.name).second)
            return fail("bad_manifest", "two entrances would be named \"" + entrance.name +
                                            "\": rename a service or one of its ports");
    return application;
}

}  // namespace

Result<Application> lower_manifest(std::string_view yaml, const ManifestLimits& limits) {
    const auto nodes = parse_yaml(yaml);
    if (!nodes) return tl::unexpected(nodes.error());
    try {
        return lower(*nodes, limits);
    } catch (Refusal& refusal) {
        return tl::unexpected(std::move(refusal.error));
    } catch (const std::exception& problem) {
        return fail("bad_manifest", std::string("the manifest cannot be read: ") + problem.what());
    }
}

}  // namespace grid::lease
