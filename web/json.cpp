#include "web/json.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>

#include "chain/json_nesting.hpp"
#include "lease/rfc3339.hpp"
#include "web/problem.hpp"

namespace grid::web {

// Never compare a rapidjson::Value with a number by ==: version 1.1 recurses without end in C++20.
using Value = rapidjson::Value;

namespace {

constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

std::string_view view(const Value& value) {
    return {value.GetString(), value.GetStringLength()};
}

/// The first member name that stands twice in one object, anywhere; depth is bounded.
std::optional<std::string> repeated_name(const Value& value) {
    if (value.IsObject()) {
        std::set<std::string_view> names;
        for (const auto& member : value.GetObject()) {
            if (!names.insert(view(member.name)).second) return std::string(view(member.name));
            if (auto name = repeated_name(member.value)) return name;
        }
    } else if (value.IsArray()) {
        for (const auto& element : value.GetArray()) {
            if (auto name = repeated_name(element)) return name;
        }
    }
    return std::nullopt;
}

const char* kind_of(const Value& value) {
    switch (value.GetType()) {
        case rapidjson::kNullType:
            return "null";
        case rapidjson::kFalseType:
        case rapidjson::kTrueType:
            return "a boolean";
        case rapidjson::kObjectType:
            return "an object";
        case rapidjson::kArrayType:
            return "an array";
        case rapidjson::kStringType:
            return "a string";
        case rapidjson::kNumberType:
            return "a number";
    }
    return "something else";
}

[[noreturn]] void refuse_kind(std::string path, const char* expected, const Value& came) {
    refuse_field(std::move(path), std::string("expected ") + expected + ", came " + kind_of(came));
}

const Value& as_value(const void* value) {
    return *static_cast<const Value*>(value);
}

}  // namespace

struct JsonObject::Document {
    rapidjson::Document json;
};

JsonObject::JsonObject(std::shared_ptr<const Document> document, const void* value, std::string path)
    : document_(std::move(document)), value_(value), path_(std::move(path)) {}

JsonObject JsonObject::parse(std::string_view text) {
    if (text.empty()) refuse(400, "bad_json", "expected a JSON object, came an empty body");
    if (chain::nests_deeper(text, kMaxJsonDepth))
        refuse(400, "bad_json", "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    auto document = std::make_shared<Document>();
    document->json.Parse<kParseFlags>(text.data(), text.size());
    if (document->json.HasParseError())
        refuse(400, "bad_json",
               std::string(rapidjson::GetParseError_En(document->json.GetParseError())) + " At byte " +
                   std::to_string(document->json.GetErrorOffset()) + ".");
    if (!document->json.IsObject())
        refuse(400, "bad_json", std::string("expected a JSON object, came ") + kind_of(document->json));
    if (const auto name = repeated_name(document->json))
        refuse(400, "bad_json", "the member \"" + *name + "\" stands twice in one object");
    const void* root = static_cast<const Value*>(&document->json);
    return JsonObject(std::move(document), root, {});
}

std::string JsonObject::path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const void* JsonObject::find(std::string_view name) {
    asked_.emplace(name);
    for (const auto& member : as_value(value_).GetObject()) {
        if (view(member.name) == name) return member.value.IsNull() ? nullptr : &member.value;
    }
    return nullptr;
}

const void* JsonObject::need(std::string_view name) {
    if (const void* value = find(name)) return value;
    refuse_field(path_of(name), "the field " + path_of(name) + " is missing", "missing_field");
}

bool JsonObject::has(std::string_view name) {
    return find(name) != nullptr;
}

std::string JsonObject::text(std::string_view name, std::size_t max) {
    const auto& value = as_value(need(name));
    if (!value.IsString()) refuse_kind(path_of(name), "a string", value);
    if (value.GetStringLength() == 0) refuse_field(path_of(name), "must not be empty");
    if (value.GetStringLength() > max)
        refuse_field(path_of(name), "longer than " + std::to_string(max) + " bytes");
    return std::string(view(value));
}

std::string JsonObject::text_or(std::string_view name, std::string fallback, std::size_t max) {
    return has(name) ? text(name, max) : std::move(fallback);
}

std::uint64_t JsonObject::integer(std::string_view name, std::uint64_t least, std::uint64_t most) {
    const auto& value = as_value(need(name));
    std::optional<std::uint64_t> number;
    if (value.IsUint64()) {
        number = value.GetUint64();
    } else if (value.IsString()) {
        number = parse_decimal(view(value));
    } else if (!value.IsNumber()) {
        refuse_kind(path_of(name), "a whole number", value);
    }
    if (!number || *number < least || *number > most)
        refuse_field(path_of(name), "expected a whole number from " + std::to_string(least) + " to " +
                                        std::to_string(most) + " in decimal digits");
    return *number;
}

std::uint64_t JsonObject::integer_or(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                     std::uint64_t most) {
    return has(name) ? integer(name, least, most) : fallback;
}

bool JsonObject::flag_or(std::string_view name, bool fallback) {
    const void* found = find(name);
    if (!found) return fallback;
    const auto& value = as_value(found);
    if (!value.IsBool()) refuse_kind(path_of(name), "true or false", value);
    return value.GetBool();
}

std::vector<std::string> JsonObject::texts(std::string_view name, std::size_t most, std::size_t max) {
    const auto& value = as_value(need(name));
    if (!value.IsArray()) refuse_kind(path_of(name), "an array of strings", value);
    if (value.Empty() || value.Size() > most)
        refuse_field(path_of(name), "expected 1 to " + std::to_string(most) + " strings");
    std::vector<std::string> texts;
    std::size_t size = 0;
    for (const auto& element : value.GetArray()) {
        if (!element.IsString()) refuse_kind(path_of(name), "an array of strings", element);
        size += element.GetStringLength();
        if (size > max) refuse_field(path_of(name), "longer than " + std::to_string(max) + " bytes together");
        texts.emplace_back(view(element));
    }
    return texts;
}

chain::Address JsonObject::address(std::string_view name) {
    const auto parsed = chain::Address::parse(text(name, 64));
    if (!parsed) refuse_field(path_of(name), parsed.error().message);
    return *parsed;
}

chain::Hash JsonObject::hash(std::string_view name) {
    const auto parsed = chain::Hash::parse(text(name, 80));
    if (!parsed) refuse_field(path_of(name), parsed.error().message);
    return *parsed;
}

chain::Bytes JsonObject::bytes(std::string_view name, std::size_t max) {
    auto parsed = chain::from_hex(text(name, 2 + 2 * max));
    if (!parsed) refuse_field(path_of(name), parsed.error().message);
    return std::move(*parsed);
}

chain::Timestamp JsonObject::time(std::string_view name) {
    const auto parsed = lease::parse_rfc3339(text(name, 64));
    if (!parsed) refuse_field(path_of(name), parsed.error().message);
    return *parsed;
}

chain::Amount JsonObject::price(std::string_view name) {
    const auto parsed = chain::Amount::parse(text(name, 80));
    if (!parsed) refuse_field(path_of(name), parsed.error().message);
    if (parsed->bit_length() > 96) refuse_field(path_of(name), "must be below 2^96 base units");
    return *parsed;
}

JsonObject JsonObject::object(std::string_view name) {
    const auto& value = as_value(need(name));
    if (!value.IsObject()) refuse_kind(path_of(name), "an object", value);
    return JsonObject(document_, &value, path_of(name));
}

chain::Resources JsonObject::resources(std::string_view name) {
    auto object = this->object(name);
    chain::Resources resources;
    resources.cpu_milli = object.integer("cpu_milli");
    resources.memory_mib = object.integer("memory_mib");
    resources.storage_mib = object.integer_or("storage_mib", 0);
    resources.gpus = object.integer_or("gpus", 0);
    object.done();
    return resources;
}

chain::Prices JsonObject::prices(std::string_view name) {
    auto object = this->object(name);
    chain::Prices prices;
    prices.cpu_milli = object.price("cpu_milli");
    prices.memory_mib = object.price("memory_mib");
    prices.storage_mib = object.price("storage_mib");
    if (object.has("gpus")) prices.gpus = object.price("gpus");
    object.done();
    return prices;
}

void JsonObject::done() const {
    for (const auto& member : as_value(value_).GetObject()) {
        if (!asked_.contains(view(member.name)))
            refuse_field(path_of(view(member.name)), "there is no field of this name", "unknown_field");
    }
}

std::optional<std::string> canonical_json_object(std::string_view text) {
    if (text.empty() || chain::nests_deeper(text, kMaxJsonDepth)) return std::nullopt;
    rapidjson::Document document;
    document.Parse<kParseFlags>(text.data(), text.size());
    if (document.HasParseError() || !document.IsObject() || repeated_name(document)) return std::nullopt;
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    if (!document.Accept(writer)) return std::nullopt;
    return std::string(buffer.GetString(), buffer.GetSize());
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace grid::web
