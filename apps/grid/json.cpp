#include "apps/grid/json.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "apps/grid/failure.hpp"
#include "chain/amount.hpp"

namespace grid::cli {

namespace {

const rapidjson::Value* find(const rapidjson::Value& object, const char* member) {
    if (!object.IsObject()) return nullptr;
    const auto it = object.FindMember(member);
    return it == object.MemberEnd() ? nullptr : &it->value;
}

[[noreturn]] void missing(const char* member) {
    throw Failure("bad_answer", std::string("the answer lacks the field ") + member);
}

}  // namespace

rapidjson::Document parse_json(std::string_view text, std::string_view source) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    if (document.HasParseError())
        throw Failure("bad_answer", std::string(source) + " answered what is not JSON; is the URL right?");
    return document;
}

std::string text_of(const rapidjson::Value& object, const char* member) {
    const auto* value = find(object, member);
    if (value == nullptr || !value->IsString()) missing(member);
    return {value->GetString(), value->GetStringLength()};
}

std::string text_or_empty(const rapidjson::Value& object, const char* member) {
    const auto* value = find(object, member);
    return value != nullptr && value->IsString() ? std::string(value->GetString(), value->GetStringLength())
                                                 : std::string();
}

std::uint64_t number_of(const rapidjson::Value& object, const char* member) {
    const auto* value = find(object, member);
    if (value != nullptr && value->IsUint64()) return value->GetUint64();
    if (value != nullptr && value->IsString())
        if (auto number = chain::Amount::parse({value->GetString(), value->GetStringLength()});
            number && number->fits_u64())
            return number->to_u64();
    missing(member);
}

std::string json_text(std::string_view text) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace grid::cli
