#include "lease/document.hpp"

#include <algorithm>
#include <set>

namespace grid::lease {
namespace {

/// Reads kind and name before the schema is known: for the label.
Document identify(const YamlNode& node, std::size_t number) {
    Document document;
    document.label = "document " + std::to_string(number);
    document.node = &node;
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
    document.workload = row->workload;
    const YamlNode* const version = node.find("apiVersion");
    if (version == nullptr) refuse("bad_manifest", Place(here, "apiVersion"), "is required", &node);
    if (version->text != row->api_version)
        refuse("bad_manifest", Place(here, "apiVersion"),
               "expected " + std::string(row->api_version) + ", came " + version->text.substr(0, 64),
               version);
    check_shape(node, *row->shape, here);
    return document;
}

}  // namespace

std::vector<Document> identify_all(const std::vector<YamlNode>& nodes) {
    std::vector<Document> documents;
    std::set<std::string> seen;
    for (const YamlNode& node : nodes) {
        documents.push_back(identify(node, documents.size() + 1));
        const Document& document = documents.back();
        const std::string space = document.workload ? "workload" : std::string(document.kind);
        if (!seen.insert(space + "/" + document.name).second)
            refuse("bad_manifest", Place(document.label),
                   document.workload
                       ? "the name stands in the manifest twice (all kinds with pods share their names)"
                       : "the name stands in the manifest twice",
                   &node);
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

}  // namespace grid::lease
