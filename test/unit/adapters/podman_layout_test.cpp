#include <catch2/catch.hpp>

#include "adapters/podman/service.hpp"
#include "support/file_content.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using adapters::PodmanConfig;
using adapters::podman::prepare_layout;

namespace {

PodmanConfig in(const std::string& directory) {
    PodmanConfig config;
    config.gateway_id = "g1";
    config.data_dir = directory + "/d";
    config.run_root = directory + "/run";
    return config;
}

std::string refusal(const PodmanConfig& config) {
    const auto made = prepare_layout(config);
    if (made) return "none";
    CHECK(made.error().code == "bad_config");
    return made.error().message;
}

}  // namespace

TEST_CASE("the OCI runtime that is configured is the one of our podman service") {
    const test::TemporaryDirectory directory;
    auto config = in(directory.path());
    for (const std::string runtime : {"crun", "/usr/local/bin/runsc"}) {
        config.oci_runtime = runtime;
        const auto layout = prepare_layout(config);
        REQUIRE(layout);
        const auto written = test::file_content(layout->containers_conf);
        CHECK(written.find("\nruntime = \"" + runtime + "\"\n") != std::string::npos);
    }
}

TEST_CASE("an OCI runtime that cannot be had is refused") {
    const test::TemporaryDirectory directory;
    auto config = in(directory.path());
    config.oci_runtime = "runc\"\n[containers]\nprivileged = true";
    CHECK(refusal(config).find("expected a name or an absolute path") != std::string::npos);
    config.oci_runtime = "bin/crun";
    CHECK(refusal(config).find("expected a name or an absolute path") != std::string::npos);
    config.oci_runtime = "crun";
    config.socket = directory.path() + "/podman.sock";
    CHECK(refusal(config).find("somebody else") != std::string::npos);
}
