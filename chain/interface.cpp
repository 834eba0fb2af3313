#include "chain/interface.hpp"

#include <rapidjson/document.h>

#include <algorithm>

#include "chain/keccak.hpp"

namespace grid::chain::abi {
namespace {

using Json = rapidjson::Value;

constexpr std::size_t kMaxJson = 4 << 20;
constexpr std::size_t kMaxDepth = 16;

/// Leaves the walk through a document; turned into a Result at the border of this file.
struct Refused {
    std::string message;
};

[[noreturn]] void refuse(const std::string& why) {
    throw Refused{why};
}

const Json* find(const Json& object, const char* name) {
    const auto it = object.FindMember(name);
    return it == object.MemberEnd() ? nullptr : &it->value;
}

std::string text_of(const Json& object, const char* name) {
    const Json* value = find(object, name);
    if (value == nullptr || !value->IsString()) refuse(std::string("expected the text \"") + name + '"');
    return {value->GetString(), value->GetStringLength()};
}

bool is_true(const Json& object, const char* name) {
    const Json* value = find(object, name);
    return value != nullptr && value->IsBool() && value->GetBool();
}

/// The type string of a parameter: the components of "tuple[2]" are written into it, with their names.
std::string type_text(const Json& parameter, std::size_t depth) {
    if (!parameter.IsObject()) refuse("expected parameters of the form {name, type}");
    std::string type = text_of(parameter, "type");
    if (type != "tuple" && !type.starts_with("tuple[")) return type;
    const Json* components = find(parameter, "components");
    if (depth > kMaxDepth || components == nullptr || !components->IsArray())
        refuse("expected the components of a tuple");
    std::string text = "(";
    for (const Json& component : components->GetArray()) {
        if (text.size() > 1) text += ',';
        text += type_text(component, depth + 1);
        if (const std::string name = text_of(component, "name"); !name.empty()) text += ' ' + name;
    }
    return text + ')' + type.substr(5);
}

std::vector<Parameter> parameters_of(const Json& entry, const char* field) {
    std::vector<Parameter> result;
    const Json* list = find(entry, field);
    if (list == nullptr) return result;
    if (!list->IsArray()) refuse(std::string("expected an array of ") + field);
    for (const Json& parameter : list->GetArray()) {
        auto type = Type::parse(type_text(parameter, 0));
        if (!type) refuse(type.error().message);
        result.push_back({text_of(parameter, "name"), *std::move(type), is_true(parameter, "indexed")});
    }
    return result;
}

/// The tuple type of parameters; an indexed one that takes more than a word is its hash.
Type tuple_of(const std::vector<Parameter>& parameters) {
    std::vector<Type> types;
    std::vector<std::string> names;
    for (const Parameter& parameter : parameters) {
        const bool hashed =
            parameter.indexed && (parameter.type.is_dynamic() || !parameter.type.parts.empty());
        types.push_back(hashed ? Type{Type::Kind::fixed_bytes, 32, {}, {}, {}} : parameter.type);
        names.push_back(parameter.name);
    }
    return Type::tuple_of(std::move(types), std::move(names));
}

}  // namespace

std::string Declaration::signature() const {
    std::string text = name + '(';
    for (const Parameter& input : inputs) {
        if (text.back() != '(') text += ',';
        text += input.type.canonical();
    }
    return text + ')';
}

Hash Declaration::id() const {
    return keccak256(signature());
}

Result<Interface> Interface::parse(std::string_view json) try {
    if (json.size() > kMaxJson) return fail("bad_interface", "expected at most 4 MiB of JSON");
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray())
        return fail("bad_interface", "expected a JSON array of functions, events and errors");
    Interface result;
    for (const Json& entry : document.GetArray()) {
        if (!entry.IsObject()) refuse("expected objects");
        const std::string type = text_of(entry, "type");
        if (type != "function" && type != "event" && type != "error") continue;
        if (is_true(entry, "anonymous")) continue;
        Declaration& made = result.declarations_.emplace_back();
        made.kind = type == "function" ? Declaration::Kind::function
                    : type == "event"  ? Declaration::Kind::event
                                       : Declaration::Kind::error;
        made.name = text_of(entry, "name");
        made.inputs = parameters_of(entry, "inputs");
        made.outputs = parameters_of(entry, "outputs");
    }
    return result;
} catch (const Refused& refused) {
    return fail("bad_interface", refused.message);
}

const Declaration* Interface::function(std::string_view name) const {
    const Declaration* found = nullptr;
    for (const Declaration& d : declarations_) {
        if (d.kind != Declaration::Kind::function) continue;
        if (d.signature() == name) return &d;
        if (d.name != name) continue;
        if (found != nullptr) return nullptr;
        found = &d;
    }
    return found;
}

const Declaration* Interface::function(const Selector& selector) const {
    const auto it = std::find_if(declarations_.begin(), declarations_.end(), [&](const Declaration& d) {
        return d.kind == Declaration::Kind::function && d.selector() == selector;
    });
    return it == declarations_.end() ? nullptr : &*it;
}

const Declaration* Interface::error(const Selector& selector) const {
    const auto it = std::find_if(declarations_.begin(), declarations_.end(), [&](const Declaration& d) {
        return d.kind == Declaration::Kind::error && d.selector() == selector;
    });
    return it == declarations_.end() ? nullptr : &*it;
}

const Declaration* Interface::event(const Hash& topic) const {
    const auto it = std::find_if(declarations_.begin(), declarations_.end(), [&](const Declaration& d) {
        return d.kind == Declaration::Kind::event && d.id() == topic;
    });
    return it == declarations_.end() ? nullptr : &*it;
}

std::vector<Type> types_of(const std::vector<Parameter>& parameters) {
    std::vector<Type> types;
    types.reserve(parameters.size());
    for (const Parameter& parameter : parameters) types.push_back(parameter.type);
    return types;
}

Result<TypedValue> decode_inputs(const Declaration& declaration, ByteView data) {
    const Selector expected = declaration.selector();
    if (data.size() < 4 || !std::equal(expected.begin(), expected.end(), data.begin()))
        return fail("bad_abi", "the data does not begin with the selector of " + declaration.signature());
    auto values = decode(types_of(declaration.inputs), data.subspan(4));
    if (!values) return tl::unexpected<Error>(values.error());
    return TypedValue{tuple_of(declaration.inputs), {{}, {}, *std::move(values)}};
}

Result<TypedValue> decode_log(const Declaration& event, std::span<const Hash> topics, ByteView data) {
    if (topics.empty() || topics[0] != event.id())
        return fail("bad_abi", "the first topic is not that of " + event.signature());
    TypedValue result{tuple_of(event.inputs), {}};
    std::vector<Type> in_data;
    std::vector<Type> in_topics;
    Bytes words;
    for (std::size_t i = 0; i < event.inputs.size(); ++i)
        (event.inputs[i].indexed ? in_topics : in_data).push_back(result.type.parts[i]);
    if (topics.size() != in_topics.size() + 1)
        return fail("bad_abi", "expected " + std::to_string(in_topics.size() + 1) + " topics for " +
                                   event.signature() + ", came " + std::to_string(topics.size()));
    for (const Hash& topic : topics.subspan(1))
        words.insert(words.end(), topic.bytes.begin(), topic.bytes.end());
    auto indexed = decode(in_topics, words);
    auto others = decode(in_data, data);
    if (!indexed) return tl::unexpected<Error>(indexed.error());
    if (!others) return tl::unexpected<Error>(others.error());
    auto next_indexed = indexed->begin();
    auto next_other = others->begin();
    for (const Parameter& input : event.inputs)
        result.value.items.push_back(std::move(input.indexed ? *next_indexed++ : *next_other++));
    return result;
}

}  // namespace grid::chain::abi
