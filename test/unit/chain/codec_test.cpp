#include "chain/codec.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <catch2/catch.hpp>

#include "chain/amount.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

/// The vectors tag every value: {"type": "number", "value": "3"}; this strips the tags.
rapidjson::Value untagged(const rapidjson::Value& tagged, rapidjson::Document& owner) {
    auto& memory = owner.GetAllocator();
    if (tagged.IsObject()) {
        const auto& value = tagged["value"];
        return value.IsArray() ? untagged(value, owner) : rapidjson::Value(value, memory);
    }
    rapidjson::Value list(rapidjson::kArrayType);
    for (const auto& item : tagged.GetArray()) list.PushBack(untagged(item, owner), memory);
    return list;
}

std::string written(const rapidjson::Value& value) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value.Accept(writer);
    return buffer.GetString();
}

std::vector<abi::Type> types(std::initializer_list<const char*> texts) {
    std::vector<abi::Type> result;
    for (const char* text : texts) result.push_back(abi::Type::parse(text).value());
    return result;
}

Bytes words(std::initializer_list<const char*> low_digits) {
    std::string text = "0x";
    for (const std::string digits : low_digits) text += std::string(64 - digits.size(), '0') + digits;
    return unhex(text);
}

std::string decoding(std::initializer_list<const char*> texts, const Bytes& data) {
    const auto values = abi::decode(types(texts), data);
    return values ? "accepted" : values.error().code;
}

void prove(const char* file) {
    const auto cases = load_vectors(file);
    for (const auto& c : cases.GetArray()) {
        INFO(file << ' ' << c["name"].GetString());
        std::vector<abi::Type> case_types;
        for (const auto& type : c["types"].GetArray()) {
            INFO(type.GetString());
            const auto parsed = abi::Type::parse(text_of(type));
            REQUIRE(parsed);
            case_types.push_back(*parsed);
        }
        const Bytes expected = unhex(text_of(c["result"]));
        rapidjson::Document owner;
        const auto values = abi::values_from_json(case_types, written(untagged(c["values"], owner)));
        INFO((values ? std::string() : values.error().message));
        REQUIRE(values);
        const auto encoded = abi::encode(case_types, *values);
        REQUIRE(encoded);
        CHECK(to_hex(*encoded) == to_hex(expected));
        const auto decoded = abi::decode(case_types, expected);
        REQUIRE(decoded);
        CHECK(*decoded == *values);

        std::string again = "[";
        for (std::size_t i = 0; i < case_types.size(); ++i)
            again += (i > 0 ? "," : "") + abi::to_json(case_types[i], (*decoded)[i]);
        CHECK(abi::values_from_json(case_types, again + "]").value() == *values);
    }
}

}  // namespace

TEST_CASE("ABI: the values of ethersproject/contract-interface.json are encoded and decoded") {
    prove("contract-interface");
}

TEST_CASE("ABI: the tuples of ethersproject/contract-interface-abi2.json are encoded and decoded") {
    prove("contract-interface-abi2");
}

TEST_CASE("ABI: JSON values that do not fit their type are refused") {
    const std::pair<const char*, const char*> cases[] = {{"uint8", "[256]"},
                                                         {"uint8", "[-1]"},
                                                         {"int8", "[128]"},
                                                         {"int8", "[-129]"},
                                                         {"uint8", "[\"\"]"},
                                                         {"uint8", "[\"0x\"]"},
                                                         {"uint8", "[1.0]"},
                                                         {"uint8", "[true]"},
                                                         {"uint8", "[]"},
                                                         {"uint8", "[1,2]"},
                                                         {"uint8", "{}"},
                                                         {"uint8", "1"},
                                                         {"uint8", "["},
                                                         {"bool", "[1]"},
                                                         {"bytes2", "[\"0x00\"]"},
                                                         {"bytes2", "[\"0x000000\"]"},
                                                         {"bytes", "[\"0x0\"]"},
                                                         {"bytes", "[1]"},
                                                         {"string", "[1]"},
                                                         {"address", "[\"0x00\"]"},
                                                         {"uint8[2]", "[[1]]"},
                                                         {"uint8[2]", "[1]"},
                                                         {"uint8[]", "[{}]"},
                                                         {"(uint8 a,uint8 b)", "[{\"a\":1}]"},
                                                         {"(uint8,uint8)", "[{\"a\":1,\"b\":2}]"},
                                                         {"(uint8,uint8)", "[[1]]"}};
    for (const auto& [type, json] : cases) {
        INFO(type << " = " << json);
        const auto values = abi::values_from_json(types({type}), json);
        REQUIRE_FALSE(values);
        CHECK(values.error().code == "bad_value");
    }
    CHECK(abi::values_from_json(types({"uint8"}), std::string(500'000, '[')).error().code == "bad_value");
}

TEST_CASE("ABI: tuples with names are objects in JSON, integers are text") {
    const auto type = types({"(uint256 amount,(address user,int8 delta)[] parts,bytes data,bool done)"});
    const char* json =
        R"([{"amount":"0x10","parts":[{"user":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","delta":-3}],)"
        R"("data":"0x0102","done":true}])";
    const auto values = abi::values_from_json(type, json);
    REQUIRE(values);
    CHECK(abi::to_json(type[0], values->at(0)) ==
          R"({"amount":"16","parts":[{"user":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266","delta":"-3"}],)"
          R"("data":"0x0102","done":true})");
    CHECK(abi::decode(type, abi::encode(type, *values).value()).value() == *values);
}

TEST_CASE("ABI: values that do not match their types are not encoded") {
    abi::Value wide;
    wide.word = Amount{256}.word();
    CHECK(abi::encode(types({"uint8"}), {wide}).error().code == "bad_value");
    CHECK(abi::encode(types({"int8"}), {wide}).error().code == "bad_value");
    CHECK(abi::encode(types({"bool"}), {wide}).error().code == "bad_value");
    CHECK(abi::encode(types({"bytes4"}), {wide}).error().code == "bad_value");
    CHECK(abi::encode(types({"uint16"}), {wide}));
    CHECK(abi::encode(types({"uint16"}), {}).error().code == "bad_value");
    CHECK(abi::encode(types({"uint16[2]"}), {wide}).error().code == "bad_value");
    CHECK(abi::encode(types({"(uint16,bool)"}), {wide}).error().code == "bad_value");
}

TEST_CASE("ABI: words that do not fit, offsets and lengths outside the data are not decoded") {
    const std::string ones(64, 'f');
    CHECK(decoding({"bool"}, words({"2"})) == "bad_abi");
    CHECK(decoding({"uint8"}, words({"100"})) == "bad_abi");
    CHECK(decoding({"int8"}, words({"80"})) == "bad_abi");
    CHECK(decoding({"int8"}, words({ones.c_str()})) == "accepted");
    CHECK(decoding({"address"}, words({ones.c_str()})) == "bad_abi");
    CHECK(decoding({"bytes4"}, words({"1"})) == "bad_abi");
    CHECK(decoding({"uint256"}, Bytes(31)) == "bad_abi");
    CHECK(decoding({"uint256[2]"}, words({"1"})) == "bad_abi");
    for (const char* huge :
         {"41", "ffffffffffffffe0", "ffffffffffffffff", "10000000000000020", ones.c_str()}) {
        INFO(huge);
        CHECK(decoding({"bytes"}, words({huge, "0"})) == "bad_abi");
        CHECK(decoding({"bytes"}, words({"20", huge})) == "bad_abi");
        CHECK(decoding({"uint256[]"}, words({huge, "0"})) == "bad_abi");
        CHECK(decoding({"uint256[]"}, words({"20", huge})) == "bad_abi");
        CHECK(decoding({"string[]"}, words({"20", huge, "0"})) == "bad_abi");
    }
}

TEST_CASE("ABI: offsets that overlap cannot make small data large") {
    // An array of 60 strings that all point to the same long string.
    std::string text = "0x" + std::string(62, '0') + "20" + std::string(62, '0') + "3c";
    for (int i = 0; i < 60; ++i) text += std::string(61, '0') + "780";  // 60 words on
    text += std::string(61, '0') + "400" + std::string(2048, '1');
    CHECK(decoding({"string[]"}, unhex(text)) == "bad_abi");

    // Twelve levels of two elements each, both at the same offset: 36 words that mean 4096.
    std::string levels = "0x" + std::string(62, '0') + "20";
    std::string type = "uint256[]";
    for (int i = 0; i < 12; ++i) {
        levels += std::string(63, '0') + "2" + std::string(62, '0') + "40" + std::string(62, '0') + "40";
        type += "[]";
    }
    levels += std::string(64, '0');
    CHECK(decoding({type.c_str()}, unhex(levels)) == "bad_abi");
    Bytes wide(32 * 1000);
    for (std::size_t i = 0; i < 1000; ++i) wide[32 * i + 31] = 32;
    CHECK(decoding({"uint256[][][][][][][][]"}, wide) == "bad_abi");
}
