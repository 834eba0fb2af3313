#include "adapters/podman/api.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "adapters/podman/answers.hpp"

namespace grid::adapters::podman {

using rapidjson::Document;
using rapidjson::Value;
using runtime::HttpDeadline;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::percent_encode;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kLongestPause{1000};

NetworkRow network_row(const Value& value) {
    NetworkRow row;
    row.name = text_of(value, "name");
    row.interface = text_of(value, "network_interface");
    row.labels = labels_of(value, "labels");
    const auto subnets = value.FindMember("subnets");
    if (subnets != value.MemberEnd() && subnets->value.IsArray() && !subnets->value.Empty() &&
        subnets->value[0].IsObject())
        row.subnet = text_of(subnets->value[0], "subnet");
    return row;
}

ContainerRow container_row(const Value& value) {
    ContainerRow row;
    row.id = text_of(value, "Id");
    row.image = text_of(value, "Image");
    row.state = text_of(value, "State");
    row.exit_code = static_cast<int>(number_of(value, "ExitCode"));
    row.created_at = nanoseconds_of(text_of(value, "Created"));
    row.started_at = number_of(value, "StartedAt");
    row.exited_at = number_of(value, "ExitedAt");
    row.labels = labels_of(value, "Labels");
    const auto names = value.FindMember("Names");
    if (names != value.MemberEnd() && names->value.IsArray() && !names->value.Empty() &&
        names->value[0].IsString())
        row.name = names->value[0].GetString();
    const auto size = value.FindMember("Size");
    if (size != value.MemberEnd() && size->value.IsObject())
        row.written_bytes =
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(size->value, "rwSize")));
    return row;
}

}  // namespace

const std::string& ContainerRow::label(const std::string& key) const {
    return label_of(labels, key);
}

Result<HttpResponse> PodmanApi::call(const std::string& method, const std::string& path,
                                     const std::string& body, milliseconds limit) const {
    HttpRequest request;
    request.method = method;
    request.target = kBase + path;
    request.body = body;
    if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
    auto response = client_.request(request, steady_clock::now() + limit, 64u << 20);
    if (!response) return transport(response.error());
    if (response->status >= 400) return refused(*response);
    return std::move(*response);
}

Result<HostInfo> PodmanApi::info() const {
    const auto document = object_in(call("GET", "/info", {}, milliseconds(5000)), "info", "host");
    if (!document) return tl::unexpected(document.error());
    HostInfo info;
    const auto& host = (*document)["host"];
    info.network_backend = text_of(host, "networkBackend");
    if (host.HasMember("cgroupControllers") && host["cgroupControllers"].IsArray())
        for (const auto& i : host["cgroupControllers"].GetArray())
            if (i.IsString()) info.controllers.emplace_back(i.GetString());
    if (host.HasMember("security") && host["security"].IsObject()) {
        const auto& security = host["security"];
        info.seccomp = security.HasMember("seccompEnabled") && security["seccompEnabled"].IsTrue();
    }
    if (document->HasMember("version") && (*document)["version"].IsObject())
        info.version = text_of((*document)["version"], "Version");
    return info;
}

Result<std::vector<ContainerRow>> PodmanApi::containers(const std::vector<std::string>& labels,
                                                        bool sizes) const {
    const auto path =
        "/containers/json?all=true&filters=" + label_filter(labels) + (sizes ? "&size=true" : "");
    const auto now = steady_clock::now();
    const auto document =
        list_in(call("GET", path, {}, milliseconds(sizes ? 60'000 : 5'000)), "a list of containers");
    if (!document) return tl::unexpected(document.error());
    std::vector<ContainerRow> rows;
    for (const auto& value : document->GetArray())
        if (value.IsObject()) rows.push_back(container_row(value));
    for (auto& row : rows) row.read_at = now;
    return rows;
}

Result<std::string> PodmanApi::create(const std::string& spec) const {
    const auto document = object_in(call("POST", "/containers/create", spec), "create");
    if (!document) return tl::unexpected(document.error());
    if (text_of(*document, "Id").empty()) return odd("create");
    return text_of(*document, "Id");
}

Result<void> PodmanApi::start(const std::string& id) const {
    const auto response = call("POST", "/containers/" + percent_encode(id) + "/start");
    if (!response) return tl::unexpected(response.error());
    return {};
}

Result<void> PodmanApi::stop(const std::string& id, unsigned grace_s) const {
    const auto path = "/containers/" + percent_encode(id) + "/stop?timeout=" + std::to_string(grace_s);
    const auto response = call("POST", path, {}, milliseconds(20'000 + grace_s * 1000));
    if (!response && response.error().code != "not_found") return tl::unexpected(response.error());
    return {};
}

Result<void> PodmanApi::remove(const std::string& id) const {
    // Podman's own cleaning after the end of a container runs at the same time in a process of its own, and
    // now and then makes this fail with "device or resource busy"; a moment later it goes through.
    for (auto pause = milliseconds(20);; pause *= 2) {
        const auto response =
            call("DELETE", "/containers/" + percent_encode(id) + "?force=true&timeout=0&v=true");
        if (response || response.error().code == "not_found") return {};
        if (response.error().code == "cluster_unavailable" || pause > kLongestPause)
            return tl::unexpected(response.error());
        std::this_thread::sleep_for(pause);
    }
}

Result<NetworkRow> PodmanApi::create_network(const std::string& spec) const {
    const auto document = object_in(call("POST", "/networks/create", spec), "network create");
    if (!document) return tl::unexpected(document.error());
    return network_row(*document);
}

Result<NetworkRow> PodmanApi::network(const std::string& name) const {
    const auto document =
        object_in(call("GET", "/networks/" + percent_encode(name) + "/json"), "network inspect");
    if (!document) return tl::unexpected(document.error());
    return network_row(*document);
}

Result<std::vector<NetworkRow>> PodmanApi::networks(const std::string& label) const {
    const auto document =
        list_in(call("GET", "/networks/json?filters=" + label_filter({label})), "a list of networks");
    if (!document) return tl::unexpected(document.error());
    std::vector<NetworkRow> rows;
    for (const auto& value : document->GetArray())
        if (value.IsObject()) rows.push_back(network_row(value));
    return rows;
}

Result<void> PodmanApi::remove_network(const std::string& name) const {
    for (auto pause = milliseconds(20);; pause *= 2) {
        const auto response = call("DELETE", "/networks/" + percent_encode(name));
        if (response || response.error().code == "not_found") return {};
        if (response.error().code == "cluster_unavailable" || pause > kLongestPause)
            return tl::unexpected(response.error());
        std::this_thread::sleep_for(pause);
    }
}

Result<bool> PodmanApi::image_exists(const std::string& name) const {
    const auto response = call("GET", "/images/" + percent_encode(name) + "/exists");
    if (response) return true;
    if (response.error().code == "not_found") return false;
    return tl::unexpected(response.error());
}

Result<std::vector<ImageRow>> PodmanApi::images() const {
    const auto document = list_in(call("GET", "/images/json"), "a list of images");
    if (!document) return tl::unexpected(document.error());
    std::vector<ImageRow> rows;
    for (const auto& value : document->GetArray()) {
        if (!value.IsObject()) continue;
        ImageRow row{text_of(value, "Id"), {}, number_of(value, "Containers") > 0};
        const auto names = value.FindMember("RepoTags");
        if (names != value.MemberEnd() && names->value.IsArray())
            for (const auto& name : names->value.GetArray())
                if (name.IsString()) row.names.emplace_back(name.GetString());
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<void> PodmanApi::remove_image(const std::string& id) const {
    const auto response = call("DELETE", "/images/" + percent_encode(id));
    if (!response && response.error().code != "not_found") return tl::unexpected(response.error());
    return {};
}

Result<std::string> PodmanApi::image_user(const std::string& name) const {
    const auto document =
        object_in(call("GET", "/images/" + percent_encode(name) + "/json"), "image inspect");
    if (!document) return tl::unexpected(document.error());
    return text_of(*document, "User");
}

Result<void> PodmanApi::pull(const std::string& name, const std::string& login, milliseconds limit) const {
    HttpRequest request;
    request.method = "POST";
    request.target = std::string(kBase) + "/images/pull?policy=always&reference=" + percent_encode(name);
    request.headers = {{"X-Registry-Auth", login}};
    const auto response = client_.request(request, steady_clock::now() + limit, 64u << 20);
    if (!response) return transport(response.error());
    if (response->status >= 400)
        return fail("image_unavailable", name + ": " + refused(*response).value().message);
    // One JSON document a line; the last tells how it went.
    std::string error = "podman did not say that it has the image";
    for (std::size_t at = 0; at < response->body.size();) {
        const auto end = std::min(response->body.find('\n', at), response->body.size());
        Document line;
        line.Parse(response->body.data() + at, end - at);
        if (!line.HasParseError() && line.IsObject()) {
            if (line.HasMember("error")) error = text_of(line, "error");
            if (!text_of(line, "id").empty()) error.clear();
        }
        at = end + 1;
    }
    if (!error.empty()) return fail("image_unavailable", name + ": " + error);
    return {};
}

}  // namespace grid::adapters::podman
