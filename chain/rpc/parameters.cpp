#include "chain/rpc/parameters.hpp"

#include <string_view>

namespace grid::chain::rpc {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxFilterItems = 1000;
constexpr std::size_t kMaxTopics = 4;
constexpr std::size_t kHashDigits = 66;  // with 0x: where a block may be named by number or hash

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw BadParameters{where + ": " + why};
}

std::string_view text(const Value& value, const std::string& where) {
    if (!value.IsString()) refuse(where, "expected a string");
    return {value.GetString(), value.GetStringLength()};
}

template <class T>
T checked(Result<T> result, const std::string& where) {
    if (!result) refuse(where, result.error().message);
    return std::move(*result);
}

Address read_address(const Value& value, const std::string& where) {
    // Wallets send any mix of cases; a wrong checksum is only refused where a person typed it.
    const auto bytes = checked(from_hex(text(value, where)), where);
    Address address;
    if (bytes.size() != address.bytes.size()) refuse(where, "expected an address of 20 bytes");
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
    return address;
}

Hash read_hash(const Value& value, const std::string& where) {
    return checked(Hash::parse(text(value, where)), where);
}

Amount read_quantity(const Value& value, const std::string& where) {
    return checked(Amount::parse_quantity(text(value, where)), where);
}

std::uint64_t read_u64(const Value& value, const std::string& where) {
    const Amount amount = read_quantity(value, where);
    if (!amount.fits_u64()) refuse(where, "expected a number of at most 64 bits");
    return amount.limbs()[0];
}

BlockName read_block(const Value& value, const std::string& where) {
    BlockName name;
    if (value.IsObject()) {  // EIP-1898
        const auto hash = value.FindMember("blockHash");
        const auto number = value.FindMember("blockNumber");
        if (hash != value.MemberEnd() && number != value.MemberEnd())
            refuse(where, "expected blockHash or blockNumber, came both");
        if (hash != value.MemberEnd()) {
            name.tag = BlockName::Tag::hash;
            name.hash = read_hash(hash->value, where + ".blockHash");
            return name;
        }
        if (number == value.MemberEnd()) refuse(where, "expected blockHash or blockNumber");
        return read_block(number->value, where + ".blockNumber");
    }
    const std::string_view tag = text(value, where);
    if (tag == "latest" || tag == "safe" || tag == "finalized") return name;
    if (tag == "pending") {
        name.tag = BlockName::Tag::pending;
        return name;
    }
    if (tag.size() == kHashDigits) {
        name.tag = BlockName::Tag::hash;
        name.hash = read_hash(value, where);
        return name;
    }
    name.tag = BlockName::Tag::number;
    name.number = tag == "earliest" ? 0 : read_u64(value, where);
    return name;
}

std::vector<Hash> read_topics(const Value& value, const std::string& where) {
    std::vector<Hash> topics;
    if (value.IsNull()) return topics;
    if (!value.IsArray()) return {read_hash(value, where)};
    if (value.Size() > kMaxFilterItems) refuse(where, "too many topics");
    for (const Value& item : value.GetArray()) {
        if (item.IsNull()) return {};  // "any" among alternatives: any
        topics.push_back(read_hash(item, where));
    }
    return topics;
}

bool present(const Value& object, const char* name, const Value** value) {
    const auto found = object.FindMember(name);
    if (found == object.MemberEnd() || found->value.IsNull()) return false;
    *value = &found->value;
    return true;
}

std::string place(std::size_t position) {
    return "params[" + std::to_string(position) + "]";
}

}  // namespace

const Value& Parameters::at(std::size_t position) const {
    if (position >= size()) refuse(place(position), "missing");
    return (*array_)[static_cast<rapidjson::SizeType>(position)];
}

bool Parameters::has(std::size_t position) const {
    return position < size() && !(*array_)[static_cast<rapidjson::SizeType>(position)].IsNull();
}

void Parameters::at_most(std::size_t count) const {
    for (std::size_t i = count; i < size(); ++i) {
        const Value& value = at(i);
        if (!value.IsNull() && !(value.IsObject() && value.MemberCount() == 0))
            refuse(place(i), "expected at most " + std::to_string(count) + " parameters");
    }
}

Address Parameters::address(std::size_t position) const {
    return read_address(at(position), place(position));
}
Hash Parameters::hash(std::size_t position) const {
    return read_hash(at(position), place(position));
}

Bytes Parameters::data(std::size_t position) const {
    return checked(from_hex(text(at(position), place(position))), place(position));
}

std::string Parameters::string(std::size_t position) const {
    return std::string(text(at(position), place(position)));
}

std::uint64_t Parameters::number(std::size_t position) const {
    const Value& value = at(position);
    return value.IsUint64() ? value.GetUint64() : read_u64(value, place(position));
}

bool Parameters::boolean(std::size_t position, bool absent) const {
    if (!has(position)) return absent;
    if (!at(position).IsBool()) refuse(place(position), "expected true or false");
    return at(position).GetBool();
}

BlockName Parameters::block(std::size_t position) const {
    return has(position) ? read_block(at(position), place(position)) : BlockName{};
}

BlockName Parameters::required_block(std::size_t position) const {
    return read_block(at(position), place(position));
}

BlockName Parameters::height(std::size_t position) const {
    const BlockName name = required_block(position);
    if (at(position).IsObject() || name.tag == BlockName::Tag::hash)
        refuse(place(position), "expected a block's number or a tag");
    return name;
}

std::string Parameters::identifier(std::size_t position) const {
    const std::string_view id = text(at(position), place(position));
    checked(Amount::parse_quantity(id), place(position));
    return std::string(id);
}

CallParameters Parameters::call(std::size_t position) const {
    const Value& object = at(position);
    const std::string where = place(position);
    if (!object.IsObject()) refuse(where, "expected an object");
    CallParameters call;
    const Value* value = nullptr;
    if (present(object, "from", &value)) call.from = read_address(*value, where + ".from");
    if (present(object, "to", &value)) call.to = read_address(*value, where + ".to");
    if (present(object, "value", &value)) call.value = read_quantity(*value, where + ".value");
    for (const char* fee : {"gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "nonce"})
        if (present(object, fee, &value))
            read_quantity(*value, where + "." + fee);  // accepted, never charged
    const Value* input = nullptr;
    const bool has_input = present(object, "input", &input);
    const bool has_data = present(object, "data", &value);
    if (has_data) call.data = checked(from_hex(text(*value, where + ".data")), where + ".data");
    if (has_input) {
        Bytes bytes = checked(from_hex(text(*input, where + ".input")), where + ".input");
        if (has_data && bytes != call.data) refuse(where, "data and input differ");
        call.data = std::move(bytes);
    }
    return call;
}

std::size_t Parameters::percentiles(std::size_t position, std::size_t max) const {
    if (!has(position)) return 0;
    const Value& array = at(position);
    if (!array.IsArray() || array.Size() > max)
        refuse(place(position), "expected an array of at most " + std::to_string(max) + " percentiles");
    double least = 0.0;
    for (const Value& item : array.GetArray()) {
        if (!item.IsNumber() || item.GetDouble() < least || item.GetDouble() > 100.0)
            refuse(place(position), "expected percentiles from 0 to 100, ascending");
        least = item.GetDouble();
    }
    return array.Size();
}

Parameters::Filter Parameters::filter(std::size_t position) const {
    const Value& object = at(position);
    const std::string where = place(position);
    if (!object.IsObject()) refuse(where, "expected an object");
    Filter result;
    const Value* value = nullptr;
    const bool ranged = present(object, "fromBlock", &value);
    if (ranged) result.from = read_block(*value, where + ".fromBlock");
    const bool ended = present(object, "toBlock", &value);
    if (ended) result.to = read_block(*value, where + ".toBlock");
    if (present(object, "blockHash", &value)) {
        if (ranged || ended) refuse(where, "expected blockHash or a range, came both");
        result.block = read_hash(*value, where + ".blockHash");
    }
    if (present(object, "address", &value)) {
        if (value->IsArray()) {
            if (value->Size() > kMaxFilterItems) refuse(where + ".address", "too many addresses");
            for (const Value& item : value->GetArray())
                result.filter.addresses.push_back(read_address(item, where + ".address"));
        } else {
            result.filter.addresses.push_back(read_address(*value, where + ".address"));
        }
    }
    if (present(object, "topics", &value)) {
        if (!value->IsArray() || value->Size() > kMaxTopics)
            refuse(where + ".topics", "expected an array of at most 4 positions");
        for (const Value& item : value->GetArray())
            result.filter.topics.push_back(read_topics(item, where + ".topics"));
    }
    return result;
}

}  // namespace grid::chain::rpc
