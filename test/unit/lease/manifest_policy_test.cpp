#include <catch2/catch.hpp>

#include "lease/manifest.hpp"

using namespace grid;

namespace {

lease::ManifestLimits limits() {
    lease::ManifestLimits l;
    l.bought = {2000, 2048, 4096, 0};
    return l;
}

/// A pod whose spec has one container, with lines put into the spec and into the container.
std::string pod(const std::string& of_spec, const std::string& of_container = "") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec:\n" + of_spec +
           "  containers:\n  - name: c\n    image: nginx:1.27\n" + of_container;
}

}  // namespace

TEST_CASE("refusals name the line") {
    const auto refused = lease::lower_manifest(pod("  hostNetwork: true\n"), limits());
    CHECK(refused.error().message == "Pod/p: spec.hostNetwork: true is not allowed (line 5)");
    const auto alias = lease::lower_manifest("<<: {a: b}\n" + pod(""), limits());
    REQUIRE_FALSE(alias);
    CHECK(alias.error().message.find("Pod/p: <<: field is not on the list") == 0);
}

TEST_CASE("the restricted profile forces ordinary users and takes all capabilities") {
    auto restricted = limits();
    restricted.profile = lease::Profile::restricted;
    const auto plain = lease::lower_manifest(pod(""), restricted);
    REQUIRE(plain);
    CHECK(plain->workloads[0].containers[0].run_as_non_root);
    CHECK(plain->workloads[0].containers[0].capabilities.empty());
    const auto one = lease::lower_manifest(
        pod("", "    securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}\n"), restricted);
    REQUIRE(one);
    CHECK(one->workloads[0].containers[0].capabilities == std::vector<std::string>{"NET_BIND_SERVICE"});
}

TEST_CASE("capabilities are what stock images need, less what is dropped, with what baseline lets add") {
    const auto of = [](const std::string& context) {
        const auto application = lease::lower_manifest(pod("", context), limits());
        REQUIRE(application);
        return application->workloads[0].containers[0].capabilities;
    };
    using Names = std::vector<std::string>;
    CHECK(of("") == lease::stock_capabilities());
    CHECK(of("    securityContext: {capabilities: {drop: [ALL]}}\n").empty());
    CHECK(of("    securityContext: {capabilities: {drop: [all], add: [CAP_CHOWN, SETUID]}}\n") ==
          Names{"CHOWN", "SETUID"});
    CHECK(of("    securityContext: {capabilities: {drop: [KILL, CHOWN, SETFCAP], add: [MKNOD]}}\n") ==
          Names{"DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "NET_BIND_SERVICE", "SETGID", "SETUID",
                "SYS_CHROOT"});
    CHECK(of("    securityContext: {runAsNonRoot: true}\n") == Names{"NET_BIND_SERVICE"});
}

TEST_CASE("what a manifest repeats is bounded before it is built") {
    std::string variables = "    env:\n    - {name: A0, value: xxxxxxxxxxxxxxxx}\n";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "$(A" + std::to_string(i - 1) + ")";
        variables += "    - {name: A" + std::to_string(i) + ", value: '" + before + before + "'}\n";
    }
    const auto bomb = lease::lower_manifest(pod("", variables), limits());
    REQUIRE_FALSE(bomb);
    CHECK(bomb.error().code == "too_large");

    std::string mounts = "    volumeMounts:\n";
    for (int i = 0; i < 64; ++i) mounts += "    - {name: v, mountPath: /m" + std::to_string(i) + "}\n";
    const auto files = lease::lower_manifest(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: " + std::string(500'000, 'x') +
            "}\n---\n" + pod("  volumes: [{name: v, configMap: {name: c}}]\n", mounts),
        limits());
    REQUIRE_FALSE(files);
    CHECK(files.error().code == "too_large");
}

TEST_CASE("mounted files are counted, however small") {
    const auto manifest = [](int keys) {
        std::string yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n";
        for (int i = 0; i < keys; ++i) yaml += "  k" + std::to_string(i) + ": ''\n";
        std::string mounts = "    volumeMounts:\n";
        for (int i = 0; i < 8; ++i) mounts += "    - {name: v, mountPath: /m" + std::to_string(i) + "}\n";
        return yaml + "---\n" + pod("  volumes: [{name: v, configMap: {name: c}}]\n", mounts);
    };
    CHECK(lease::lower_manifest(manifest(512), limits()));
    const auto refused = lease::lower_manifest(manifest(513), limits());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "too_large");
    CHECK(refused.error().message ==
          "Pod/p: spec.containers[0].volumeMounts[7]: the manifest mounts too many files");
}

TEST_CASE("no message repeats the value of a secret") {
    const auto refused = lease::lower_manifest(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: hunter2hunter2}\n---\n" +
            pod(""),
        limits());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("hunter2") == std::string::npos);
}
