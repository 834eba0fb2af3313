// Manifests in the style in which they are published, each with the model that it is lowered to beside it
// (manifests/NAME.model): `test_unit_lease "write the models"` writes them anew, to be read before they are
// committed.
#include <catch2/catch.hpp>
#include <fstream>

#include "lease/demand.hpp"
#include "manifest_files.hpp"
#include "model_text.hpp"

using namespace grid;

namespace {

std::string lowered_text(const test::ManifestFile& file) {
    const auto application = lease::lower_manifest(file.text, file.limits());
    INFO((application ? "" : application.error().code + ": " + application.error().message));
    REQUIRE(application);
    return test::model_text(*application);
}

}  // namespace

TEST_CASE("manifests as they are published are accepted and lowered to exactly their models") {
    const auto files = test::manifest_files("manifests");
    CHECK(files.size() >= 25);
    for (const auto& file : files) {
        INFO("manifests/" << file.name << ".yaml");
        CHECK(lowered_text(file) ==
              test::file_text(test::manifest_directory("manifests") / (file.name + ".model")));
    }
}

TEST_CASE("what a published manifest needs fits in what was bought, and less does not") {
    for (const auto& file : test::manifest_files("manifests")) {
        INFO("manifests/" << file.name << ".yaml");
        auto limits = file.limits();
        const auto application = lease::lower_manifest(file.text, limits);
        REQUIRE(application);
        const auto demand = lease::demand_of(*application);
        CHECK(demand.cpu_milli <= limits.bought.cpu_milli);
        CHECK(demand.memory_mib <= limits.bought.memory_mib);
        CHECK(demand.storage_mib <= limits.bought.storage_mib);
        CHECK(demand.cpu_milli > 0);
        // What the containers got by sharing is found again when it is asked for exactly.
        limits.bought = demand;
        const auto exact = lease::lower_manifest(file.text, limits);
        REQUIRE(exact);
        CHECK(lease::demand_of(*exact) == demand);
    }
}

TEST_CASE("write the models", "[.write]") {
    for (const auto& file : test::manifest_files("manifests")) {
        INFO("manifests/" << file.name << ".yaml");
        std::ofstream out(test::manifest_directory("manifests") / (file.name + ".model"), std::ios::binary);
        out << lowered_text(file);
        REQUIRE(out.good());
    }
}
