#include "adapters/podman/probe_text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace grid::adapters::podman {

namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void word(Json& json, const std::string& value) {
    json.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}

void call(Json& json, unsigned kind, const std::string& path, std::uint16_t port,
          const std::vector<std::string>& command, const std::vector<lease::HttpHeader>& headers) {
    json.Key("kind");
    json.Uint(kind);
    json.Key("path");
    word(json, path);
    json.Key("port");
    json.Uint(port);
    json.Key("command");
    json.StartArray();
    for (const auto& one : command) word(json, one);
    json.EndArray();
    json.Key("headers");
    json.StartArray();
    for (const auto& header : headers) {
        word(json, header.name);
        word(json, header.value);
    }
    json.EndArray();
}

std::uint32_t number(const rapidjson::Document& document, const char* name) {
    const auto i = document.FindMember(name);
    return i != document.MemberEnd() && i->value.IsUint() ? i->value.GetUint() : 0;
}

std::vector<std::string> words(const rapidjson::Document& document, const char* name) {
    std::vector<std::string> out;
    const auto i = document.FindMember(name);
    if (i != document.MemberEnd() && i->value.IsArray())
        for (const auto& one : i->value.GetArray())
            if (one.IsString()) out.emplace_back(one.GetString(), one.GetStringLength());
    return out;
}

/// What probes and hooks have in common; the kind, or nothing when the text is none of ours.
template <class Call>
std::optional<unsigned> read_call(const std::string& text, rapidjson::Document& document, Call& call) {
    if (text.empty()) return std::nullopt;
    document.Parse(text.data(), text.size());
    if (document.HasParseError() || !document.IsObject()) return std::nullopt;
    if (document.HasMember("path") && document["path"].IsString()) call.path = document["path"].GetString();
    call.port = static_cast<std::uint16_t>(number(document, "port"));
    call.command = words(document, "command");
    const auto headers = words(document, "headers");
    for (std::size_t i = 0; i + 1 < headers.size(); i += 2)
        call.headers.push_back({headers[i], headers[i + 1]});
    return number(document, "kind");
}

}  // namespace

std::string probe_text(const lease::Probe& probe) {
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    call(json, static_cast<unsigned>(probe.kind), probe.path, probe.port, probe.command, probe.headers);
    const std::pair<const char*, std::uint32_t> numbers[] = {{"delay", probe.initial_delay_s},
                                                             {"period", probe.period_s},
                                                             {"timeout", probe.timeout_s},
                                                             {"failures", probe.failure_threshold},
                                                             {"successes", probe.success_threshold}};
    for (const auto& [name, value] : numbers) {
        json.Key(name);
        json.Uint(value);
    }
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::optional<lease::Probe> read_probe(const std::string& text) {
    rapidjson::Document document;
    lease::Probe probe;
    const auto kind = read_call(text, document, probe);
    if (!kind || *kind > static_cast<unsigned>(lease::Probe::Kind::exec)) return std::nullopt;
    probe.kind = static_cast<lease::Probe::Kind>(*kind);
    probe.initial_delay_s = number(document, "delay");
    probe.period_s = std::max(1u, number(document, "period"));
    probe.timeout_s = std::max(1u, number(document, "timeout"));
    probe.failure_threshold = std::max(1u, number(document, "failures"));
    probe.success_threshold = std::max(1u, number(document, "successes"));
    return probe;
}

std::string hook_text(const lease::Hook& hook) {
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    call(json, static_cast<unsigned>(hook.kind), hook.path, hook.port, hook.command, hook.headers);
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::optional<lease::Hook> read_hook(const std::string& text) {
    rapidjson::Document document;
    lease::Hook hook;
    const auto kind = read_call(text, document, hook);
    if (!kind || *kind > static_cast<unsigned>(lease::Hook::Kind::exec)) return std::nullopt;
    hook.kind = static_cast<lease::Hook::Kind>(*kind);
    return hook;
}

}  // namespace grid::adapters::podman
