// Every manifest in hostile/ is refused for what it is refused for: with the code, the path of the field and
// the reason that its header names.
#include <catch2/catch.hpp>
#include <set>

#include "manifest_files.hpp"

using namespace grid;

TEST_CASE("hostile and mistaken manifests are refused with code, path and reason") {
    const auto files = test::manifest_files("hostile");
    CHECK(files.size() > 200);
    std::set<std::string> codes;
    for (const auto& file : files) {
        INFO("hostile/" << file.name << ".yaml");
        REQUIRE_FALSE(file.value("code").empty());
        REQUIRE_FALSE(file.value("reason").empty());
        const auto application = lease::lower_manifest(file.text, file.limits());
        if (application) {
            FAIL_CHECK("was let through");
            continue;
        }
        const std::string path = file.value("path");
        const std::string expected = (path.empty() ? "" : path + ": ") + file.value("reason");
        CHECK(application.error().code == file.value("code"));
        if (!application.error().message.starts_with(expected))
            FAIL_CHECK("expected: " << expected << "\ncame:     " << application.error().message);
        codes.insert(application.error().code);
    }
    CHECK(codes == std::set<std::string>{"bad_manifest", "policy", "too_large"});
}

// A file that is refused for its profile or registry alone runs where the operator allows more.
TEST_CASE("what only this operator refuses, another lets through") {
    std::size_t seen = 0;
    for (const auto& file : test::manifest_files("hostile")) {
        const bool baseline = file.value("profile") == "restricted";
        const bool registry = !file.value("images").empty() || !file.value("digest").empty();
        if (!baseline && !registry) continue;
        ++seen;
        INFO("hostile/" << file.name << ".yaml");
        lease::ManifestLimits open;
        open.bought = file.limits().bought;
        CHECK(lease::lower_manifest(file.text, open));
    }
    CHECK(seen == 8);
}
