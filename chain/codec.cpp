#include "chain/codec.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstring>

#include "chain/abi.hpp"
#include "chain/integer.hpp"

namespace grid::chain::abi {
namespace {

using Kind = Type::Kind;

constexpr std::size_t kWord = 32;
constexpr std::size_t kMaxJson = 1 << 20;

/// Leaves a recursion; turned into a Result at the border of this file.
struct Refused {
    std::string message;
};

[[noreturn]] void refuse(const std::string& why) {
    throw Refused{why};
}

/// Whether a word is in range for an elementary static type.
bool fits(const Type& type, const Hash& word) {
    const Amount value = Amount::from_word(word);
    switch (type.kind) {
        case Kind::uint:
            return value.bit_length() <= type.size;
        case Kind::integer:
            return is_sign_extended(word, type.size);
        case Kind::address:
            return value.bit_length() <= 160;
        case Kind::boolean:
            return value.bit_length() <= 1;
        case Kind::fixed_bytes:
            return std::all_of(word.bytes.begin() + type.size, word.bytes.end(),
                               [](auto b) { return b == 0; });
        default:
            return false;
    }
}

/// Items of an array or tuple, each with its type.
const Type& part(const Type& type, std::size_t index) {
    return type.kind == Kind::array ? type.parts[0] : type.parts[index];
}

std::size_t expected_items(const Type& type, const Value& value) {
    if (type.kind == Kind::tuple) return type.parts.size();
    return type.length.value_or(value.items.size());
}

void encode_value(Encoder& out, const Type& type, const Value& value);

/// The items of an array or tuple, or its place behind an offset.
void encode_items(Encoder& out, const Type& type, const Value& value) {
    if (value.items.size() != expected_items(type, value))
        refuse(type.canonical() + " with " + std::to_string(value.items.size()) + " items");
    if (!type.is_dynamic()) {
        for (std::size_t i = 0; i < value.items.size(); ++i) encode_value(out, part(type, i), value.items[i]);
        return;
    }
    Encoder inner;
    for (std::size_t i = 0; i < value.items.size(); ++i) encode_value(inner, part(type, i), value.items[i]);
    Bytes body;
    if (type.kind == Kind::array && !type.length) body = Encoder().uint(value.items.size()).take();
    const Bytes items = inner.take();
    body.insert(body.end(), items.begin(), items.end());
    out.dynamic(body);
}

void encode_value(Encoder& out, const Type& type, const Value& value) {
    switch (type.kind) {
        case Kind::array:
        case Kind::tuple:
            return encode_items(out, type, value);
        case Kind::bytes:
        case Kind::string:
            out.bytes(value.bytes);
            return;
        default:
            if (!fits(type, value.word)) refuse(value.word.hex() + " is no " + type.canonical());
            out.word(value.word);
    }
}

/// Reads values and counts what they take, so that overlapping offsets cannot multiply the data.
class ValueReader {
public:
    explicit ValueReader(std::size_t size) : words_(size / kWord), bytes_(size) {}

    /// `data` begins where the offsets of this tuple or array count from.
    Value read(const Type& type, ByteView data, std::size_t& position) {
        if (type.is_dynamic()) return read_dynamic(type, at_offset(data, position));
        return read_static(type, data, position);
    }

private:
    Value read_static(const Type& type, ByteView data, std::size_t& position) {
        Value value;
        if (type.kind == Kind::array || type.kind == Kind::tuple) {
            read_items(type, type.kind == Kind::tuple ? type.parts.size() : *type.length, data, position,
                       value);
            return value;
        }
        value.word = word(data, position);
        if (!fits(type, value.word)) refuse(value.word.hex() + " is no " + type.canonical());
        return value;
    }

    Value read_dynamic(const Type& type, ByteView body) {
        Value value;
        std::size_t position = 0;
        if (type.kind == Kind::bytes || type.kind == Kind::string) {
            const std::size_t length = size_word(body, position);
            if (length > body.size() - position) refuse("a length reaches over the end of the data");
            if (length > bytes_) refuse("more bytes than the data holds");
            bytes_ -= length;
            const ByteView content = body.subspan(position, length);
            value.bytes.assign(content.begin(), content.end());
            return value;
        }
        std::size_t count = type.kind == Kind::tuple ? type.parts.size() : type.length.value_or(0);
        if (type.kind == Kind::array && !type.length) {
            count = size_word(body, position);
            body = body.subspan(position);
            position = 0;
            if (count > body.size() / kWord) refuse("an array is longer than the data");
        }
        read_items(type, count, body, position, value);
        return value;
    }

    void read_items(const Type& type, std::size_t count, ByteView data, std::size_t& position, Value& value) {
        if (count > words_) refuse("more values than the data holds");
        value.items.reserve(count);
        for (std::size_t i = 0; i < count; ++i) value.items.push_back(read(part(type, i), data, position));
    }

    Hash word(ByteView data, std::size_t& position) {
        if (data.size() - position < kWord) refuse("the data ends within a value");
        if (words_ == 0) refuse("more values than the data holds");
        --words_;
        Hash result;
        std::memcpy(result.bytes.data(), data.data() + position, kWord);
        position += kWord;
        return result;
    }

    std::size_t size_word(ByteView data, std::size_t& position) {
        const Amount value = Amount::from_word(word(data, position));
        if (!value.fits_u64() || value.limbs()[0] > data.size())
            refuse("an offset or length is outside the data");
        return value.limbs()[0];
    }

    ByteView at_offset(ByteView data, std::size_t& position) {
        return data.subspan(size_word(data, position));
    }

    std::size_t words_;  ///< that may still be read
    std::size_t bytes_;  ///< of bytes and strings, likewise
};

using Json = rapidjson::Value;

Value from_json(const Type& type, const Json& json, const std::string& where);

Value items_from_json(const Type& type, const Json& json, const std::string& where) {
    Value value;
    if (type.kind == Kind::tuple && json.IsObject()) {
        for (std::size_t i = 0; i < type.parts.size(); ++i) {
            const auto member = json.FindMember(type.names[i].c_str());
            if (type.names[i].empty() || member == json.MemberEnd())
                refuse(where + ": component \"" + type.names[i] + "\" is missing");
            value.items.push_back(from_json(type.parts[i], member->value, where + "." + type.names[i]));
        }
        return value;
    }
    if (!json.IsArray()) refuse(where + ": expected an array for " + type.canonical());
    const std::size_t expected =
        type.kind == Kind::tuple ? type.parts.size() : type.length.value_or(json.Size());
    if (json.Size() != expected)
        refuse(where + ": expected " + std::to_string(expected) + " items, came " +
               std::to_string(json.Size()));
    for (rapidjson::SizeType i = 0; i < json.Size(); ++i)
        value.items.push_back(from_json(part(type, i), json[i], where + "[" + std::to_string(i) + "]"));
    return value;
}

Value from_json(const Type& type, const Json& json, const std::string& where) {
    if (type.kind == Kind::array || type.kind == Kind::tuple) return items_from_json(type, json, where);
    Value value;
    if (type.kind == Kind::boolean) {
        if (!json.IsBool()) refuse(where + ": expected true or false");
        value.word = Amount{json.GetBool() ? 1u : 0u}.word();
        return value;
    }
    if (type.kind == Kind::uint || type.kind == Kind::integer) {
        Result<Hash> word = fail("bad_integer", "expected an integer");
        if (json.IsUint64())
            word = integer_word({Amount{json.GetUint64()}, false}, type.size, type.kind == Kind::integer);
        else if (json.IsInt64())
            word = integer_word({Amount{0 - static_cast<std::uint64_t>(json.GetInt64())}, true}, type.size,
                                type.kind == Kind::integer);
        else if (json.IsString())
            word = parse_integer({json.GetString(), json.GetStringLength()}, type.size,
                                 type.kind == Kind::integer);
        if (!word) refuse(where + ": " + word.error().message);
        value.word = *word;
        return value;
    }
    if (!json.IsString()) refuse(where + ": expected text");
    const std::string_view text(json.GetString(), json.GetStringLength());
    if (type.kind == Kind::string) {
        value.bytes.assign(text.begin(), text.end());
    } else if (type.kind == Kind::address) {
        const auto address = Address::parse(text);
        if (!address) refuse(where + ": " + address.error().message);
        value.word = address->word();
    } else {
        auto bytes = from_hex(text);
        if (!bytes) refuse(where + ": " + bytes.error().message);
        if (type.kind == Kind::bytes) {
            value.bytes = *std::move(bytes);
        } else if (bytes->size() != type.size) {
            refuse(where + ": expected " + std::to_string(type.size) + " bytes, came " +
                   std::to_string(bytes->size()));
        } else {
            std::copy(bytes->begin(), bytes->end(), value.word.bytes.begin());
        }
    }
    return value;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_json(Writer& out, const Type& type, const Value& value) {
    const auto text = [&out](std::string_view v) {
        out.String(v.data(), static_cast<rapidjson::SizeType>(v.size()));
    };
    switch (type.kind) {
        case Kind::uint:
            return text(Amount::from_word(value.word).decimal());
        case Kind::integer:
            return text(signed_decimal(value.word));
        case Kind::boolean:
            out.Bool(!value.word.is_zero());
            return;
        case Kind::address:
            return text(Address::from_word(value.word).value_or(Address{}).checksummed());
        case Kind::fixed_bytes:
            return text(to_hex(value.word.view().first(type.size)));
        case Kind::bytes:
            return text(to_hex(value.bytes));
        case Kind::string:
            return text({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
        case Kind::array:
        case Kind::tuple:
            break;
    }
    const bool named =
        type.kind == Kind::tuple && !type.names.empty() &&
        std::none_of(type.names.begin(), type.names.end(), [](const auto& n) { return n.empty(); });
    named ? out.StartObject() : out.StartArray();
    for (std::size_t i = 0; i < value.items.size() && (type.kind == Kind::array || i < type.parts.size());
         ++i) {
        if (named) out.Key(type.names[i].c_str());
        write_json(out, part(type, i), value.items[i]);
    }
    named ? out.EndObject() : out.EndArray();
}

}  // namespace

Result<Bytes> encode(const std::vector<Type>& types, const std::vector<Value>& values) try {
    if (types.size() != values.size())
        return fail("bad_value", "expected " + std::to_string(types.size()) + " values, came " +
                                     std::to_string(values.size()));
    Encoder out;
    for (std::size_t i = 0; i < types.size(); ++i) encode_value(out, types[i], values[i]);
    return out.take();
} catch (const Refused& refused) {
    return fail("bad_value", refused.message);
}

Result<std::vector<Value>> decode(const std::vector<Type>& types, ByteView data) try {
    ValueReader reader(data.size());
    std::vector<Value> values;
    values.reserve(types.size());
    std::size_t position = 0;
    for (const Type& type : types) values.push_back(reader.read(type, data, position));
    return values;
} catch (const Refused& refused) {
    return fail("bad_abi", refused.message);
}

Result<std::vector<Value>> values_from_json(const std::vector<Type>& types, std::string_view json) try {
    if (json.size() > kMaxJson) return fail("bad_value", "expected at most 1 MiB of JSON");
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(),
                                                                                           json.size());
    if (document.HasParseError() || !document.IsArray()) return fail("bad_value", "expected a JSON array");
    return items_from_json(Type::tuple_of(types, {}), document, "values").items;
} catch (const Refused& refused) {
    return fail("bad_value", refused.message);
}

std::string to_json(const Type& type, const Value& value) {
    rapidjson::StringBuffer buffer;
    Writer out(buffer);
    write_json(out, type, value);
    return buffer.GetString();
}

}  // namespace grid::chain::abi
