#include "runtime/config.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

namespace grid::runtime {

struct ConfigSection::Mapping {
    YAML::Node node;
    std::string path;  ///< "gateway.listen"; empty at the root
    std::set<std::string, std::less<>> read;
    std::vector<std::shared_ptr<Mapping>> children;

    std::string path_of(std::string_view key) const {
        return path.empty() ? std::string(key) : path + "." + std::string(key);
    }
    YAML::Node find(std::string_view key) const {
        return node.IsMap() ? node[std::string(key)] : YAML::Node(YAML::NodeType::Undefined);
    }
};

struct ConfigSection::Document {
    std::string file;
    Error first;
    std::shared_ptr<Mapping> root;

    void mistake(const std::string& path, int line, const std::string& reason) {
        if (!first.code.empty()) return;
        auto where = line >= 0 ? file + ":" + std::to_string(line + 1) : file;
        first = {"bad_config", where + ": " + path + ": " + reason};
    }
};

namespace {

Error syntax_error(const std::string& file, const YAML::Exception& e) {
    return {"bad_config", file + ":" + std::to_string(e.mark.line + 1) + ":" +
                              std::to_string(e.mark.column + 1) + ": not YAML: " + e.msg};
}

}  // namespace

ConfigSection::ConfigSection(std::shared_ptr<Document> document, std::shared_ptr<Mapping> mapping)
    : document_(std::move(document)), mapping_(std::move(mapping)) {}

Result<ConfigSection> ConfigSection::load(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream content;
    if (!in || !(content << in.rdbuf()))
        return fail("config_unreadable", path + ": cannot be read; check the path and its permissions");
    return parse(content.str(), path);
}

Result<ConfigSection> ConfigSection::parse(std::string_view yaml, std::string name) {
    try {
        auto document = std::make_shared<Document>();
        document->file = std::move(name);
        auto root = std::make_shared<Mapping>();
        try {
            root->node = YAML::Load(std::string(yaml));
        } catch (const YAML::Exception& e) {
            return tl::unexpected(syntax_error(document->file, e));
        }
        if (!root->node.IsMap() && !root->node.IsNull())
            return fail("bad_config", document->file + ":1: expected a mapping of keys to values");
        document->root = root;
        return ConfigSection(document, root);
    } catch (const std::exception& e) {
        return fail("bad_config", name + ": " + e.what());
    }
}

bool ConfigSection::scalar(std::string_view key, std::string& value) {
    mapping_->read.emplace(key);
    const auto node = mapping_->find(key);
    if (!node || node.IsNull()) return false;
    if (!node.IsScalar()) {
        document_->mistake(mapping_->path_of(key), node.Mark().line, "expected a single value");
        return false;
    }
    value = node.Scalar();
    return true;
}

std::string ConfigSection::text(std::string_view key, std::string fallback) {
    std::string value;
    return scalar(key, value) ? value : fallback;
}

std::uint64_t ConfigSection::integer(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                                     std::uint64_t most) {
    std::string value;
    if (!scalar(key, value)) return fallback;
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc{} || end != value.data() + value.size() || number < least || number > most) {
        mistake(key, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                         ", got \"" + value + "\"");
        return fallback;
    }
    return number;
}

bool ConfigSection::boolean(std::string_view key, bool fallback) {
    std::string value;
    if (!scalar(key, value)) return fallback;
    if (value == "true") return true;
    if (value == "false") return false;
    mistake(key, "expected true or false, got \"" + value + "\"");
    return fallback;
}

std::chrono::milliseconds ConfigSection::duration(std::string_view key, std::chrono::milliseconds fallback) {
    std::string value;
    if (!scalar(key, value)) return fallback;
    std::uint64_t number = 0;
    const auto* last = value.data() + value.size();
    const auto [end, problem] = std::from_chars(value.data(), last, number);
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    const std::uint64_t scale = unit == "ms"  ? 1
                                : unit == "s" ? 1'000
                                : unit == "m" ? 60'000
                                : unit == "h" ? 3'600'000
                                : unit == "d" ? 86'400'000
                                              : 0;
    if (problem != std::errc{} || scale == 0 || number > 1'000'000'000'000 / scale) {
        mistake(key, "expected a duration like 500ms, 30s, 5m, 2h or 1d, got \"" + value + "\"");
        return fallback;
    }
    return std::chrono::milliseconds(number * scale);
}

std::vector<std::string> ConfigSection::texts(std::string_view key, std::vector<std::string> fallback) {
    mapping_->read.emplace(key);
    const auto node = mapping_->find(key);
    if (!node || node.IsNull()) return fallback;
    std::vector<std::string> values;
    if (!node.IsSequence()) {
        document_->mistake(mapping_->path_of(key), node.Mark().line, "expected a list");
        return fallback;
    }
    for (const auto& item : node) {
        if (!item.IsScalar()) {
            document_->mistake(mapping_->path_of(key), item.Mark().line, "expected a list of single values");
            return fallback;
        }
        values.push_back(item.Scalar());
    }
    return values;
}

std::string ConfigSection::choice(std::string_view key, std::string fallback,
                                  const std::vector<std::string>& words) {
    auto value = text(key, fallback);
    if (std::find(words.begin(), words.end(), value) != words.end()) return value;
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
    mistake(key, "expected one of " + list + ", got \"" + value + "\"");
    return fallback;
}

ConfigSection ConfigSection::section(std::string_view key) {
    mapping_->read.emplace(key);
    auto child = std::make_shared<Mapping>();
    child->path = mapping_->path_of(key);
    const auto node = mapping_->find(key);
    if (node && node.IsMap()) {
        child->node = node;
    } else if (node && !node.IsNull()) {
        document_->mistake(child->path, node.Mark().line, "expected a mapping of keys to values");
    }
    mapping_->children.push_back(child);
    return {document_, child};
}

std::vector<std::string> ConfigSection::keys() {
    std::vector<std::string> names;
    if (!mapping_->node.IsMap()) return names;
    for (const auto& entry : mapping_->node) {
        names.push_back(entry.first.as<std::string>(""));
        mapping_->read.insert(names.back());
    }
    return names;
}

bool ConfigSection::has(std::string_view key) const {
    const auto node = mapping_->find(key);
    return node && !node.IsNull();
}

void ConfigSection::mistake(std::string_view key, std::string reason) {
    const auto node = mapping_->find(key);
    document_->mistake(mapping_->path_of(key), node ? node.Mark().line : -1, reason);
}

Result<void> ConfigSection::finish() const {
    std::vector<std::shared_ptr<Mapping>> open{document_->root};
    while (!open.empty()) {
        const auto mapping = open.back();
        open.pop_back();
        open.insert(open.end(), mapping->children.begin(), mapping->children.end());
        if (!mapping->node.IsMap()) continue;
        for (const auto& entry : mapping->node) {
            const auto key = entry.first.as<std::string>("");
            if (!mapping->read.contains(key))
                document_->mistake(mapping->path_of(key), entry.first.Mark().line,
                                   "no such key here; check the spelling");
        }
    }
    if (!document_->first.code.empty()) return tl::unexpected(document_->first);
    return {};
}

}  // namespace grid::runtime
