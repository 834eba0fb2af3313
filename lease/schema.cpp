#include "lease/schema.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace grid::lease {
namespace {

std::string_view kind_name(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::sequence:
            return "a list";
        case YamlNode::Kind::mapping:
            return "an object";
        case YamlNode::Kind::scalar:
            break;
    }
    if (node.quoted) return "a string";
    const auto other = other_type(node.text);
    return !other ? "a string" : *other == "number" ? "a number" : "a boolean";
}

[[noreturn]] void wrong_type(const Place& place, std::string_view expected, const YamlNode& node) {
    std::string problem = "expected " + std::string(expected) + ", came " + std::string(kind_name(node));
    if (expected == "a string" && node.kind == YamlNode::Kind::scalar) problem += "; put it in quotes";
    refuse("bad_manifest", place, problem, &node);
}

std::string shown(const YamlNode& node, const Shape& shape) {
    if (shape.secret) return "the value";
    return node.text.size() <= 64 ? node.text : node.text.substr(0, 61) + "...";
}

void check_string(const YamlNode& node, const Shape& shape, const Place& place) {
    if (node.kind != YamlNode::Kind::scalar || (!node.quoted && other_type(node.text)))
        wrong_type(place, "a string", node);
    if (!shape.allowed.empty() &&
        std::find(shape.allowed.begin(), shape.allowed.end(), node.text) == shape.allowed.end())
        refuse("policy", place,
               (node.text.empty() ? "an empty text" : shown(node, shape)) + " is not allowed", &node);
    if (shape.most > 0 && node.text.size() > static_cast<std::size_t>(shape.most))
        refuse("bad_manifest", place,
               "expected at most " + std::to_string(shape.most) + " characters, came " +
                   std::to_string(node.text.size()),
               &node);
    if (shape.valid != nullptr && !shape.valid(node.text))
        refuse("bad_manifest", place,
               "expected " + std::string(shape.expected) + ", came \"" + shown(node, shape) + "\"", &node);
}

void check_integer(const YamlNode& node, const Shape& shape, const Place& place) {
    const auto value = whole_number(node);
    if (!value) wrong_type(place, "a whole number", node);
    if (*value < shape.least || *value > shape.most)
        refuse("bad_manifest", place,
               "expected " + std::to_string(shape.least) + " to " + std::to_string(shape.most) + ", came " +
                   node.text,
               &node);
}

void check_boolean(const YamlNode& node, const Shape& shape, const Place& place) {
    if (node.kind != YamlNode::Kind::scalar || node.quoted || (node.text != "true" && node.text != "false"))
        wrong_type(place, "true or false", node);
    if (!shape.allowed.empty() && node.text != shape.allowed.front())
        refuse("policy", place, node.text + " is not allowed", &node);
}

void check_number_or_percent(const YamlNode& node, const Place& place) {
    const std::string_view text = node.text;
    const auto number = whole_number(node);
    const bool percent = node.kind == YamlNode::Kind::scalar && text.ends_with('%') && text.size() <= 5 &&
                         text.size() > 1 && text.find_first_not_of("0123456789") == text.size() - 1;
    if (!percent && !(number && *number >= 0 && *number <= 1'000'000))
        refuse("bad_manifest", place, "expected a whole number from 0 or a percentage like 25%", &node);
}

void check_object(const YamlNode& node, const Shape& shape, const Place& place) {
    if (node.kind != YamlNode::Kind::mapping) wrong_type(place, "an object", node);
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Place here(place, node.keys[i]);
        const auto field = std::find_if(shape.fields.begin(), shape.fields.end(),
                                        [&](const Field& f) { return f.name == node.keys[i]; });
        if (field == shape.fields.end()) refuse("policy", here, "field is not on the list", &node.items[i]);
        if (node.items[i].kind != YamlNode::Kind::null) check_shape(node.items[i], *field->shape, here);
    }
    for (const Field& field : shape.fields)
        if (field.required && node.find(field.name) == nullptr)
            refuse("bad_manifest", Place(place, field.name), "is required", &node);
}

void check_list(const YamlNode& node, const Shape& shape, const Place& place) {
    if (node.kind != YamlNode::Kind::sequence) wrong_type(place, "a list", node);
    const auto size = static_cast<std::int64_t>(node.items.size());
    if (size < shape.least || size > shape.most)
        refuse("bad_manifest", place,
               "expected " + std::to_string(shape.least) + " to " + std::to_string(shape.most) +
                   " elements, came " + std::to_string(size),
               &node);
    for (std::size_t i = 0; i < node.items.size(); ++i)
        check_shape(node.items[i], *shape.element, Place(place, i));
}

void check_string_map(const YamlNode& node, const Shape& shape, const Place& place) {
    if (node.kind != YamlNode::Kind::mapping) wrong_type(place, "an object", node);
    if (shape.most > 0 && node.keys.size() > static_cast<std::size_t>(shape.most))
        refuse("bad_manifest", place,
               "expected at most " + std::to_string(shape.most) + " entries, came " +
                   std::to_string(node.keys.size()),
               &node);
    const Shape value{.kind = Shape::Kind::string,
                      .valid = shape.valid_value,
                      .expected = shape.expected,
                      .secret = shape.secret};
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const Place here(place, node.keys[i]);
        if (shape.valid != nullptr && !shape.valid(node.keys[i]))
            refuse("bad_manifest", here, "the key is not one of the allowed form", &node.items[i]);
        check_string(node.items[i], value, here);
    }
}

}  // namespace

std::string Place::text() const {
    if (parent_ == nullptr) return std::string(name_);
    std::string path = parent_->text();
    if (name_.empty()) return path + "[" + std::to_string(index_) + "]";
    path += parent_->parent_ == nullptr ? ": " : ".";
    return path + std::string(name_.substr(0, 128));
}

void refuse(std::string code, const Place& place, std::string_view problem, const YamlNode* node) {
    std::string message = place.text() + ": " + std::string(problem);
    if (node != nullptr && node->line != 0) message += " (line " + std::to_string(node->line) + ")";
    throw Refusal{{std::move(code), std::move(message)}};
}

void check_shape(const YamlNode& node, const Shape& shape, const Place& place) {
    switch (shape.kind) {
        case Shape::Kind::object:
            return check_object(node, shape, place);
        case Shape::Kind::list:
            return check_list(node, shape, place);
        case Shape::Kind::string_map:
            return check_string_map(node, shape, place);
        case Shape::Kind::string:
            return check_string(node, shape, place);
        case Shape::Kind::integer:
            return check_integer(node, shape, place);
        case Shape::Kind::boolean:
            return check_boolean(node, shape, place);
        case Shape::Kind::quantity:
            if (node.kind != YamlNode::Kind::scalar) wrong_type(place, "a quantity", node);
            return;
        case Shape::Kind::port_or_name:
            if (const auto number = whole_number(node)) {
                if (*number < 1 || *number > 65535)
                    refuse("bad_manifest", place, "expected a port from 1 to 65535, came " + node.text,
                           &node);
                return;
            }
            return check_string(node, shape, place);
        case Shape::Kind::number_or_percent:
            return check_number_or_percent(node, place);
        case Shape::Kind::ignored:
            return;
        case Shape::Kind::refused_content:
            if (node.kind == YamlNode::Kind::null ||
                (node.kind != YamlNode::Kind::scalar && node.items.empty()))
                return;
            refuse("policy", place, std::string("is not allowed: ") + std::string(shape.expected), &node);
        case Shape::Kind::refused:
            if (node.kind != YamlNode::Kind::null)
                refuse("policy", place, std::string("is not allowed: ") + std::string(shape.expected), &node);
            return;
    }
}

std::optional<std::int64_t> whole_number(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar || node.quoted) return std::nullopt;
    std::string_view digits = node.text;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0o")) {
        base = digits[1] == 'x' ? 16 : 8;
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.front() == '0') {
        base = 8;
    }
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size() || value > INT64_MAX)
        return std::nullopt;
    return negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

std::optional<std::string_view> other_type(std::string_view plain) {
    static constexpr std::string_view kBooleans[] = {"true", "True", "TRUE", "false", "False", "FALSE",
                                                     "yes",  "Yes",  "YES",  "no",    "No",    "NO",
                                                     "on",   "On",   "ON",   "off",   "Off",   "OFF"};
    if (std::find(std::begin(kBooleans), std::end(kBooleans), plain) != std::end(kBooleans)) return "boolean";
    std::string_view rest = plain;
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    const auto only = [](std::string_view text, std::string_view characters) {
        return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
    };
    if (rest == ".inf" || rest == ".Inf" || rest == ".INF" || plain == ".nan" || plain == ".NaN" ||
        plain == ".NAN")
        return "number";
    if ((rest.starts_with("0x") && only(rest.substr(2), "0123456789abcdefABCDEF_")) ||
        (rest.starts_with("0o") && only(rest.substr(2), "01234567_")) ||
        (rest.starts_with("0b") && only(rest.substr(2), "01_")))
        return "number";
    // digits, perhaps a point and more digits, perhaps an exponent
    if (const auto e = rest.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view exponent = rest.substr(e + 1);
        if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
        if (!only(exponent, "0123456789")) return std::nullopt;
        rest = rest.substr(0, e);
    }
    if (const auto point = rest.find('.'); point != std::string_view::npos) {
        const std::string digits = std::string(rest.substr(0, point)) + std::string(rest.substr(point + 1));
        return only(digits, "0123456789") ? std::optional<std::string_view>("number") : std::nullopt;
    }
    if (!rest.starts_with('_') && only(rest, "0123456789_")) return "number";
    return std::nullopt;
}

std::string text_of(const YamlNode* node, std::string_view otherwise) {
    return node == nullptr ? std::string(otherwise) : node->text;
}

std::int64_t number_of(const YamlNode* node, std::int64_t otherwise) {
    return node == nullptr ? otherwise : whole_number(*node).value_or(otherwise);
}

bool flag_of(const YamlNode* node, bool otherwise) {
    return node == nullptr ? otherwise : node->text == "true";
}

std::span<const YamlNode> elements_of(const YamlNode* node) {
    return node == nullptr ? std::span<const YamlNode>{} : std::span<const YamlNode>(node->items);
}

}  // namespace grid::lease
