#include "chain/abi_type.hpp"

#include <catch2/catch.hpp>

using namespace grid::chain;

TEST_CASE("ABI: type strings are read and named canonically") {
    const std::pair<const char*, const char*> cases[] = {
        {"uint", "uint256"},
        {"int", "int256"},
        {"uint8", "uint8"},
        {"bytes1[2][]", "bytes1[2][]"},
        {"tuple(address,(bool,string name)[3] pair)[]", "(address,(bool,string)[3])[]"},
        {"(uint256 amount,address to)", "(uint256,address)"},
        {"string", "string"},
        {"bytes", "bytes"}};
    for (const auto& [text, canonical] : cases)
        CHECK(abi::Type::parse(text).value().canonical() == canonical);
    CHECK(abi::Type::parse("(uint256 amount,address)").value().names ==
          std::vector<std::string>{"amount", ""});
    CHECK_FALSE(abi::Type::parse("(uint8,bytes4[3])").value().is_dynamic());
    CHECK(abi::Type::parse("(uint8,bytes4[3])").value().head_size() == 128);
    CHECK(abi::Type::parse("(uint8,bytes[3])").value().is_dynamic());
    CHECK(abi::Type::parse("uint8[]").value().is_dynamic());
}

TEST_CASE("ABI: type strings that are malformed, too deep or too large are refused") {
    std::string deep = "uint8";
    for (int i = 0; i < 17; ++i) deep += "[]";
    for (const std::string& text : {std::string(),
                                    std::string("uint7"),
                                    std::string("uint0"),
                                    std::string("uint264"),
                                    std::string("uint08"),
                                    std::string("bytes0"),
                                    std::string("bytes33"),
                                    std::string("bytes032"),
                                    std::string("int257"),
                                    std::string("uint8["),
                                    std::string("uint8]"),
                                    std::string("uint8[0]"),
                                    std::string("uint8[-1]"),
                                    std::string("uint8[01]"),
                                    std::string("uint8[1000001]"),
                                    std::string("uint8[99999999999999999999]"),
                                    std::string("uint8[1000][1000][1000]"),
                                    std::string("()"),
                                    std::string("tuple"),
                                    std::string("tuple()"),
                                    std::string("(uint8"),
                                    std::string("(uint8,)"),
                                    std::string("uint8)"),
                                    std::string("uint8 "),
                                    std::string("function"),
                                    std::string("fixed128x18"),
                                    std::string("Uint8"),
                                    deep,
                                    std::string(100'000, '('),
                                    "uint8" + std::string(100'000, '[')}) {
        INFO(text.substr(0, 60));
        const auto type = abi::Type::parse(text);
        REQUIRE_FALSE(type);
        CHECK(type.error().code == "bad_type");
    }
}
