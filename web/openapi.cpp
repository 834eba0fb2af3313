#include "web/openapi.hpp"

#include <spdlog/spdlog.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "web/json.hpp"
#include "web/json_write.hpp"

namespace grid::web {

namespace {

/// Operations stand at paths / <path> / <method>.
constexpr unsigned kOperationDepth = 2;

bool is_operation(const std::string& key) {
    return key == "get" || key == "post" || key == "delete" || key == "put" || key == "patch";
}

bool serves(const YAML::Node& operation, std::string_view listener) {
    const auto listeners = operation["x-grid-listeners"];
    return listeners.IsSequence() &&
           std::any_of(listeners.begin(), listeners.end(),
                       [&](const YAML::Node& name) { return name.Scalar() == listener; });
}

std::string json_string(std::string_view text) {
    JsonText json;
    json.text(text);
    return json.take();
}

/// A plain scalar is a number, a boolean or null when it reads like one; a quoted one is always text.
std::string scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!") return json_string(text);
    if (text == "true" || text == "false" || text == "null") return text;
    if (parse_decimal(text)) return text;
    return json_string(text);
}

void convert(const YAML::Node& node, std::string_view listener, unsigned depth, std::string& out) {
    if (depth > 64) throw YAML::Exception(node.Mark(), "nested too deeply");
    if (node.IsSequence()) {
        out += '[';
        for (std::size_t i = 0; i < node.size(); ++i) {
            if (i != 0) out += ',';
            convert(node[i], listener, depth + 1, out);
        }
        out += ']';
    } else if (node.IsMap()) {
        out += '{';
        bool first = true;
        for (const auto& member : node) {
            const auto& key = member.first.Scalar();
            if (depth == kOperationDepth && is_operation(key) && !serves(member.second, listener)) continue;
            out += first ? "" : ",";
            first = false;
            out += json_string(key) + ':';
            convert(member.second, listener, depth + 1, out);
        }
        out += '}';
    } else if (node.IsScalar()) {
        out += scalar(node);
    } else {
        out += "null";
    }
}

/// Paths that no operation of this listener is left on.
void drop_foreign_paths(YAML::Node& root, std::string_view listener) {
    YAML::Node kept(YAML::NodeType::Map);
    for (const auto& path : root["paths"]) {
        const bool any = std::any_of(path.second.begin(), path.second.end(), [&](const auto& member) {
            return is_operation(member.first.Scalar()) && serves(member.second, listener);
        });
        if (any) kept[path.first.Scalar()] = path.second;
    }
    root["paths"] = kept;
}

}  // namespace

Result<std::string> openapi_from_yaml(std::string_view yaml, std::string_view listener) {
    try {
        YAML::Node root = YAML::Load(std::string(yaml));
        if (!root.IsMap() || !root["paths"].IsMap())
            return fail("bad_openapi", "expected a document with \"openapi\" and \"paths\"");
        drop_foreign_paths(root, listener);
        std::string out;
        convert(root, listener, 0, out);
        return out;
    } catch (const YAML::Exception& error) {
        return fail("bad_openapi", error.what());
    }
}

std::string openapi_from_routes(const std::vector<ApiRoute>& routes, std::string_view title) {
    std::map<std::string, std::vector<const ApiRoute*>> paths;
    for (const auto& route : routes) paths[route.pattern].push_back(&route);
    JsonText json;
    json.begin_object();
    json.text("openapi", "3.1.0");
    json.begin_object("info");
    json.text("title", title);
    json.text("version", GRID_VERSION);
    json.end_object();
    json.begin_object("paths");
    for (const auto& [pattern, operations] : paths) {
        json.begin_object(pattern);
        for (const auto* route : operations) {
            std::string method = route->method;
            std::transform(method.begin(), method.end(), method.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            json.begin_object(method);
            json.text("operationId", route->operation);
            json.begin_object("responses");
            json.begin_object("default");
            json.text("description", "the answer, or an RFC 9457 problem document");
            json.end_object();
            json.end_object();
            json.end_object();
        }
        json.end_object();
    }
    json.end_object();
    json.end_object();
    return json.take();
}

std::string openapi_document(std::string_view yaml, std::string_view listener,
                             const std::vector<ApiRoute>& routes, std::string_view title) {
    if (!yaml.empty()) {
        if (auto document = openapi_from_yaml(yaml, listener)) return std::move(*document);
        spdlog::warn("the OpenAPI document is not readable; serving a bare one");
    }
    return openapi_from_routes(routes, title);
}

}  // namespace grid::web
