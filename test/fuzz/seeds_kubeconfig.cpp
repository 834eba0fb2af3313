// Seeds of kubeconfigs: as the usual tools write them, and with one thing wrong each.

#include "fuzz/seeds.hpp"

namespace grid::fuzz {

namespace {

// "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" and the same as a key: shapes, not real
// ones.
const std::string kCertificate =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
const std::string kKey = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkFBPT0KLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo=";

std::string config(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: c\nclusters:\n- name: k\n"
           "  cluster:\n" +
           cluster + "users:\n- name: u\n  user:\n" + user +
           "contexts:\n- name: c\n  context:\n    cluster: k\n    user: u\n    namespace: default\n";
}

}  // namespace

Seeds kubeconfig_seeds() {
    const std::string server = "    server: https://127.0.0.1:6443\n";
    const std::string authority = "    certificate-authority-data: " + kCertificate + "\n" + server;
    const std::string token = "    token: abc.def-ghi_jkl\n";
    const std::string exec = "    exec:\n      apiVersion: client.authentication.k8s.io/";
    const std::pair<const char*, std::string> texts[] = {
        {"kubeadm", config(authority, "    client-certificate-data: " + kCertificate +
                                          "\n    client-key-data: " + kKey + "\n")},
        {"minikube", config("    certificate-authority: ca.crt\n    extensions:\n    - extension: {version: "
                            "v1.34.0}\n      name: cluster_info\n    server: https://192.168.49.2:8443\n",
                            "    client-certificate: client.crt\n    client-key: client.key\n")},
        {"token", config(authority, token)},
        {"token-file", config(authority, "    tokenFile: token\n")},
        {"eks",
         config(authority, exec + "v1beta1\n      command: aws\n      args: [--region, eu-west-1, eks, "
                                  "get-token, --cluster-name, c]\n      env:\n      - {name: "
                                  "AWS_PROFILE, value: p}\n      interactiveMode: IfAvailable\n")},
        {"gke", config(authority, exec + "v1\n      command: ./gke-gcloud-auth-plugin\n      installHint: "
                                         "Install it\n      provideClusterInfo: true\n")},
        {"json", R"({"kind":"Config","current-context":"c","clusters":[{"name":"k","cluster":{"server":)"
                 R"("https://[fd00::1]:6443/p/"}}],"users":[{"name":"u","user":{"token":"t"}}],)"
                 R"("contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]})"},
        {"proxy-on-this-machine", config("    server: http://localhost:8001\n", "    {}\n")},
        {"rancher",
         config("    server: https://r.example.org/k8s/clusters/c-1\n    tls-server-name: n\n", token)},
        {"bad-nothing", ""},
        {"bad-kind", "kind: Pod\n"},
        {"bad-context", "current-context: x\n"},
        {"bad-plain-http", config("    server: http://k.example.org\n", token)},
        {"bad-loopback-by-name", config("    server: http://127.example.org\n", token)},
        {"bad-port", config("    server: https://k:99999\n", token)},
        {"bad-host", config("    server: https://k%0d%0aX-Evil%3a1\n", token)},
        {"bad-verification", config(server + "    insecure-skip-tls-verify: true\n", token)},
        {"bad-proxy", config(server + "    proxy-url: socks5://p\n", token)},
        {"bad-base64", config(server + "    certificate-authority-data: '*'\n", token)},
        {"bad-half-a-certificate", config(authority, "    client-certificate: c\n")},
        {"bad-password", config(authority, "    username: a\n    password: b\n")},
        {"bad-token", config(authority, "    token: \"t\\r\\nX-Evil: 1\"\n")},
        {"bad-exec-version", config(authority, exec + "v1alpha1\n      command: c\n")},
        {"bad-exec-env",
         config(authority, exec + "v1\n      command: c\n      env: [{name: A=B, value: c}]\n")},
        {"bad-exec-args", config(authority, exec + "v1\n      command: c\n      args: {a: b}\n")},
        {"bad-impersonation", config(authority, token + "    as: admin\n")},
        {"bad-aliases", "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n"},
        {"bad-documents", "kind: Config\n---\nkind: Config\n"},
    };
    Seeds seeds;
    for (const auto& [name, text] : texts) seeds[name] = {text.begin(), text.end()};
    return seeds;
}

}  // namespace grid::fuzz
