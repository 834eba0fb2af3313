#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>

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

inline tl::unexpected<Error> transport(const Error& error) {
    return fail("cluster_unavailable", "podman: " + error.message);
}

inline tl::unexpected<Error> odd(const char* what) {
    return fail("podman_error", std::string("podman answered something unexpected to ") + what);
}

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
