#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "adapters/kubernetes/credentials.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters::kubernetes;

namespace {

void write(const std::string& path, const std::string& text, unsigned mode = 0600) {
    std::ofstream(path, std::ios::trunc) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::string config(const std::string& server, const std::string& token) {
    return "current-context: c\nclusters: [{name: k, cluster: {server: '" + server +
           "'}}]\nusers: [{name: u, user: {token: " + token +
           "}}]\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n";
}

}  // namespace

TEST_CASE("credentials: a token file is read again every minute, and at once when it was refused") {
    const test::TemporaryDirectory directory;
    Access access;
    access.token = "older form";
    access.token_file = directory.path() + "/token";
    auto now = std::chrono::system_clock::from_time_t(1'000'000);
    Credentials credentials(access, [&] { return now; });
    CHECK_FALSE(credentials.current());
    write(access.token_file, "one\n");
    const auto first = credentials.current().value();
    CHECK(first.bearer == "one");
    write(access.token_file, "two\n");
    CHECK(credentials.current()->bearer == "one");
    now += std::chrono::seconds(61);
    const auto second = credentials.current().value();
    CHECK(second.bearer == "two");
    CHECK(second.generation != first.generation);
    write(access.token_file, "three\n");
    CHECK(credentials.renew(first.generation)->bearer == "two");  // somebody else did since
    CHECK(credentials.renew(second.generation)->bearer == "three");
    now += std::chrono::seconds(61);
    CHECK(credentials.current()->generation == second.generation + 1);  // the same again is no change
}

TEST_CASE("credentials: a plugin is asked again before its answer expires") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path();
    const auto script = path + "/plugin";
    // Prints what it was asked, too: the test reads it.
    write(script,
          "#!/bin/sh\necho run >>" + path + "/runs\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" >" + path +
              "/asked\ncat " + path + "/answer\n",
          0700);
    const auto answer = [&](const std::string& token, const std::string& expiry) {
        write(
            path + "/answer",
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":")" +
                token + R"(","expirationTimestamp":")" + expiry + "\"}}");
    };
    Access access;
    access.host = access.server_name = "k";
    access.port = 6443;
    access.authorities.text = "PEM";
    access.exec = ExecPlugin{
        "client.authentication.k8s.io/v1", script, {"get-token"}, {{"PLUGIN_MODE", "x"}}, true, ""};
    auto now = std::chrono::system_clock::from_time_t(1'795'824'000);  // 2026-11-28T00:00:00Z
    Credentials credentials(access, [&] { return now; });
    answer("one", "2026-11-28T01:00:00Z");
    CHECK(credentials.current()->bearer == "one");
    answer("two", "2026-11-28T02:00:00+00:00");
    now += std::chrono::minutes(59);
    CHECK(credentials.current()->bearer == "one");
    now += std::chrono::seconds(31);
    CHECK(credentials.current()->bearer == "two");
    std::string asked, runs;
    std::getline(std::ifstream(path + "/asked"), asked);
    CHECK(
        asked ==
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":)"
        R"({"interactive":false,"cluster":{"server":"https://k:6443","certificate-authority-data":"UEVN"}}})");
    std::ifstream counted(path + "/runs");
    CHECK(std::count(std::istreambuf_iterator<char>(counted), {}, '\n') == 2);
}

TEST_CASE("credentials: a kubeconfig that was written anew is read when the server refuses") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path() + "/config";
    write(path, config("https://k", "one"));
    Credentials credentials(read_kubeconfig(path, "c").value());
    const auto first = credentials.current();
    REQUIRE(first);
    CHECK(first->bearer == "one");
    write(path, config("https://k", "two"));
    CHECK(credentials.current()->bearer == "one");  // nobody complained
    const auto second = credentials.renew(first->generation);
    REQUIRE(second);
    CHECK(second->bearer == "two");
    CHECK(second->generation != first->generation);
    // What is broken, or leads elsewhere, changes nothing.
    write(path, "{");
    CHECK(credentials.renew(second->generation)->bearer == "two");
    write(path, config("https://other", "three"));
    CHECK(credentials.renew(second->generation)->bearer == "two");
}

TEST_CASE("credentials: a plugin is not asked again and again, whatever is refused") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path();
    const auto script = path + "/plugin";
    const auto runs = [&] {
        std::ifstream counted(path + "/runs");
        return std::count(std::istreambuf_iterator<char>(counted), {}, '\n');
    };
    Access access;
    access.exec = ExecPlugin{"client.authentication.k8s.io/v1", script, {}, {}, false, ""};
    auto now = std::chrono::system_clock::from_time_t(1'795'824'000);  // 2026-11-28T00:00:00Z
    // Its answer has expired already: clocks differ.
    write(script,
          "#!/bin/sh\necho run >>" + path + "/runs\necho '" +
              R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)" +
              R"({"token":"t","expirationTimestamp":"2026-11-27T23:00:00Z"}})" + "'\n",
          0700);
    Credentials credentials(access, [&] { return now; });
    for (int i = 0; i < 5; ++i) CHECK(credentials.current()->bearer == "t");
    for (int i = 0; i < 5; ++i) CHECK(credentials.renew(credentials.current()->generation));
    CHECK(runs() == 1);
    now += std::chrono::seconds(10);
    CHECK(credentials.current()->bearer == "t");
    CHECK(runs() == 2);
    // Nor when it fails.
    write(script, "#!/bin/sh\necho run >>" + path + "/runs\nexit 1\n", 0700);
    now += std::chrono::seconds(10);
    for (int i = 0; i < 5; ++i) CHECK(credentials.current().error().code == "plugin_failed");
    CHECK(runs() == 3);
}

TEST_CASE("credentials: a plugin inherits nothing of ours, and is stopped with us") {
    const test::TemporaryDirectory directory;
    const auto script = directory.path() + "/plugin";
    const ExecPlugin plugin{"client.authentication.k8s.io/v1", script, {}, {}, false, ""};
    const int leak = ::open("/dev/null", O_RDONLY);  // as libraries open them: without O_CLOEXEC
    REQUIRE(leak > 2);
    write(script, "#!/bin/sh\n[ -e /proc/self/fd/" + std::to_string(leak) + " ] && echo leaks >&2\nexit 1\n",
          0700);
    const auto said = run_plugin(plugin, {}, std::chrono::seconds(20));
    REQUIRE_FALSE(said);
    CHECK(said.error().message.find("it said nothing") != std::string::npos);
    ::close(leak);

    write(script, "#!/bin/sh\necho >" + directory.path() + "/begun\nexec sleep 1000\n", 0700);
    Stop stop;
    auto running =
        std::async(std::launch::async, [&] { return run_plugin(plugin, {}, std::chrono::hours(1), &stop); });
    struct stat info {};
    while (::stat((directory.path() + "/begun").c_str(), &info) != 0) std::this_thread::yield();
    stop.stop();
    CHECK(running.get().error().code == "stopped");
}

TEST_CASE("credentials: a plugin that misbehaves is an error with its own words") {
    const test::TemporaryDirectory directory;
    const auto script = directory.path() + "/plugin";
    const std::string head =
        R"({"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",)";
    struct Row {
        std::string body;
        const char* says;
    };
    const Row rows[] = {
        {"echo no login >&2; exit 1", "no login"},
        {"echo hello", "did not print JSON"},
        {"echo '{\"kind\":\"Pod\"}'", "did not print an ExecCredential"},
        {"echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\"}'",
         "expected client.authentication.k8s.io/v1beta1"},
        {"echo '" + head + "\"status\":{}}'", "neither a token nor a certificate"},
        {"echo '" + head + "\"status\":{\"clientCertificateData\":\"x\"}}'", "without its key"},
        {"echo '" + head + "\"status\":{\"token\":\"a\\\\nb\"}}'", "line breaks"},
        {"echo '" + head + "\"status\":{\"token\":\"a\",\"expirationTimestamp\":\"soon\"}}'", "RFC 3339"},
        {"exec sleep 1000", "did not end within 0 s"},
        {"exec >&- 2>&-; exec sleep 1000", "did not end within 0 s"},
        {"yes", "more than 1 MiB"},
    };
    const ExecPlugin plugin{"client.authentication.k8s.io/v1beta1", script, {}, {}, false, "install it"};
    for (const auto& row : rows) {
        CAPTURE(row.body);
        write(script, "#!/bin/sh\n" + row.body + "\n", 0700);
        const bool slow = row.body.find("sleep") != std::string::npos;
        const auto said = run_plugin(plugin, {}, std::chrono::milliseconds(slow ? 300 : 20'000));
        REQUIRE_FALSE(said);
        CHECK(said.error().code == "plugin_failed");
        CAPTURE(said.error().message);
        CHECK(said.error().message.find(row.says) != std::string::npos);
        CHECK(said.error().message.find("install it") != std::string::npos);
    }
    auto missing = plugin;
    missing.command = "/no/such/plugin";
    CHECK(run_plugin(missing, {}, std::chrono::seconds(5)).error().message.find("cannot be run") !=
          std::string::npos);
}
