// What stands on labels and in headers, and what is the same version, see adapters/podman.
#include <catch2/catch.hpp>
#include <filesystem>

#include "adapters/podman/application_book.hpp"
#include "adapters/podman/hooks.hpp"
#include "adapters/podman/probe_text.hpp"
#include "adapters/podman/registry_login.hpp"
#include "test/support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters::podman;

namespace {

lease::Application shop() {
    lease::Application application;
    for (const char* name : {"web", "db"}) {
        lease::Workload w;
        w.name = name;
        w.containers.push_back({});
        w.containers[0].name = name;
        w.containers[0].image = "docker.io/library/x:1";
        application.workloads.push_back(w);
    }
    application.services = {{"web", "web", {{"http", 80, 8080}}}};
    application.entrances = {{"web", "web", 8080}};
    return application;
}

std::string version(const lease::Application& application, std::size_t index = 0) {
    return version_of(application, application.workloads[index]);
}

}  // namespace

TEST_CASE("a workload's version changes with what its pods are, not with their number or with others") {
    const auto before = shop();
    auto after = before;
    after.workloads[0].replicas = 5;
    after.workloads[0].rollout.recreate = true;
    after.workloads[1].containers[0].image = "other";
    CHECK(version(after) == version(before));
    CHECK(version(after, 1) != version(before, 1));
    after = before;
    after.workloads[0].containers[0].environment.push_back({"A", "b"});
    CHECK(version(after) != version(before));
    CHECK(version(after, 1) == version(before, 1));
    after = before;
    after.services[0].name = "shop";
    CHECK(version(after) != version(before));
    after = before;
    ++after.revision;
    CHECK(version(after) != version(before));
    after.workloads[0].kind = lease::WorkloadKind::job;
    auto job = before;
    job.workloads[0].kind = lease::WorkloadKind::job;
    CHECK(version(after) == version(job));  // a restart runs no job again
}

TEST_CASE("probes, hooks and mounts are read back as they were written") {
    lease::Probe probe{lease::Probe::Kind::http_get, "/a?b", 80, {}, 1, 2, 3, 4, 5, {{"X-A", "b \"c\""}}};
    CHECK(read_probe(probe_text(probe)) == probe);
    probe = {lease::Probe::Kind::exec, "", 0, {"/bin/test", "-e", "x y"}, 0, 1, 1, 1, 1, {}};
    CHECK(read_probe(probe_text(probe)) == probe);
    const lease::Hook hook{lease::Hook::Kind::http_get, {}, "/end", 8080, {{"A", "b"}}};
    CHECK(read_hook(hook_text(hook)) == hook);
    CHECK_FALSE(read_probe(""));
    CHECK_FALSE(read_hook("{\"kind\":7}"));
    const std::vector<HostMount> mounts{{"/m/1", "", "", 64, 7}, {"/m/2", "/v", "a/b c", 0, 7}};
    CHECK(read_mounts(mounts_text(mounts)) == mounts);
}

TEST_CASE("service ports that the pods do not answer lead to those that they do") {
    auto application = shop();
    CHECK(redirects_of(application, application.workloads[0]).value() == "tcp dport 80 redirect to :8080\n");
    CHECK(redirects_of(application, application.workloads[1]).value().empty());
    application.services.push_back({"other", "web", {{"http", 80, 9090}}});
    const auto two = redirects_of(application, application.workloads[0]);
    REQUIRE_FALSE(two);
    CHECK(two.error().code == "unsupported");
    CHECK(two.error().message.find("Service/other") != std::string::npos);
    application.services = {{"dns", "db", {{"dns", 53, 5353, lease::Protocol::udp}}}};
    CHECK(redirects_of(application, application.workloads[1]).value() == "udp dport 53 redirect to :5353\n");
}

TEST_CASE("the account of an image's registry is sent, and no other") {
    CHECK(registry_of("nginx:1") == "docker.io");
    CHECK(registry_of("library/nginx") == "docker.io");
    CHECK(registry_of("ghcr.io/a/b:1") == "ghcr.io");
    CHECK(registry_of("registry.example:5000/a") == "registry.example:5000");
    const std::vector<lease::RegistryLogin> logins{{"ghcr.io", "ann", "s?>cret"}, {"docker.io", "bob", "p"}};
    CHECK(login_for("quay.io/a", logins) == nullptr);
    // {"docker.io":{"username":"bob","password":"p"}}
    CHECK(login_header(login_for("nginx", logins)) ==
          "eyJkb2NrZXIuaW8iOnsidXNlcm5hbWUiOiJib2IiLCJwYXNzd29yZCI6InAifX0=");
    const auto ann = login_header(login_for("ghcr.io/a/b:1", logins));
    CHECK(ann.size() % 4 == 0);
    CHECK(ann.find_first_of("+/") == std::string::npos);
    CHECK(login_header(nullptr) == "e30=");  // {}: nobody's, not the provider's own
}

TEST_CASE("images are asked for by their whole names, so that none is taken for another that is here") {
    CHECK(whole_image_name("nginx:1") == "docker.io/library/nginx:1");
    CHECK(whole_image_name("a/nginx") == "docker.io/a/nginx");
    CHECK(whole_image_name("0123456789ab") == "docker.io/library/0123456789ab");
    CHECK(whole_image_name("docker.io/a/nginx") == "docker.io/a/nginx");
    CHECK(whole_image_name("docker.io/nginx") == "docker.io/nginx");
    CHECK(whole_image_name("ghcr.io/a:1@sha256:00") == "ghcr.io/a:1@sha256:00");
    CHECK(whole_image_name("registry.example:5000/a") == "registry.example:5000/a");
    CHECK(whole_image_name("localhost/own:1") == "localhost/own:1");
}

TEST_CASE("applications are found again after a restart") {
    const test::TemporaryDirectory directory;
    {
        ApplicationBook book(directory.path());
        CHECK(book.of("l", "shop") == nullptr);
        REQUIRE(book.keep("l", "shop", shop()));
    }
    ApplicationBook book(directory.path());
    book.load();
    REQUIRE(book.of("l", "shop"));
    CHECK(*book.of("l", "shop") == shop());
    CHECK(book.all().size() == 1);
    book.forget("l", "");
    book.load();
    CHECK(book.of("l", "shop") == nullptr);
}
