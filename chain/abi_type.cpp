#include "chain/abi_type.hpp"

#include <algorithm>
#include <charconv>

namespace grid::chain::abi {
namespace {

using Kind = Type::Kind;

constexpr std::size_t kWord = 32;
constexpr std::size_t kMaxDepth = 16;          // of tuples and arrays within each other
constexpr std::size_t kMaxLength = 1'000'000;  // of an array of fixed length
constexpr std::size_t kMaxHead = 1 << 26;      // bytes of a static value

/// Leaves the recursion; turned into a Result at the border of this file.
struct Refused {
    std::string message;
};

[[noreturn]] void refuse(const std::string& why) {
    throw Refused{why};
}

/// Reads type strings by recursive descent.
class TypeReader {
public:
    explicit TypeReader(std::string_view text) : text_(text) {}

    Type whole() {
        Type type = read(0);
        if (!text_.empty()) refuse("unexpected \"" + std::string(text_.substr(0, 20)) + '"');
        return type;
    }

private:
    Type read(std::size_t depth) {
        if (depth > kMaxDepth) refuse("nested too deep");
        Type type = at('(') || text_.starts_with("tuple(") ? tuple(depth) : elementary();
        for (std::size_t suffixes = 0; at('['); ++suffixes) {
            if (depth + suffixes >= kMaxDepth) refuse("nested too deep");
            const auto length = suffix();
            if (length && type.head_size() > kMaxHead / *length) refuse("an array is too large");
            type = Type::array_of(std::move(type), length);
        }
        return type;
    }

    Type tuple(std::size_t depth) {
        text_.remove_prefix(text_.find('(') + 1);
        std::vector<Type> components;
        std::vector<std::string> names;
        do {
            components.push_back(read(depth + 1));
            names.emplace_back();
            if (at(' ')) {
                text_.remove_prefix(1);
                names.back() = word();
            }
        } while (take(','));
        if (!take(')')) refuse("expected , or ) in a tuple");
        return Type::tuple_of(std::move(components), std::move(names));
    }

    std::optional<std::size_t> suffix() {
        text_.remove_prefix(1);
        std::optional<std::size_t> length;
        if (!at(']')) {
            length = number(word());
            if (!length || *length == 0 || *length > kMaxLength) refuse("an array's length is out of range");
        }
        if (!take(']')) refuse("expected ]");
        return length;
    }

    Type elementary() {
        const std::string_view name = word();
        Type type;
        if (name == "address") return type.kind = Kind::address, type;
        if (name == "bool") return type.kind = Kind::boolean, type;
        if (name == "string") return type.kind = Kind::string, type;
        if (name == "bytes") return type.kind = Kind::bytes, type;
        if (name.starts_with("bytes")) return sized(Kind::fixed_bytes, name, 5, 1, 32, 1);
        if (name == "uint") return type;
        if (name == "int") return type.kind = Kind::integer, type;
        if (name.starts_with("uint")) return sized(Kind::uint, name, 4, 8, 256, 8);
        if (name.starts_with("int")) return sized(Kind::integer, name, 3, 8, 256, 8);
        refuse("\"" + std::string(name.substr(0, 40)) + "\" is no type");
    }

    static Type sized(Kind kind, std::string_view name, std::size_t prefix, unsigned min, unsigned max,
                      unsigned step) {
        const auto size = number(name.substr(prefix));
        if (!size || *size < min || *size > max || *size % step != 0)
            refuse("\"" + std::string(name.substr(0, 40)) + "\" is no type");
        Type type;
        type.kind = kind;
        type.size = static_cast<unsigned>(*size);
        return type;
    }

    static std::optional<std::size_t> number(std::string_view digits) {
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
        return value;
    }

    std::string_view word() {
        const auto end = std::find_if_not(text_.begin(), text_.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                   c == '$';
        });
        const auto result = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
        text_.remove_prefix(result.size());
        return result;
    }

    bool at(char c) const { return text_.starts_with(c); }
    bool take(char c) {
        if (!at(c)) return false;
        text_.remove_prefix(1);
        return true;
    }

    std::string_view text_;
};

}  // namespace

Result<Type> Type::parse(std::string_view text) try {
    return TypeReader(text).whole();
} catch (const Refused& refused) {
    return fail("bad_type", std::string(text.substr(0, 80)) + ": " + refused.message);
}

Type Type::array_of(Type element, std::optional<std::size_t> length) {
    Type type;
    type.kind = Kind::array;
    type.length = length;
    type.parts.push_back(std::move(element));
    return type;
}

Type Type::tuple_of(std::vector<Type> components, std::vector<std::string> names) {
    Type type;
    type.kind = Kind::tuple;
    type.parts = std::move(components);
    type.names = std::move(names);
    type.names.resize(type.parts.size());
    return type;
}

std::string Type::canonical() const {
    switch (kind) {
        case Kind::uint:
            return "uint" + std::to_string(size);
        case Kind::integer:
            return "int" + std::to_string(size);
        case Kind::address:
            return "address";
        case Kind::boolean:
            return "bool";
        case Kind::fixed_bytes:
            return "bytes" + std::to_string(size);
        case Kind::bytes:
            return "bytes";
        case Kind::string:
            return "string";
        case Kind::array:
            return parts[0].canonical() + '[' + (length ? std::to_string(*length) : "") + ']';
        case Kind::tuple:
            break;
    }
    std::string text = "(";
    for (const Type& component : parts) {
        if (text.size() > 1) text += ',';
        text += component.canonical();
    }
    return text + ')';
}

bool Type::is_dynamic() const {
    switch (kind) {
        case Kind::bytes:
        case Kind::string:
            return true;
        case Kind::array:
            return !length || parts[0].is_dynamic();
        case Kind::tuple:
            return std::any_of(parts.begin(), parts.end(), [](const Type& t) { return t.is_dynamic(); });
        default:
            return false;
    }
}

std::size_t Type::head_size() const {
    if (is_dynamic()) return kWord;
    if (kind == Kind::array) return *length * parts[0].head_size();
    if (kind != Kind::tuple) return kWord;
    std::size_t total = 0;
    for (const Type& component : parts) total += component.head_size();
    return total;
}

}  // namespace grid::chain::abi
