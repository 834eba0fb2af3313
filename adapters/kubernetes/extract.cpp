#include "adapters/kubernetes/extract.hpp"

#include <optional>

namespace grid::adapters::kubernetes {

namespace {

json::value project(const json::value& live, const json::object& fields);

/// The element of a list that "k:{...}" (all keys equal) or "v:..." (the value itself) names.
const json::value* element(const json::array& list, std::string_view path) {
    const auto key = parse_json(path.substr(2));
    if (!key) return nullptr;
    for (const auto& one : list) {
        if (path[0] == 'v') {
            if (one == *key) return &one;
            continue;
        }
        const auto* object = one.if_object();
        const auto* wanted = key->if_object();
        if (object == nullptr || wanted == nullptr) continue;
        bool same = true;
        for (const auto& part : *wanted) {
            const auto* has = object->if_contains(part.key());
            same = same && has != nullptr && *has == part.value();
        }
        if (same) return &one;
    }
    return nullptr;
}

json::value project_list(const json::array& live, const json::object& fields) {
    json::array out;
    // In the order of the live list, which the names of the fields do not have.
    for (const auto& one : live)
        for (const auto& field : fields) {
            const std::string_view path(field.key().data(), field.key().size());
            if (path.size() < 3 || path[1] != ':' || (path[0] != 'k' && path[0] != 'v')) continue;
            if (element(live, path) != &one) continue;
            const auto* inner = field.value().if_object();
            auto projected = inner == nullptr ? one : project(one, *inner);
            // The keys belong to whoever has the element.
            if (path[0] == 'k' && projected.is_object())
                if (const auto key = parse_json(path.substr(2)); key && key->is_object())
                    for (const auto& part : key->get_object())
                        projected.get_object()[part.key()] = part.value();
            out.push_back(std::move(projected));
            break;
        }
    return out;
}

json::value project(const json::value& live, const json::object& fields) {
    // No fields within: the whole value is one field ("atomic").
    bool within = false;
    for (const auto& field : fields) within = within || field.key() != ".";
    if (!within) return live;
    if (const auto* list = live.if_array()) return project_list(*list, fields);
    const auto* object = live.if_object();
    if (object == nullptr) return live;
    json::object out;
    for (const auto& field : fields) {
        const std::string_view path(field.key().data(), field.key().size());
        if (!path.starts_with("f:")) continue;
        const auto* value = object->if_contains({path.data() + 2, path.size() - 2});
        if (value == nullptr) continue;
        const auto* inner = field.value().if_object();
        out[{path.data() + 2, path.size() - 2}] = inner == nullptr ? *value : project(*value, *inner);
    }
    return out;
}

}  // namespace

std::optional<json::object> extract_applied(const json::value& live, std::string_view manager) {
    for (const auto& entry : list_at(live, {"metadata", "managedFields"})) {
        if (text_at(entry, {"manager"}) != manager || text_at(entry, {"operation"}) != "Apply" ||
            !text_at(entry, {"subresource"}).empty())
            continue;
        auto projected = project(live, object_at(entry, {"fieldsV1"}));
        if (!projected.is_object()) return std::nullopt;
        auto& out = projected.get_object();
        for (const char* name : {"apiVersion", "kind"})
            if (const auto* value = find(live, {name})) out[name] = *value;
        if (!out.contains("metadata")) out["metadata"] = json::object{};
        out["metadata"].as_object()["name"] = text_at(live, {"metadata", "name"});
        return std::move(out);
    }
    return std::nullopt;
}

}  // namespace grid::adapters::kubernetes
