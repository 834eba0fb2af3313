#pragma once

#include <map>
#include <string>
#include <vector>

#include "lease/manifest_schema.hpp"

namespace grid::lease {

/// A document of a manifest that has passed its schema.
struct Document {
    std::string_view kind;
    std::string name;
    std::string label;  ///< like "Deployment/web", for messages
    const YamlNode* node = nullptr;
    bool workload = false;  ///< has pods

    const YamlNode* spec() const { return node->find("spec"); }
};

using Labels = std::map<std::string, std::string>;

/// Checks every document against the schema of its kind. Throws Refusal, also when a name stands there twice
/// among objects of a kind, or among all that have pods.
std::vector<Document> identify_all(const std::vector<YamlNode>& nodes);

/// The labels of a node of strings; none when it is null.
Labels read_labels(const YamlNode* node);

/// Whether these labels have all that the selector wants.
bool matches(const Labels& selector, const Labels& labels);

}  // namespace grid::lease
