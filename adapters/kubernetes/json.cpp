#include "adapters/kubernetes/json.hpp"

#include <boost/json/src.hpp>  // Boost.JSON is compiled here, once

#include <openssl/evp.h>

#include "lease/rfc3339.hpp"

namespace grid::adapters::kubernetes {

Result<json::value> parse_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = 64;
    json::error_code problem;
    auto value = json::parse({text.data(), text.size()}, problem, {}, options);
    if (problem) return fail("bad_reply", "the reply is not JSON: " + problem.message());
    return value;
}

const json::value* find(const json::value& from, Path path) noexcept {
    const json::value* at = &from;
    for (const auto name : path) {
        const auto* object = at->if_object();
        if (object == nullptr) return nullptr;
        at = object->if_contains({name.data(), name.size()});
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string text_at(const json::value& from, Path path) {
    const auto* value = find(from, path);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::int64_t number_at(const json::value& from, Path path, std::int64_t otherwise) noexcept {
    const auto* value = find(from, path);
    const auto* number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? otherwise : *number;
}

bool flag_at(const json::value& from, Path path, bool otherwise) noexcept {
    const auto* value = find(from, path);
    const auto* flag = value == nullptr ? nullptr : value->if_bool();
    return flag == nullptr ? otherwise : *flag;
}

const json::array& list_at(const json::value& from, Path path) noexcept {
    static const json::array kNone;
    const auto* value = find(from, path);
    const auto* list = value == nullptr ? nullptr : value->if_array();
    return list == nullptr ? kNone : *list;
}

const json::object& object_at(const json::value& from, Path path) noexcept {
    static const json::object kNone;
    const auto* value = find(from, path);
    const auto* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? kNone : *object;
}

std::int64_t seconds_of(std::string_view rfc3339) {
    const auto time = lease::parse_rfc3339(rfc3339);
    return time ? static_cast<std::int64_t>(time->seconds) : 0;
}

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int n =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    return out;
}

std::string tamed(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most))
        out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? ' ' : c;
    return out;
}

}  // namespace grid::adapters::kubernetes
