/// Volumes, and where a container runs.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "adapters/podman/answers.hpp"
#include "adapters/podman/api.hpp"

namespace grid::adapters::podman {

using rapidjson::Document;
using runtime::percent_encode;

namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

VolumeRow volume_row(const rapidjson::Value& value) {
    VolumeRow row;
    row.name = text_of(value, "Name");
    row.directory = text_of(value, "Mountpoint");
    const auto labels = value.FindMember("Labels");
    if (labels != value.MemberEnd() && labels->value.IsObject())
        for (const auto& m : labels->value.GetObject())
            if (m.value.IsString()) row.labels.emplace(m.name.GetString(), m.value.GetString());
    return row;
}

}  // namespace

const std::string& VolumeRow::label(const std::string& key) const {
    static const std::string kNone;
    const auto i = labels.find(key);
    return i == labels.end() ? kNone : i->second;
}

Result<int> PodmanApi::pid_of(const std::string& id) const {
    const auto response = call("GET", "/containers/" + percent_encode(id) + "/json");
    if (!response) return tl::unexpected(response.error());
    Document document;
    document.Parse(response->body.data(), response->body.size());
    if (document.HasParseError() || !document.IsObject() || !document.HasMember("State") ||
        !document["State"].IsObject())
        return odd("inspect");
    return static_cast<int>(number_of(document["State"], "Pid"));
}

Result<VolumeRow> PodmanApi::create_volume(const std::string& name,
                                           const std::map<std::string, std::string>& labels) const {
    const auto there = call("GET", "/volumes/" + percent_encode(name) + "/json");
    if (!there && there.error().code != "not_found") return tl::unexpected(there.error());
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    json.Key("Name");
    json.String(name.c_str());
    json.Key("Label");
    json.StartObject();
    for (const auto& [key, value] : labels) {
        json.Key(key.c_str());
        json.String(value.c_str());
    }
    json.EndObject();
    json.EndObject();
    const auto response = there ? there : call("POST", "/volumes/create", buffer.GetString());
    if (!response) return tl::unexpected(response.error());
    Document document;
    document.Parse(response->body.data(), response->body.size());
    if (document.HasParseError() || !document.IsObject() || text_of(document, "Mountpoint").empty())
        return odd("volume create");
    auto row = volume_row(document);
    row.fresh = !there;
    return row;
}

Result<std::vector<VolumeRow>> PodmanApi::volumes(const std::vector<std::string>& labels) const {
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    json.Key("label");
    json.StartArray();
    for (const auto& label : labels) json.String(label.c_str());
    json.EndArray();
    json.EndObject();
    const auto response = call("GET", "/volumes/json?filters=" + percent_encode(buffer.GetString()));
    if (!response) return tl::unexpected(response.error());
    Document document;
    document.Parse(response->body.data(), response->body.size());
    if (document.HasParseError() || !(document.IsArray() || document.IsNull()))
        return odd("a list of volumes");
    std::vector<VolumeRow> rows;
    if (!document.IsArray()) return rows;
    for (const auto& value : document.GetArray()) {
        if (!value.IsObject()) continue;
        auto row = volume_row(value);
        bool all = true;  // podman 4.3 answers those that bear any of the labels
        for (const auto& label : labels) {
            const auto equals = label.find('=');
            all = all && row.label(label.substr(0, equals)) == label.substr(equals + 1);
        }
        if (all) rows.push_back(std::move(row));
    }
    return rows;
}

Result<void> PodmanApi::remove_volume(const std::string& name) const {
    const auto response = call("DELETE", "/volumes/" + percent_encode(name));
    if (!response && response.error().code != "not_found") return tl::unexpected(response.error());
    return {};
}

}  // namespace grid::adapters::podman
