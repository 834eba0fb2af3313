#include "lease/yaml.hpp"

#include <catch2/catch.hpp>

using namespace grid;
using Kind = lease::YamlNode::Kind;

namespace {

std::string refusal(const std::string& text, const lease::YamlLimits& limits = {}) {
    const auto documents = lease::parse_yaml(text, limits);
    if (documents) return "accepted";
    CHECK(documents.error().code == "bad_manifest");
    return documents.error().message;
}

std::string repeated(const std::string& piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

}  // namespace

TEST_CASE("documents become trees that know their lines and what was in quotes") {
    const auto documents = lease::parse_yaml("# only a comment\n---\na: 1\nb: ['2', {c: ~}]\n---\n---\nx\n");
    REQUIRE(documents);
    REQUIRE(documents->size() == 2);
    const auto& first = (*documents)[0];
    CHECK(first.kind == Kind::mapping);
    CHECK(first.keys == std::vector<std::string>{"a", "b"});
    CHECK(first.find("a")->text == "1");
    CHECK_FALSE(first.find("a")->quoted);
    CHECK(first.find("a")->line == 3);
    CHECK(first.find("a")->column == 4);
    CHECK(first.find("b")->items[0].quoted);
    CHECK(first.find("b")->items[1].keys == std::vector<std::string>{"c"});
    CHECK(first.find("b")->items[1].find("c") == nullptr);
    CHECK(first.find("z") == nullptr);
    CHECK((*documents)[1].text == "x");
    CHECK(lease::parse_yaml("")->empty());
}

TEST_CASE("document marks inside of strings split nothing") {
    const auto documents = lease::parse_yaml("a: \"x\n  --- y\"\nb: |\n  ---\n  z\nc: '---'\n");
    REQUIRE(documents);
    REQUIRE(documents->size() == 1);
    CHECK((*documents)[0].find("b")->text == "---\nz\n");
    CHECK((*documents)[0].find("b")->quoted);
}

TEST_CASE("aliases are copied within bounds") {
    const auto documents = lease::parse_yaml("a: &x [1, 2]\nb: *x\n");
    REQUIRE(documents);
    CHECK((*documents)[0].find("b")->items.size() == 2);
    CHECK(refusal("a: &x [1, *x]\n").find("line 1, column 11: an alias inside") == 0);
    CHECK(refusal("a: *nothing\n").find("line 1") == 0);
}

TEST_CASE("bombs go off before they are built") {
    std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'j'; ++c) {
        laughs += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 10; ++i)
            laughs += std::string(i == 0 ? "" : ",") + "*" + static_cast<char>(c - 1);
        laughs += "]\n";
    }
    CHECK(refusal(laughs).find("values, aliases included") != std::string::npos);
    const std::string text = "a: &a " + std::string(500'000, 'x') + "\nb: [" + repeated("*a,", 100) + "*a]\n";
    CHECK(refusal(text).find("bytes of text, aliases included") != std::string::npos);
    std::string nested;
    for (int i = 0; i < 60; ++i) nested += "&a" + std::to_string(i) + " [";
    CHECK(refusal(nested + std::string(200'000, 'x') + repeated("]", 60)).find("aliases included") !=
          std::string::npos);
}

TEST_CASE("size, depth, documents and values are bounded") {
    CHECK(refusal(std::string(1024 * 1024 + 1, ' ')) ==
          "expected at most 1048576 bytes of YAML, came 1048577");
    CHECK(lease::parse_yaml(std::string(1024 * 1024, ' ')));
    CHECK(lease::parse_yaml(repeated("- ", 64) + "x"));
    CHECK(refusal(repeated("- ", 65) + "x") == "line 1, column 129: nested deeper than 64 levels");
    CHECK(lease::parse_yaml(repeated("---\na\n", 64)));
    CHECK(refusal(repeated("---\na\n", 65)) == "more than 64 documents");
    CHECK(refusal(repeated("- a\n", 100'001)).find("more than 100000 values") != std::string::npos);
    for (const char* piece :
         {"[", "{", "? ", "a: ", "{a: ", "[a,", "&a ", "*a ", "!", "\"", "|\n", "%x\n", "? - ", "- - "}) {
        INFO(piece);
        const std::string text = repeated(piece, 20'000);
        CHECK((refusal(text) == "accepted") == (text.front() == '%'));
    }
}

TEST_CASE("errors name line and column") {
    CHECK(refusal("a: 1\nb: 2\na: 3\n") == "line 3, column 1: the key \"a\" stands here twice");
    CHECK(refusal("x:\n  a: 1\n  a: 2\n").find("line 3, column 3") == 0);
    CHECK(refusal("spec:\n\treplicas: 1\n").find("indented with a tab") != std::string::npos);
    CHECK(refusal("spec:\n\treplicas: 1\n").find("line 2, column ") == 0);
    CHECK(refusal("a:\n  b: 1\n\tc: 1\n").find("line 3, column 1") == 0);
    CHECK(refusal("a: [1\nb: 2\n").find("line 2") == 0);
    CHECK(refusal("a: b: c\n").find("line 1, column 5") == 0);
    CHECK(refusal("a: 'open\n").find("line 2") == 0);
    CHECK(refusal("? [a]\n: b\n").find("a key must be a string") != std::string::npos);
    CHECK(refusal("~: b\n").find("a key must be a string") != std::string::npos);
    CHECK(refusal("a: !!binary aGk=\n").find("is not supported") != std::string::npos);
    CHECK(refusal("a: !x y\n").find("is not supported") != std::string::npos);
    CHECK(refusal("a: \"\\0\"\n").find("NUL") != std::string::npos);
    CHECK(refusal(std::string("a: b\0c\n", 7)).find("line 1, column 5: a control character") == 0);
    CHECK(refusal("a: \x01\n").find("control character") != std::string::npos);
    CHECK(refusal("a: \xff\n").find("line 1, column 4: expected text in UTF-8") == 0);
    CHECK(refusal("a: \xc3").find("UTF-8") != std::string::npos);
    CHECK(refusal("\xff\xfe"
                  "a\n")
              .find("UTF-8") != std::string::npos);
    // Longer than need be, surrogates, beyond U+10FFFF.
    for (const char* bad : {"\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80"})
        CHECK(refusal("a: " + std::string(bad) + "\n").find("line 1, column 4: expected text in UTF-8") == 0);
    CHECK(lease::parse_yaml("a: \xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\n"));
    CHECK(lease::parse_yaml("a: \xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\n"));
}

TEST_CASE("a tagged string is a string") {
    const auto documents = lease::parse_yaml("a: !!str 5\nb: !!int 5\n");
    REQUIRE(documents);
    CHECK((*documents)[0].find("a")->quoted);
    CHECK_FALSE((*documents)[0].find("b")->quoted);
}
