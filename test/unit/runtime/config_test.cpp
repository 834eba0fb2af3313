#include "runtime/config.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using grid::runtime::ConfigSection;

namespace {

ConfigSection parse(std::string_view yaml) {
    auto section = ConfigSection::parse(yaml, "grid.yaml");
    REQUIRE(section);
    return *section;
}

/// The message of a document whose keys are read as a gateway's would be.
std::string message_for(std::string_view yaml) {
    auto root = ConfigSection::parse(yaml, "grid.yaml");
    if (!root) return root.error().message;
    root->text("name", "x");
    auto gateway = root->section("gateway");
    gateway.integer("port", 8090, 0, 65535);
    gateway.boolean("tls", false);
    gateway.duration("grace", 5s);
    gateway.texts("origins", {});
    gateway.choice("profile", "baseline", {"baseline", "restricted"});
    auto done = root->finish();
    return done ? "" : done.error().message;
}

}  // namespace

TEST_CASE("a configuration is read with defaults for what is absent") {
    auto root = parse("name: left\ngateway:\n  port: 99\n  grace: 2m\n  origins: [a, b]\n");
    CHECK(root.text("name", "x") == "left");
    auto gateway = root.section("gateway");
    CHECK(gateway.integer("port", 8090, 0, 65535) == 99);
    CHECK(gateway.integer("other", 7, 0, 10) == 7);
    CHECK(gateway.duration("grace", 5s) == 120s);
    CHECK(gateway.texts("origins", {}) == std::vector<std::string>{"a", "b"});
    CHECK(root.section("absent").text("key", "fallback") == "fallback");
    CHECK(root.finish());
}

TEST_CASE("every mistake in a configuration is answered with file, line and key") {
    struct Row {
        std::string yaml;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"gateway:\n  port: 70000\n", "grid.yaml:2: gateway.port: expected a whole number from 0 to 65535"},
        {"gateway:\n  port: -1\n", "grid.yaml:2: gateway.port: expected a whole number"},
        {"gateway:\n  port: 0x10\n", "grid.yaml:2: gateway.port: expected a whole number"},
        {"gateway:\n  port: [1]\n", "grid.yaml:2: gateway.port: expected a single value"},
        {"gateway:\n  tls: maybe\n", "grid.yaml:2: gateway.tls: expected true or false"},
        {"gateway:\n  grace: soon\n", "grid.yaml:2: gateway.grace: expected a duration"},
        {"gateway:\n  grace: 99999999999999999s\n", "grid.yaml:2: gateway.grace: expected a duration"},
        {"gateway:\n  origins: a\n", "grid.yaml:2: gateway.origins: expected a list"},
        {"gateway:\n  profile: open\n", "grid.yaml:2: gateway.profile: expected one of baseline, restricted"},
        {"gateway: 5\n", "grid.yaml:1: gateway: expected a mapping"},
        {"name: a\ngatway:\n  port: 1\n", "grid.yaml:2: gatway: no such key here"},
        {"gateway:\n  prot: 1\n", "grid.yaml:2: gateway.prot: no such key here"},
        {"name: [a, b\n", "grid.yaml:"},
        {"\tname: a\n", "grid.yaml:"},
        {"- a\n- b\n", "grid.yaml:1: expected a mapping"},
    };
    for (const auto& row : rows) {
        INFO(row.yaml);
        CHECK_THAT(message_for(row.yaml), Catch::Contains(row.expected));
    }
}

TEST_CASE("a configuration that cannot be read says so") {
    auto section = ConfigSection::load("/nonexistent/grid.yaml");
    REQUIRE_FALSE(section);
    CHECK(section.error().code == "config_unreadable");
}
