#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "runtime/http_client.hpp"
#include "store/result.hpp"

/// How podman's answers are read, for the parts of PodmanApi.
namespace grid::adapters::podman {

inline constexpr char kBase[] = "/v4.0.0/libpod";

inline std::string text_of(const rapidjson::Value& object, const char* name) {
    const auto i = object.FindMember(name);
    return i != object.MemberEnd() && i->value.IsString() ? i->value.GetString() : "";
}

inline std::int64_t number_of(const rapidjson::Value& object, const char* name) {
    const auto i = object.FindMember(name);
    return i != object.MemberEnd() && i->value.IsInt64() ? i->value.GetInt64() : 0;
}

/// An object's member of strings; what is not one is passed over.
inline std::map<std::string, std::string> labels_of(const rapidjson::Value& object, const char* name) {
    std::map<std::string, std::string> labels;
    const auto i = object.FindMember(name);
    if (i != object.MemberEnd() && i->value.IsObject())
        for (const auto& m : i->value.GetObject())
            if (m.value.IsString()) labels.emplace(m.name.GetString(), m.value.GetString());
    return labels;
}

/// The label of that name; empty when there is none.
inline const std::string& label_of(const std::map<std::string, std::string>& labels, const std::string& key) {
    static const std::string kNone;
    const auto i = labels.find(key);
    return i == labels.end() ? kNone : i->second;
}

/// The query parameter `filters` for what bears these labels.
std::string label_filter(const std::vector<std::string>& labels);

/// "2026-11-20T13:01:28.434327182Z", or with an offset like +01:00 -> nanoseconds; 0 when it cannot be read,
/// or is before 1970 (as "0001-01-01T00:00:00Z" is, Go's way to say never) or after 2262.
inline std::int64_t nanoseconds_of(const std::string& text) {
    std::tm time{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    if (!rest) return 0;
    std::int64_t fraction = 0;
    if (*rest == '.') {
        ++rest;
        for (int digit = 0; digit < 9; ++digit) {
            fraction = fraction * 10;
            if (*rest >= '0' && *rest <= '9') fraction += *rest++ - '0';
        }
    }
    std::int64_t offset = 0;
    int hours = 0, minutes = 0;
    if ((*rest == '+' || *rest == '-') && std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
        offset = (*rest == '+' ? 60 : -60) * (std::int64_t{60} * hours + minutes);
    const auto seconds = static_cast<std::int64_t>(::timegm(&time)) - offset;
    constexpr std::int64_t kSecond = 1'000'000'000;
    if (seconds <= 0 || seconds >= std::numeric_limits<std::int64_t>::max() / kSecond) return 0;
    return seconds * kSecond + fraction;
}

/// The other way.
inline std::string time_text(std::int64_t nanoseconds) {
    const auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
    std::tm time{};
    ::gmtime_r(&seconds, &time);
    char text[40];
    const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &time);
    std::snprintf(text + length, sizeof text - length, ".%09dZ",
                  static_cast<int>(nanoseconds % 1'000'000'000));
    return text;
}

inline tl::unexpected<Error> transport(const Error& error) {
    return fail("cluster_unavailable", "podman: " + error.message);
}

inline tl::unexpected<Error> odd(const char* what) {
    return fail("podman_error", std::string("podman answered something unexpected to ") + what);
}

/// The JSON object that was answered; with `member` one that has an object of that name. Code `podman_error`
/// names `what` was asked; an error of the call is passed on.
Result<rapidjson::Document> object_in(const Result<runtime::HttpResponse>& response, const char* what,
                                      const char* member = nullptr);
/// The same for a list; podman writes null for an empty one.
Result<rapidjson::Document> list_in(const Result<runtime::HttpResponse>& response, const char* what);

/// Podman's error document, or its bare text.
inline tl::unexpected<Error> refused(const runtime::HttpResponse& response) {
    rapidjson::Document document;
    document.Parse(response.body.data(), response.body.size());
    std::string words;
    if (!document.HasParseError() && document.IsObject()) words = text_of(document, "message");
    if (words.empty()) words = response.body.substr(0, 500);
    const char* code = response.status == 404   ? "not_found"
                       : response.status == 409 ? "conflict"
                                                : "podman_error";
    return fail(code, words);
}

}  // namespace grid::adapters::podman
