#include "chain/typed_data.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "chain/integer.hpp"
#include "chain/keccak.hpp"

namespace grid::chain::eip712 {

Hash Domain::separator() const {
    return StructHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        .text(name)
        .text(version)
        .uint(chain_id)
        .address(verifying_contract)
        .finish();
}

StructHash::StructHash(std::string_view type) {
    word(keccak256(type));
}

StructHash& StructHash::word(const Hash& v) {
    words_.insert(words_.end(), v.bytes.begin(), v.bytes.end());
    return *this;
}

StructHash& StructHash::text(std::string_view v) {
    return word(keccak256(v));
}

StructHash& StructHash::bytes(ByteView v) {
    return word(keccak256(v));
}

Hash StructHash::finish() const {
    return keccak256(words_);
}

Hash digest(const Hash& domain_separator, const Hash& struct_hash) {
    static constexpr std::uint8_t kPrefix[2] = {0x19, 0x01};
    return keccak256({ByteView(kPrefix), domain_separator.view(), struct_hash.view()});
}

namespace {

using rapidjson::Value;

constexpr std::size_t kMaxDepth = 64;      // of structs and arrays within each other
constexpr std::size_t kMaxTypes = 64;      // struct types in a document
constexpr std::size_t kMaxFields = 256;    // fields of a struct type
constexpr std::size_t kMaxJson = 1 << 20;  // bytes of a document
constexpr std::string_view kDomainType = "EIP712Domain";

/// Leaves the walk through a document; turned into a Result at the border of this file.
struct Refused {
    std::string message;
};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw Refused{where + ": " + why};
}

struct Field {
    std::string name;
    std::string type;
};

std::string_view text_of(const Value& v) {
    return {v.GetString(), v.GetStringLength()};
}

/// The member of that name; given twice, readers would not agree on which one counts.
const Value* find(const Value& object, std::string_view name) {
    const Value* found = nullptr;
    for (const auto& member : object.GetObject()) {
        if (text_of(member.name) != name) continue;
        if (found != nullptr) refuse(std::string(name), "is given twice");
        found = &member.value;
    }
    return found;
}

bool is_name(std::string_view text) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
    };
    return !text.empty() && letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// "Person[2][]" without its array suffixes.
std::string base_of(const std::string& type) {
    return type.substr(0, type.find('['));
}

/// The digits of "uint256" or "bytes32" after `prefix`; none when the rest is not a plain number.
std::optional<unsigned> width_after(std::string_view type, std::string_view prefix) {
    if (!type.starts_with(prefix)) return std::nullopt;
    const auto digits = type.substr(prefix.size());
    unsigned width = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits[0] == '0') return std::nullopt;
    return width;
}

/// The bits of an integer type, none when it is not one.
std::optional<unsigned> integer_bits(std::string_view type, std::string_view prefix) {
    if (type == prefix) return 256;
    const auto bits = width_after(type, prefix);
    return bits && *bits % 8 == 0 && *bits >= 8 && *bits <= 256 ? bits : std::nullopt;
}

std::optional<unsigned> fixed_bytes(std::string_view type) {
    const auto size = width_after(type, "bytes");
    return size && *size >= 1 && *size <= 32 ? size : std::nullopt;
}

bool is_atomic(const std::string& type) {
    return type == "address" || type == "bool" || type == "string" || type == "bytes" || fixed_bytes(type) ||
           integer_bits(type, "uint") || integer_bits(type, "int");
}

/// The types of a document, and the hashes of values by them.
class Types {
public:
    explicit Types(const Value& types) {
        if (!types.IsObject()) refuse("types", "expected an object");
        if (types.MemberCount() > kMaxTypes)
            refuse("types", "more than " + std::to_string(kMaxTypes) + " types");
        for (const auto& type : types.GetObject()) {
            const std::string name(text_of(type.name));
            if (!is_name(name) || is_atomic(name)) refuse("types", "\"" + name + "\" cannot name a struct");
            if (!structs_.emplace(name, fields_of(name, type.value)).second)
                refuse("types." + name, "is given twice");
        }
    }

    bool has(const std::string& name) const { return structs_.contains(name); }
    void add(const std::string& name, std::vector<Field> fields) {
        structs_.emplace(name, std::move(fields));
    }

    Hash struct_hash(const std::string& name, const Value& value, const std::string& where,
                     std::size_t depth = 0) {
        if (depth > kMaxDepth) refuse(where, "is nested too deep");
        if (!value.IsObject()) refuse(where, "expected an object");
        const auto it = structs_.find(name);
        if (it == structs_.end()) refuse(where, "the type " + name + " is not declared");
        Bytes words;
        append(words, type_hash(name));
        for (const Field& field : it->second) {
            const Value* member = find(value, field.name);
            const std::string path = where + "." + field.name;
            if (member == nullptr) refuse(path, "is missing");
            append(words, word_of(field.type, *member, path, depth + 1));
        }
        return keccak256(words);
    }

private:
    static void append(Bytes& words, const Hash& word) {
        words.insert(words.end(), word.bytes.begin(), word.bytes.end());
    }

    static std::vector<Field> fields_of(const std::string& type, const Value& list) {
        if (!list.IsArray()) refuse("types." + type, "expected an array of fields");
        if (list.Size() > kMaxFields)
            refuse("types." + type, "more than " + std::to_string(kMaxFields) + " fields");
        std::vector<Field> result;
        std::set<std::string> names;
        for (const Value& entry : list.GetArray()) {
            const Value* name = entry.IsObject() ? find(entry, "name") : nullptr;
            const Value* field_type = entry.IsObject() ? find(entry, "type") : nullptr;
            if (name == nullptr || field_type == nullptr || !name->IsString() || !field_type->IsString())
                refuse("types." + type, "expected fields of the form {name, type}");
            result.push_back({std::string(text_of(*name)), std::string(text_of(*field_type))});
            if (!is_name(result.back().name))
                refuse("types." + type, "\"" + result.back().name + "\" is no name");
            if (!names.insert(result.back().name).second)
                refuse("types." + type + "." + result.back().name, "is given twice");
        }
        return result;
    }

    /// encodeType: the type itself, then all that it refers to, sorted by name.
    Hash type_hash(const std::string& name) {
        if (const auto known = type_hashes_.find(name); known != type_hashes_.end()) return known->second;
        std::set<std::string> referenced;
        collect(name, referenced);
        referenced.erase(name);
        std::string text = signature(name);
        for (const std::string& other : referenced) text += signature(other);
        return type_hashes_[name] = keccak256(text);
    }

    void collect(const std::string& name, std::set<std::string>& seen) const {
        std::vector<std::string> waiting{name};
        while (!waiting.empty()) {
            const std::string next = std::move(waiting.back());
            waiting.pop_back();
            const auto it = structs_.find(next);
            if (it == structs_.end() || !seen.insert(next).second) continue;
            for (const Field& field : it->second) waiting.push_back(base_of(field.type));
        }
    }

    std::string signature(const std::string& name) const {
        std::string text = name + "(";
        for (const Field& field : structs_.at(name)) {
            if (text.back() != '(') text += ',';
            text += field.type + ' ' + field.name;
        }
        return text + ")";
    }

    Hash array_hash(const std::string& type, const Value& value, const std::string& where,
                    std::size_t depth) {
        if (depth > kMaxDepth) refuse(where, "is nested too deep");
        const std::size_t open = type.rfind('[');
        const std::string element = type.substr(0, open);
        const std::string length = type.substr(open + 1, type.size() - open - 2);
        if (!value.IsArray()) refuse(where, "expected an array for " + type);
        if (!length.empty()) {
            const auto expected = width_after(length, "");
            if (!expected) refuse(where, type + " is no type");
            if (value.Size() != *expected)
                refuse(where, "expected " + length + " elements, came " + std::to_string(value.Size()));
        }
        Bytes words;
        std::size_t index = 0;
        for (const Value& item : value.GetArray())
            append(words, word_of(element, item, where + "[" + std::to_string(index++) + "]", depth + 1));
        return keccak256(words);
    }

    Hash word_of(const std::string& type, const Value& value, const std::string& where, std::size_t depth) {
        if (type.ends_with(']') && type.find('[') != std::string::npos)
            return array_hash(type, value, where, depth);
        if (has(type)) return struct_hash(type, value, where, depth);
        if (type == "string") {
            if (!value.IsString()) refuse(where, "expected a string");
            return keccak256(text_of(value));
        }
        if (type == "bool") {
            if (!value.IsBool()) refuse(where, "expected true or false");
            return Amount{value.GetBool() ? 1u : 0u}.word();
        }
        if (type == "address") {
            if (!value.IsString()) refuse(where, "expected an address");
            const auto address = Address::parse(text_of(value));
            if (!address) refuse(where, address.error().message);
            return address->word();
        }
        if (type == "bytes") return keccak256(bytes_of(value, where));
        if (const auto size = fixed_bytes(type)) {
            const Bytes bytes = bytes_of(value, where);
            if (bytes.size() != *size)
                refuse(where,
                       "expected " + std::to_string(*size) + " bytes, came " + std::to_string(bytes.size()));
            Hash word;
            std::copy(bytes.begin(), bytes.end(), word.bytes.begin());
            return word;
        }
        if (const auto bits = integer_bits(type, "uint")) return integer_of(value, *bits, false, where);
        if (const auto bits = integer_bits(type, "int")) return integer_of(value, *bits, true, where);
        refuse(where, "the type " + type + " is neither declared nor known");
    }

    static Bytes bytes_of(const Value& value, const std::string& where) {
        if (!value.IsString()) refuse(where, "expected hexadecimal text");
        auto bytes = from_hex(text_of(value));
        if (!bytes) refuse(where, bytes.error().message);
        return *std::move(bytes);
    }

    /// A JSON number, or decimal or hexadecimal text.
    static Hash integer_of(const Value& value, unsigned bits, bool is_signed, const std::string& where) {
        Result<Hash> word = fail("bad_integer", "expected an integer");
        if (value.IsUint64()) {
            word = integer_word({value.GetUint64(), false}, bits, is_signed);
        } else if (value.IsInt64()) {
            word = integer_word({0 - static_cast<std::uint64_t>(value.GetInt64()), true}, bits, is_signed);
        } else if (value.IsString()) {
            word = parse_integer(text_of(value), bits, is_signed);
        } else if (value.IsNumber()) {
            word = fail("bad_integer", "expected an integer; write those of more than 64 bits as text");
        }
        if (!word) refuse(where, word.error().message);
        return *word;
    }

    std::map<std::string, std::vector<Field>> structs_;
    std::map<std::string, Hash> type_hashes_;
};

/// The domain type of a document that does not declare it: the known fields that its domain has, in the EIP's
/// order.
std::vector<Field> implied_domain(const Value& domain) {
    static constexpr std::pair<std::string_view, std::string_view> kFields[] = {
        {"name", "string"},
        {"version", "string"},
        {"chainId", "uint256"},
        {"verifyingContract", "address"},
        {"salt", "bytes32"}};
    std::vector<Field> fields;
    for (const auto& [name, type] : kFields)
        if (find(domain, name) != nullptr) fields.push_back({std::string(name), std::string(type)});
    return fields;
}

const Value& part(const rapidjson::Document& document, std::string_view name) {
    const Value* value = find(document, name);
    if (value == nullptr) refuse(std::string(name), "is missing");
    return *value;
}

}  // namespace

Result<Hash> digest_of_json(std::string_view json) try {
    if (json.size() > kMaxJson) return fail("bad_typed_data", "the document is over 1 MiB");
    rapidjson::Document document;
    // Iterative: a document of a million brackets must not use up the stack.
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(),
                                                                                           json.size());
    if (document.HasParseError())
        return fail("bad_typed_data", "no JSON: error at byte " + std::to_string(document.GetErrorOffset()));
    if (!document.IsObject()) return fail("bad_typed_data", "expected a JSON object");
    Types types(part(document, "types"));
    const Value& domain = part(document, "domain");
    const Value& primary = part(document, "primaryType");
    if (!domain.IsObject()) refuse("domain", "expected an object");
    if (!primary.IsString()) refuse("primaryType", "expected a string");
    if (!types.has(std::string(kDomainType))) types.add(std::string(kDomainType), implied_domain(domain));
    const Hash separator = types.struct_hash(std::string(kDomainType), domain, "domain");
    const Hash message =
        types.struct_hash(std::string(text_of(primary)), part(document, "message"), "message");
    return digest(separator, message);
} catch (const Refused& refused) {
    return fail("bad_typed_data", refused.message);
}

}  // namespace grid::chain::eip712
