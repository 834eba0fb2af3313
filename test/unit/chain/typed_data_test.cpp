#include "chain/typed_data.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <catch2/catch.hpp>

#include "chain/keccak.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

std::string written(const rapidjson::Value& value) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value.Accept(writer);
    return buffer.GetString();
}

/// A document with one struct `S` of one field `v` of the given type.
std::string document(const std::string& type, const std::string& value, const std::string& more_types = "") {
    return R"({"types":{"EIP712Domain":[{"name":"chainId","type":"uint256"}],)" + more_types +
           R"("S":[{"name":"v","type":")" + type +
           R"("}]},"primaryType":"S","domain":{"chainId":1},"message":{"v":)" + value + "}}";
}

std::string digest_of(const std::string& type, const std::string& value) {
    const auto digest = eip712::digest_of_json(document(type, value));
    return digest ? digest->hex() : digest.error().code;
}

std::string expected(const std::string& type, const Hash& word) {
    const Hash domain = eip712::StructHash("EIP712Domain(uint256 chainId)").uint(1).finish();
    return eip712::digest(domain, eip712::StructHash("S(" + type + " v)").word(word).finish()).hex();
}

/// The example of the EIP's text.
constexpr const char* kMail = R"({
  "types": {
    "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
                     {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
    "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
    "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"},
             {"name": "contents", "type": "string"}]},
  "primaryType": "Mail",
  "domain": {"name": "Ether Mail", "version": "1", "chainId": 1,
             "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
  "message": {"from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
              "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
              "contents": "Hello, Bob!"}})";

}  // namespace

TEST_CASE("EIP-712: the digests of ethersproject/eip712.json") {
    const auto cases = load_vectors("eip712");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const std::string json = R"({"types":)" + written(c["types"]) + R"(,"primaryType":)" +
                                 written(c["primaryType"]) + R"(,"domain":)" + written(c["domain"]) +
                                 R"(,"message":)" + written(c["data"]) + "}";
        const auto digest = eip712::digest_of_json(json);
        INFO((digest ? std::string() : digest.error().message));
        REQUIRE(digest);
        CHECK(digest->hex() == text_of(c["digest"]));
    }
}

TEST_CASE("EIP-712: the mail of the EIP's text, from JSON and built by hand") {
    const std::string digest = "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2";
    CHECK(eip712::digest_of_json(kMail).value().hex() == digest);

    const eip712::Domain domain{"Ether Mail", "1", 1,
                                Address::parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC").value()};
    CHECK(domain.separator().hex() == "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    const auto person = [](const char* name, const char* wallet) {
        return eip712::StructHash("Person(string name,address wallet)")
            .text(name)
            .address(Address::parse(wallet).value())
            .finish();
    };
    const Hash mail =
        eip712::StructHash("Mail(Person from,Person to,string contents)Person(string name,address wallet)")
            .word(person("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"))
            .word(person("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"))
            .text("Hello, Bob!")
            .finish();
    CHECK(eip712::digest(domain.separator(), mail).hex() == digest);
}

TEST_CASE("EIP-712: numbers are read from JSON numbers, decimal and hexadecimal text alike") {
    const Hash seven = Amount{7}.word();
    for (const char* value : {"7", "\"7\"", "\"0x7\"", "\"0x07\"", "\"0x0007\""}) {
        INFO(value);
        CHECK(digest_of("uint256", value) == expected("uint256", seven));
        CHECK(digest_of("uint8", value) == expected("uint8", seven));
        CHECK(digest_of("int8", value) == expected("int8", seven));
    }
    CHECK(digest_of("uint64", "18446744073709551615") ==
          expected("uint64", Amount{~std::uint64_t{0}}.word()));
    CHECK(digest_of("uint8", "\"0x00\"") == expected("uint8", {}));
    const Hash minus_one = Hash::parse("0x" + std::string(64, 'f')).value();
    CHECK(digest_of("int8", "-1") == expected("int8", minus_one));
    CHECK(digest_of("int256", "\"-1\"") == expected("int256", minus_one));
    CHECK(digest_of("int8", "-128") ==
          expected("int8", Hash::parse("0x" + std::string(62, 'f') + "80").value()));
    CHECK(digest_of("int64", "-9223372036854775808") ==
          expected("int64", Hash::parse("0x" + std::string(48, 'f') + "8000000000000000").value()));
}

TEST_CASE("EIP-712: values that do not fit their type are refused") {
    const std::pair<const char*, const char*> cases[] = {
        {"uint8", "256"},
        {"uint8", "-1"},
        {"int8", "128"},
        {"int8", "-129"},
        {"uint256", "1.5"},
        {"uint256", "1e30"},
        {"uint256", "\"\""},
        {"uint256", "\"-\""},
        {"uint256", "\"0x\""},
        {"uint256", "\"0xg\""},
        {"uint256", "\"1 \""},
        {"uint256", "null"},
        {"uint256", "true"},
        {"uint256", "18446744073709551616"},
        {"uint256", "\"115792089237316195423570985008687907853269984665640564039457584007913129639936\""},
        {"int256", "\"57896044618658097711785492504343953926634992332820282019728792003956564819968\""},
        {"bool", "1"},
        {"bool", "\"true\""},
        {"string", "1"},
        {"string", "null"},
        {"address", "\"0x00\""},
        {"address", "1"},
        {"address", "\"0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266\""},
        {"bytes", "\"00\""},
        {"bytes", "\"0x0\""},
        {"bytes", "[1]"},
        {"bytes4", "\"0x001122\""},
        {"bytes4", "\"0x0011223344\""},
        {"bytes0", "\"0x\""},
        {"bytes33", "\"0x\""},
        {"uint7", "1"},
        {"uint264", "1"},
        {"uint0", "0"},
        {"uint08", "1"},
        {"int257", "1"},
        {"Missing", "{}"},
        {"Missing[]", "[{}]"},
        {"uint8[2]", "[1]"},
        {"uint8[2]", "[1,2,3]"},
        {"uint8[]", "{}"},
        {"uint8[x]", "[1]"},
        {"uint8[-1]", "[1]"},
        {"uint8[0]", "[]"},
        {"[]", "[1]"},
        {"]", "[1]"},
        {"uint8[99999999999999999999]", "[]"},
        {"", "1"},
        {"S", "1"}};
    for (const auto& [type, value] : cases) {
        INFO(type << " = " << value);
        CHECK(digest_of(type, value) == "bad_typed_data");
    }
}

TEST_CASE("EIP-712: the error names the field") {
    const auto digest = eip712::digest_of_json(document("uint8[][2]", "[[1,2],[3,400]]"));
    REQUIRE_FALSE(digest);
    CHECK(digest.error().message.find("message.v[1][1]") == 0);
}

TEST_CASE("EIP-712: documents that are malformed are refused") {
    const std::string deep_list = std::string(200'000, '[') + std::string(200'000, ']');
    std::string deep_type = "uint8";
    std::string deep_value = "1";
    for (int i = 0; i < 100; ++i) {
        deep_type += "[]";
        deep_value = "[" + deep_value + "]";
    }
    std::string chain = "{}";
    for (int i = 0; i < 100; ++i) chain = R"({"v":)" + chain + "}";
    const std::string cases[] = {
        "",
        "{",
        "[]",
        "1",
        "null",
        "{}",
        deep_list,
        std::string(3 << 20, ' '),
        "{\"types\":{}}",
        R"({"types":{},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":[],"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":{}},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":[1]},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":[{"name":"a"}]},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":[{"name":"a,uint b","type":"uint8"}]},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":[],"S":[]},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"uint8":[]},"domain":{},"primaryType":"uint8","message":{}})",
        R"({"types":{"S(":[]},"domain":{},"primaryType":"S(","message":{}})",
        R"({"types":{"S":[{"name":"v","type":"uint8"}]},"domain":{},"primaryType":"S","message":{}})",
        R"({"types":{"S":[{"name":"v","type":"uint8"}]},"domain":{},"primaryType":"S","message":{"v":1,"v":2}})",
        R"({"types":{"S":[]},"domain":1,"primaryType":"S","message":{}})",
        R"({"types":{"S":[]},"domain":{},"primaryType":1,"message":{}})",
        R"({"types":{"S":[]},"domain":{},"primaryType":"S","message":[]})",
        R"({"types":{"S":[]},"domain":{},"primaryType":"S"})",
        R"({"types":{"S":[]},"primaryType":"S","message":{}})",
        document(deep_type, deep_value),
        document("S", chain),
    };
    for (const std::string& json : cases) {
        INFO(json.substr(0, 200));
        const auto digest = eip712::digest_of_json(json);
        REQUIRE_FALSE(digest);
        CHECK(digest.error().code == "bad_typed_data");
    }
}

TEST_CASE("EIP-712: a struct that contains itself in an array is hashed") {
    const std::string json = R"({"types":{"EIP712Domain":[],"Node":[{"name":"id","type":"uint8"},
        {"name":"children","type":"Node[]"}]},"primaryType":"Node","domain":{},
        "message":{"id":1,"children":[{"id":2,"children":[]}]}})";
    const std::string type = "Node(uint8 id,Node[] children)";
    const Hash child = eip712::StructHash(type).uint(2).word(keccak256("")).finish();
    const Hash node = eip712::StructHash(type).uint(1).word(keccak256(child.view())).finish();
    CHECK(eip712::digest_of_json(json).value() ==
          eip712::digest(eip712::StructHash("EIP712Domain()").finish(), node));
}
