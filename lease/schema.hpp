#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lease/yaml.hpp"

/// An allow-list by schema: shapes of documents as constant tables, and the check of a YAML tree against one.
/// What a table does not list is refused with its path.
namespace grid::lease {

/// Where in a document a value stands: a chain of names and positions that is written out only when something
/// is wrong.
class Place {
public:
    /// The document itself, like "Deployment/web".
    explicit Place(std::string_view object) : name_(object) {}
    Place(const Place& parent, std::string_view name) : parent_(&parent), name_(name) {}
    Place(const Place& parent, std::size_t index) : parent_(&parent), index_(index) {}
    /// Like "Deployment/web: spec.template.spec.containers[0].image".
    std::string text() const;

private:
    const Place* parent_ = nullptr;
    std::string_view name_;
    std::size_t index_ = 0;
};

/// A manifest that is refused: thrown inside this room, caught by lower_manifest.
struct Refusal {
    Error error;
};
/// Throws Refusal with the place, and the line and column of the node.
[[noreturn]] void refuse(std::string code, const Place& place, std::string_view problem,
                         const YamlNode* node = nullptr);

struct Field;

/// What a value may be.
struct Shape {
    enum class Kind : std::uint8_t {
        object,             ///< exactly the listed fields
        list,               ///< `least` to `most` elements
        string_map,         ///< free keys, string values
        string,             ///< a string; in quotes when it looks like a number or boolean
        integer,            ///< `least` to `most`
        boolean,            ///< when `allowed` is not empty: one of those
        quantity,           ///< a string or number; read by whoever needs it
        port_or_name,       ///< a number 1..65535 or a port's name
        number_or_percent,  ///< a whole number from 0 or a percentage: 25%
        ignored,            ///< anything: read and dropped, because nothing here acts on it
        refused,            ///< against the policy for the reason in `expected`, unless it is null
        refused_content,    ///< the same, unless it is empty
    };
    Kind kind = Kind::string;
    std::span<const Field> fields = {};
    const Shape* element = nullptr;
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::span<const std::string_view> allowed = {};   ///< other values are against the policy
    bool (*valid)(std::string_view) = nullptr;        ///< of a string, of a map's keys
    bool (*valid_value)(std::string_view) = nullptr;  ///< of a map's values
    std::string_view expected = {};                   ///< in words, for what valid refuses
    bool secret = false;                              ///< values are never repeated in a message
};

/// A member that an object may have.
struct Field {
    std::string_view name;
    const Shape* shape;
    bool required = false;
};

/// Throws Refusal: code `policy` for a field that is not listed or a value that is not allowed,
/// `bad_manifest` for a wrong type, a missing field, a malformed value.
void check_shape(const YamlNode& node, const Shape& shape, const Place& place);

// Reading of scalars, by the rules of Kubernetes' YAML. The tree must have passed check_shape.

/// Decimal, octal (0400, 0o400) or hexadecimal; nothing when it is no whole number of 64 bits.
std::optional<std::int64_t> whole_number(const YamlNode& node);
/// Whether an unquoted scalar is no string to Kubernetes: "number" or "boolean"; else nothing.
std::optional<std::string_view> other_type(std::string_view plain);

/// The scalar; what stands in for one that is not there.
std::string text_of(const YamlNode* node, std::string_view otherwise = {});
std::int64_t number_of(const YamlNode* node, std::int64_t otherwise);
bool flag_of(const YamlNode* node, bool otherwise);
/// The elements of a list; none when it is not there.
std::span<const YamlNode> elements_of(const YamlNode* node);

}  // namespace grid::lease
