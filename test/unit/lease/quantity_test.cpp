#include "lease/quantity.hpp"

#include <catch2/catch.hpp>

using namespace grid;

namespace {
struct Row {
    const char* text;
    std::uint64_t value;
};
}  // namespace

TEST_CASE("cpu quantities in every notation become millicores, rounded up") {
    const Row rows[] = {
        {"1", 1000},     {"0.5", 500},    {"500m", 500},    {"1.5", 1500},    {"2e0", 2000},
        {"1e-3", 1},     {"0.0001", 1},   {"100u", 1},      {"1n", 1},        {"1001u", 2},
        {"2.", 2000},    {".25", 250},    {"+3", 3000},     {"0", 0},         {"0m", 0},
        {"1k", 1000000}, {"1E2", 100000}, {"1e+2", 100000}, {"1Ki", 1024000}, {"0.1000001", 101},
        {"1e-999", 1},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        const auto value = lease::parse_millicores(row.text);
        REQUIRE(value);
        CHECK(*value == row.value);
    }
}

TEST_CASE("memory quantities in every notation become bytes") {
    const Row rows[] = {
        {"128Mi", 134217728},
        {"1Gi", 1073741824},
        {"1G", 1000000000},
        {"1.5Gi", 1610612736},
        {"0.5Ki", 512},
        {"1k", 1000},
        {"1e3", 1000},
        {"12E2", 1200},
        {"123", 123},
        {"500m", 1},
        {"1M", 1000000},
        {"1T", 1000000000000},
        {"1Ti", 1099511627776},
        {"2P", 2000000000000000},
        {"1Pi", 1125899906842624},
        {"1E", 1000000000000000000},
        {"15Ei", 17293822569102704640ull},
        {"18446744073709551615", 18446744073709551615ull},
        {"0.000000000000000000000000000001Ei", 1},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        const auto value = lease::parse_bytes(row.text);
        REQUIRE(value);
        CHECK(*value == row.value);
    }
    CHECK(lease::parse_mebibytes("1") == 1u);
    CHECK(lease::parse_mebibytes("1Mi") == 1u);
    CHECK(lease::parse_mebibytes("1048577") == 2u);
    CHECK(lease::parse_mebibytes("1G") == 954u);
    CHECK(lease::parse_mebibytes("0.5Gi") == 512u);
    CHECK(lease::parse_mebibytes("18446744073709551616") == 17592186044416u);
}

TEST_CASE("what is no quantity, negative or over 64 bits is refused") {
    const char* rows[] = {"",       " 1",      "1 ",
                          "-1",     "-0",      "abc",
                          "1mi",    "1MI",     "1ki",
                          "1e",     "1e1.5",   "--1",
                          "1.2.3",  ".",       "m",
                          "0x10",   "1_000",   "1,5",
                          "1Zi",    "NaN",     "inf",
                          "1e5000", "16Ei",    "18446744073709551616",
                          "1e20",   "1e999",   "99999999999999999999999999999999999999999999",
                          "1Mi1",   "\xc2\xb2"};
    for (const char* text : rows) {
        INFO(text);
        const auto value = lease::parse_bytes(text);
        REQUIRE_FALSE(value);
        CHECK(value.error().code == "bad_quantity");
    }
    CHECK_FALSE(lease::parse_millicores("18446744073709551615"));
    CHECK_FALSE(lease::parse_bytes(std::string(100, '1')));
}

TEST_CASE("devices are counted whole") {
    CHECK(lease::parse_count("2") == 2u);
    CHECK(lease::parse_count("2000m") == 2u);
    CHECK(lease::parse_count("1k") == 1000u);
    CHECK_FALSE(lease::parse_count("1.5"));
    CHECK_FALSE(lease::parse_count("500m"));
    CHECK_FALSE(lease::parse_count("1e-999"));
    CHECK_FALSE(lease::parse_count("-1"));
}

TEST_CASE("amounts are written in the shortest notation") {
    CHECK(lease::format_millicores(2000) == "2");
    CHECK(lease::format_millicores(1500) == "1500m");
    CHECK(lease::format_millicores(0) == "0");
    CHECK(lease::format_mebibytes(512) == "512Mi");
    CHECK(lease::format_mebibytes(2048) == "2Gi");
    CHECK(lease::format_mebibytes(0) == "0Mi");
    CHECK(lease::format_mebibytes(1536) == "1536Mi");
}
