#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

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
        {"a name like loopback", config("server: 'http://127.example.org'", ""),
         "cluster.server: plain http"},
        {"a name like an address", config("server: 'http://127.0.0.1.example.org'", ""),
         "no name that begins as an address"},
        {"an address of the future", config("server: 'https://[v1.a:b]'", ""),
         "cluster.server: expected the name"},
        {"no port behind the colon", config("server: 'https://k:'", ""), "cluster.server: expected a port"},
        {"port 0", config("server: 'https://k:0'", ""), "cluster.server: expected a port"},
        {"port 65536", config("server: 'https://k:65536'", ""), "cluster.server: expected a port"},
        {"a host with a head", config("server: 'https://k%0d%0aX-Evil%3a1'", ""),
         "cluster.server: expected the name"},
        {"an odd server name", config(good + ", tls-server-name: 'a b'", ""), "cluster.tls-server-name"},
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
        {"exec with arguments that are no list",
         config(good, "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, args: {a: b}}"),
         "user.exec.args: expected a list"},
        {"exec with variables that are no list",
         config(good, "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, env: {a: b}}"),
         "user.exec.env: expected a list"},
        {"exec with a variable that is no text",
         config(
             good,
             "exec: {apiVersion: client.authentication.k8s.io/v1, command: c, env: [{name: A, value: [b]}]}"),
         "user.exec.env: expected {name, value}"},
        {"a token with blanks", config(good, "token: 'a b'"), "user.token"},
        {"a name of many lines", config(good, "", "current-context: \"a\\nb\"\n"), "named \"a?b\""},
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
