/// Volumes, and where a container runs.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "adapters/podman/answers.hpp"
#include "adapters/podman/api.hpp"

namespace grid::adapters::podman {

using runtime::percent_encode;

namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

VolumeRow volume_row(const rapidjson::Value& value) {
    VolumeRow row;
    row.name = text_of(value, "Name");
    row.directory = text_of(value, "Mountpoint");
    row.labels = labels_of(value, "Labels");
    return row;
}

}  // namespace

const std::string& VolumeRow::label(const std::string& key) const {
    return label_of(labels, key);
}

Result<int> PodmanApi::pid_of(const std::string& id) const {
    const auto seen =
        object_in(call("GET", "/containers/" + percent_encode(id) + "/json"), "inspect", "State");
    if (!seen) return tl::unexpected(seen.error());
    return static_cast<int>(number_of((*seen)["State"], "Pid"));
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
    const auto made =
        object_in(there ? there : call("POST", "/volumes/create", buffer.GetString()), "volume create");
    if (!made) return tl::unexpected(made.error());
    auto row = volume_row(*made);
    if (row.directory.empty()) return odd("volume create");
    row.fresh = !there;
    return row;
}

Result<std::vector<VolumeRow>> PodmanApi::volumes(const std::vector<std::string>& labels) const {
    const auto found =
        list_in(call("GET", "/volumes/json?filters=" + label_filter(labels)), "a list of volumes");
    if (!found) return tl::unexpected(found.error());
    std::vector<VolumeRow> rows;
    for (const auto& value : found->GetArray()) {
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
