#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "adapters/kubernetes/credentials.hpp"
#include "adapters/kubernetes/kubeconfig.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters::kubernetes;

namespace {

// "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" and the same as a key: shapes, not real
// ones.
constexpr char kCertificate[] =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
constexpr char kKey[] = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkFBPT0KLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo=";

std::string config(const std::string& cluster, const std::string& user,
                   const std::string& more = "current-context: c\n") {
    return "apiVersion: v1\nkind: Config\nclusters:\n- {name: k, cluster: {" + cluster +
           "}}\nusers:\n- {name: u, user: {" + user +
           "}}\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\n" + more;
}

std::string refusal(const std::string& text, const std::string& context = "") {
    const auto access = parse_kubeconfig(text, "/dir", context);
    if (access) return "accepted";
    CHECK(access.error().code == "bad_kubeconfig");
    return access.error().message;
}

void write(const std::string& path, const std::string& text, unsigned mode = 0600) {
    std::ofstream(path, std::ios::trunc) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("kubeconfig: servers are read in every form") {
    struct Row {
        const char* server;
        const char* host;
        unsigned port;
        const char* path;
        bool tls;
    };
    const Row rows[] = {
        {"https://k.example.org", "k.example.org", 443, "", true},
        {"https://k.example.org:6443/", "k.example.org", 6443, "", true},
        {"https://10.1.2.3:8443/k8s/clusters/c-1", "10.1.2.3", 8443, "/k8s/clusters/c-1", true},
        {"https://[fd00::1]:6443", "fd00::1", 6443, "", true},
        {"http://127.0.0.1:8001", "127.0.0.1", 8001, "", false},
        {"http://localhost:8001", "localhost", 8001, "", false},
    };
    for (const auto& row : rows) {
        CAPTURE(row.server);
        const auto access =
            parse_kubeconfig(config("server: '" + std::string(row.server) + "'", "token: t"), "/dir", "");
        REQUIRE(access);
        CHECK(access->host == row.host);
        CHECK(access->port == row.port);
        CHECK(access->path == row.path);
        CHECK(access->tls == row.tls);
        CHECK(access->server_name == row.host);
        CHECK(access->token == "t");
    }
}

TEST_CASE("kubeconfig: certificates and tokens come inline and as files beside it") {
    const auto inline_form = parse_kubeconfig(
        config("server: 'https://k', tls-server-name: other, certificate-authority-data: " +
                   std::string(kCertificate),
               "client-certificate-data: " + std::string(kCertificate) + ", client-key-data: " + kKey),
        "/dir", "");
    REQUIRE(inline_form);
    CHECK(inline_form->authorities.text.starts_with("-----BEGIN CERTIFICATE-----"));
    CHECK(inline_form->certificate.text == inline_form->authorities.text);
    CHECK(inline_form->key.text.starts_with("-----BEGIN PRIVATE KEY-----"));
    CHECK(inline_form->server_name == "other");
    const auto files =
        parse_kubeconfig(config("server: 'https://k', certificate-authority: ca.pem",
                                "client-certificate: /abs/c.pem, client-key: sub/k.pem, tokenFile: token"),
                         "/dir", "");
    REQUIRE(files);
    CHECK(files->authorities.file == "/dir/ca.pem");
    CHECK(files->certificate.file == "/abs/c.pem");
    CHECK(files->key.file == "/dir/sub/k.pem");
    CHECK(files->token_file == "/dir/token");
    // What is inline goes before a file.
    const auto both = parse_kubeconfig(config("server: 'https://k', certificate-authority: ca.pem, "
                                              "certificate-authority-data: " +
                                                  std::string(kCertificate),
                                              ""),
                                       "/dir", "");
    REQUIRE(both);
    CHECK(both->authorities.file.empty());
}

TEST_CASE("kubeconfig: a context is chosen by name, JSON is read too") {
    const std::string two =
        R"({"kind":"Config","current-context":"one","clusters":[{"name":"a","cluster":{"server":"https://a"}},)"
        R"({"name":"b","cluster":{"server":"https://b"}}],"users":[{"name":"u","user":{"token":"t"}}],)"
        R"("contexts":[{"name":"one","context":{"cluster":"a","user":"u"}},)"
        R"({"name":"two","context":{"cluster":"b","user":"u","namespace":"n"}}]})";
    CHECK(parse_kubeconfig(two, "/", "")->host == "a");
    CHECK(parse_kubeconfig(two, "/", "two")->host == "b");
    CHECK(parse_kubeconfig(two, "/", "two")->name_space == "n");
    CHECK(refusal(two, "three").find("there is no context named \"three\"") != std::string::npos);
}

TEST_CASE("kubeconfig: what is wrong or dangerous is refused with its field") {
    const std::string good = "server: 'https://k'";
    std::string deep = "a: ";
    for (int i = 0; i < 200; ++i) deep += "[";
    struct Row {
        const char* what;
        std::string text;
        const char* says;
    };
    const Row rows[] = {
        {"empty", "", "expected one mapping"},
        {"a list", "- a\n", "expected one mapping"},
        {"two documents", config(good, "") + "---\na: b\n", "expected one mapping"},
        {"another kind", "kind: Pod\n", "kind: expected Config"},
        {"no context", config(good, "", ""), "current-context: missing"},
        {"no such context", config(good, "", "current-context: x\n"), "no context named \"x\""},
        {"no such cluster", "current-context: c\ncontexts: [{name: c, context: {cluster: x, user: u}}]\n",
         "no cluster named \"x\""},
        {"no such user",
         "current-context: c\nclusters: [{name: k, cluster: {server: 'https://k'}}]\n"
         "contexts: [{name: c, context: {cluster: k, user: x}}]\n",
         "no user named \"x\""},
        {"no server", config("", ""), "cluster.server: missing"},
        {"a server that is no URL", config("server: 'k:6443'", ""), "cluster.server: expected https://"},
        {"another scheme", config("server: 'ftp://k'", ""), "cluster.server: expected https://"},
        {"a password in the URL", config("server: 'https://a:b@k'", ""), "cluster.server: expected https://"},
        {"a query in the URL", config("server: 'https://k?a'", ""), "cluster.server: expected https://"},
        {"plain http", config("server: 'http://k'", ""), "cluster.server: plain http"},
        {"no verification", config(good + ", insecure-skip-tls-verify: true", ""),
         "cluster.insecure-skip-tls-verify"},
        {"verification of another type", config(good + ", insecure-skip-tls-verify: 1", ""),
         "expected true or false"},
        {"a proxy", config(good + ", proxy-url: 'http://p'", ""), "cluster.proxy-url"},
        {"no base64", config(good + ", certificate-authority-data: '*'", ""),
         "cluster.certificate-authority-data: expected base64"},
        {"no PEM", config(good + ", certificate-authority-data: YWJj", ""),
         "cluster.certificate-authority-data: expected PEM"},
        {"a mapping as server", config("server: {a: b}", ""), "cluster.server: expected a string"},
        {"a certificate without key", config(good, "client-certificate: c"), "belong together"},
        {"a key without certificate", config(good, "client-key: c"), "belong together"},
        {"a password", config(good, "username: a, password: b"), "user.username: not supported"},
        {"an auth provider", config(good, "auth-provider: {name: gcp}"), "user.auth-provider"},
        {"impersonation", config(good, "token: t, as: admin"), "user.as: not supported"},
        {"a token with a head", config(good, "token: \"t\\r\\nX-Evil: 1\""), "user.token"},
        {"exec without command", config(good, "exec: {apiVersion: client.authentication.k8s.io/v1}"),
         "user.exec.command: missing"},
        {"exec of an old version",
         config(good, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: c}"),
         "user.exec.apiVersion"},
        {"exec that asks people",
         config(good,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Always}"),
         "user.exec.interactiveMode"},
        {"exec with odd variables",
         config(good,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, env: [{name: 'A=B', value: "
                "c}]}"),
         "user.exec.env"},
        {"a user that is a list",
         "current-context: c\nclusters: [{name: k, cluster: {server: 'https://k'}}]\n"
         "users: [{name: u, user: [a]}]\n"
         "contexts: [{name: c, context: {cluster: k, user: u}}]\n",
         "user.expected a mapping"},
        {"a bomb of depth", deep, "line 1"},
        {"a bomb of aliases",
         "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n",
         "line "},
        {"a key twice", "kind: Config\nkind: Config\n", "line 2"},
        {"tabs", "kind:\tConfig\n\tx: y\n", "line"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        const auto said = refusal(row.text);
        CAPTURE(said);
        CHECK(said.find(row.says) != std::string::npos);
    }
}

TEST_CASE("kubeconfig: files must be there, ours and of a sane size") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path() + "/config";
    CHECK(read_kubeconfig(path, "").error().message.find("there is no such file") != std::string::npos);
    write(path, config("server: 'https://k'", "token: t"));
    CHECK(read_kubeconfig(path, "")->token == "t");
    CHECK(read_kubeconfig(path, "")->source == path);
    write(path, config("server: 'https://k'", "token: t"), 0622);
    CHECK(read_kubeconfig(path, "").error().message.find("chmod 600") != std::string::npos);
    write(path, std::string((1u << 20) + 1, '#'));
    CHECK(read_kubeconfig(path, "").error().message.find("larger than 1 MiB") != std::string::npos);
    write(path, config("server: 'https://k', certificate-authority: ca.pem", "token: t"));
    CHECK(read_kubeconfig(path, "").error().message.find("ca.pem: there is no such file") !=
          std::string::npos);
    write(directory.path() + "/ca.pem", "no certificate");
    CHECK(read_kubeconfig(path, "").error().message.find("ca.pem: expected PEM") != std::string::npos);
}

TEST_CASE("kubeconfig: inside of a cluster the service account is used") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path();
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    CHECK(in_cluster_access(path).error().message.find("no pod of a cluster") != std::string::npos);
    ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    CHECK_FALSE(in_cluster_access(path));
    write(path + "/ca.crt", "-----BEGIN CERTIFICATE-----\n");
    write(path + "/token", "secret\n");
    write(path + "/namespace", "grid-system");
    const auto access = in_cluster_access(path);
    REQUIRE(access);
    CHECK(access->url() == "https://10.96.0.1:443");
    CHECK(access->name_space == "grid-system");
    CHECK(access->token_file == path + "/token");
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
}

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
    CHECK(asked == R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":)"
                   R"({"interactive":false,"cluster":{"server":"https://k:6443"}}})");
    std::ifstream counted(path + "/runs");
    CHECK(std::count(std::istreambuf_iterator<char>(counted), {}, '\n') == 2);
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
