#include "lease/config_objects.hpp"

#include <algorithm>

#include "lease/docker_config.hpp"
#include "lease/quantity.hpp"
#include "lease/standard_base64.hpp"

namespace grid::lease {
namespace {

constexpr std::string_view kDockerConfig = "kubernetes.io/dockerconfigjson";
constexpr std::string_view kDockerConfigKey = ".dockerconfigjson";

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

void add_secret(ConfigObjects& objects, const Document& document) {
    auto& content = objects.secrets[document.name];
    add_entries(content, document, "data", true);
    add_entries(content, document, "stringData", false);
    if (text_of(document.node->find("type")) != kDockerConfig) return;
    const YamlNode* const plain = document.node->find("stringData");
    const bool in_plain = plain != nullptr && plain->find(kDockerConfigKey) != nullptr;
    const Place object(document.label), data(object, in_plain ? "stringData" : "data"),
        here(data, kDockerConfigKey);
    const auto found = content.find(std::string(kDockerConfigKey));
    if (found == content.end()) refuse("bad_manifest", here, "is required", document.node);
    auto logins = read_docker_config(found->second);
    if (!logins) refuse("bad_manifest", here, logins.error().message, document.node);
    objects.logins[document.name] = std::move(*logins);
}

}  // namespace

Claim lower_claim(std::string name, const YamlNode& spec, const Place& place,
                  const std::vector<std::string>& storage_classes) {
    Claim claim{std::move(name), 0, text_of(spec.find("storageClassName"))};
    const YamlNode& resources = *spec.find("resources");
    const Place of_resources(place, "resources"), requests(of_resources, "requests"),
        limits(of_resources, "limits");
    const auto read = [](const YamlNode& list, const Place& here) {
        const YamlNode& quantity = *list.find("storage");
        const auto size = parse_mebibytes(quantity.text);
        if (!size) refuse("bad_manifest", Place(here, "storage"), size.error().message, &quantity);
        if (*size == 0) refuse("bad_manifest", Place(here, "storage"), "expected more than 0", &quantity);
        return *size;
    };
    claim.size_mib = read(*resources.find("requests"), requests);
    if (const YamlNode* const limit = resources.find("limits");
        limit != nullptr && read(*limit, limits) < claim.size_mib)
        refuse("bad_manifest", Place(requests, "storage"), "the request is above the limit", &resources);
    const YamlNode* const wanted = spec.find("storageClassName");
    if (wanted == nullptr) return claim;
    if (std::find(storage_classes.begin(), storage_classes.end(), claim.storage_class) !=
        storage_classes.end())
        return claim;
    std::string sold;
    for (const std::string& one : storage_classes) sold += (sold.empty() ? "" : ", ") + one;
    refuse("policy", Place(place, "storageClassName"),
           "\"" + claim.storage_class.substr(0, 64) + "\" is not sold here; leave it out" +
               (sold.empty() ? "" : " or take one of " + sold),
           wanted);
}

ConfigObjects collect_config(const std::vector<Document>& documents,
                             const std::vector<std::string>& storage_classes) {
    ConfigObjects objects;
    for (const Document& document : documents) {
        if (document.kind == "ConfigMap") {
            auto& content = objects.config_maps[document.name];
            add_entries(content, document, "data", false);
            add_entries(content, document, "binaryData", true);
        } else if (document.kind == "Secret") {
            add_secret(objects, document);
        } else if (document.kind == "PersistentVolumeClaim") {
            const Place object(document.label);
            objects.claims[document.name] =
                lower_claim(document.name, *document.spec(), Place(object, "spec"), storage_classes);
        }
    }
    return objects;
}

}  // namespace grid::lease
