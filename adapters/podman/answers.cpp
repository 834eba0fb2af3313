#include "adapters/podman/answers.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace grid::adapters::podman {

using rapidjson::Document;

std::string label_filter(const std::vector<std::string>& labels) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartObject();
    json.Key("label");
    json.StartArray();
    for (const auto& label : labels) json.String(label.c_str());
    json.EndArray();
    json.EndObject();
    return runtime::percent_encode(buffer.GetString());
}

Result<Document> object_in(const Result<runtime::HttpResponse>& response, const char* what,
                           const char* member) {
    if (!response) return tl::unexpected(response.error());
    Document document;
    document.Parse(response->body.data(), response->body.size());
    if (document.HasParseError() || !document.IsObject()) return odd(what);
    if (member != nullptr && (!document.HasMember(member) || !document[member].IsObject())) return odd(what);
    return document;
}

Result<Document> list_in(const Result<runtime::HttpResponse>& response, const char* what) {
    if (!response) return tl::unexpected(response.error());
    Document document;
    document.Parse(response->body.data(), response->body.size());
    if (document.HasParseError() || !(document.IsArray() || document.IsNull())) return odd(what);
    if (document.IsNull()) document.SetArray();
    return document;
}

}  // namespace grid::adapters::podman
