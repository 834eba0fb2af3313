#include "chain/json_nesting.hpp"

#include <catch2/catch.hpp>
#include <string>

using grid::chain::nests_deeper;

TEST_CASE("levels of JSON are counted outside of strings") {
    const std::string open(100, '[');
    CHECK_FALSE(nests_deeper("", 0));
    CHECK_FALSE(nests_deeper("7", 0));
    CHECK(nests_deeper("[]", 0));
    CHECK_FALSE(nests_deeper("[{}]", 2));
    CHECK(nests_deeper("[{}]", 1));
    CHECK_FALSE(nests_deeper("[[],[],[]]", 2));
    CHECK_FALSE(nests_deeper(open, 100));
    CHECK(nests_deeper(open, 99));
    CHECK_FALSE(nests_deeper("[\"" + open + "\"]", 1));
    CHECK_FALSE(nests_deeper(R"({"a\"":")" + open + R"(\\"})", 1));
    CHECK(nests_deeper(R"(["\\",)" + open, 2));
    CHECK_FALSE(nests_deeper("]]]" + open, 100));  // no JSON; the parser says so
}
