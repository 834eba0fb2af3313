#include "adapters/kubernetes/kubeconfig.hpp"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lease/standard_base64.hpp"
#include "lease/yaml.hpp"

namespace grid::adapters::kubernetes {

namespace fs = std::filesystem;
using lease::YamlNode;

namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

tl::unexpected<Error> bad(std::string why) {
    return fail("bad_kubeconfig", std::move(why));
}

/// What a file says, for a message: on one line and not too long.
std::string shown(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, 80)) out += c < 0x20 || c > 0x7e ? '?' : c;
    return out + (text.size() > 80 ? "...\"" : "\"");
}

bool is_host(const std::string& text) {
    in6_addr address{};
    if (text.find(':') != std::string::npos) return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
               c == '-' || c == '_';
    });
}

/// "127.example.org" is not.
bool is_loopback(const std::string& host) {
    in_addr address{};
    if (::inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
    return host == "localhost" || host == "::1";
}

Result<std::string> read_file(const std::string& path) {
    std::error_code problem;
    if (!fs::is_regular_file(path, problem)) return bad(path + ": there is no such file");
    std::ifstream in(path, std::ios::binary);
    std::string text(kMaxFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || !in.eof()) return bad(path + ": it cannot be read, or is larger than 1 MiB");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

bool is_pem(std::string_view text) {
    return text.find("-----BEGIN ") != std::string_view::npos;
}

/// Reads the fields of one mapping; the first mistake is kept.
class Fields {
public:
    Fields(const YamlNode* node, std::string name, std::string directory)
        : node_(node), name_(std::move(name)), directory_(std::move(directory)) {
        if (node_ != nullptr && node_->kind != YamlNode::Kind::mapping) mistake("expected a mapping");
        if (mistake_) node_ = nullptr;
    }

    const YamlNode* node(std::string_view key) const { return node_ == nullptr ? nullptr : node_->find(key); }

    std::string text(std::string_view key) {
        const auto* value = node(key);
        if (value == nullptr) return {};
        if (value->kind == YamlNode::Kind::scalar && value->text.find('\0') == std::string::npos)
            return value->text;
        mistake(std::string(key) + ": expected a string");
        return {};
    }
    bool flag(std::string_view key) {
        const auto value = text(key);
        if (value == "true") return true;
        if (!value.empty() && value != "false") mistake(std::string(key) + ": expected true or false");
        return false;
    }
    std::string file(std::string_view key) {
        const auto value = text(key);
        return value.empty() || value[0] == '/' ? value : directory_ + "/" + value;
    }
    /// `key`-data inline, which goes before `key` as a file.
    Pem pem(const std::string& key) {
        const auto inline_text = text(key + "-data");
        if (inline_text.empty()) return {{}, file(key)};
        auto decoded = lease::decode_standard_base64(inline_text);
        if (!decoded) mistake(key + "-data: expected base64");
        if (decoded && !is_pem(*decoded)) mistake(key + "-data: expected PEM in base64");
        return {decoded.value_or(std::string()), {}};
    }
    void mistake(const std::string& why) {
        if (!mistake_) mistake_ = Error{"bad_kubeconfig", name_ + "." + why};
    }
    const std::optional<Error>& problem() const { return mistake_; }
    const std::string& name() const { return name_; }

private:
    const YamlNode* node_;
    std::string name_;
    std::string directory_;
    std::optional<Error> mistake_;
};

/// The entry of that name in a list of {name, <kind>: {...}}.
Result<const YamlNode*> entry(const YamlNode& root, const std::string& list, const std::string& kind,
                              const std::string& name) {
    const auto* entries = root.find(list);
    if (entries != nullptr && entries->kind == YamlNode::Kind::sequence)
        for (const auto& one : entries->items) {
            if (one.kind != YamlNode::Kind::mapping) continue;
            const auto* called = one.find("name");
            if (called == nullptr || called->text != name) continue;
            if (const auto* found = one.find(kind)) return found;
            return bad(list + ": " + shown(name) + " has no " + kind);
        }
    return bad(list + ": there is no " + kind + " named " + shown(name));
}

Result<void> read_server(Access& access, const std::string& server) {
    const auto url = boost::urls::parse_uri(server);
    if (!url || url->host().empty() || url->has_userinfo() || url->has_query() || url->has_fragment() ||
        (url->scheme() != "https" && url->scheme() != "http"))
        return bad("cluster.server: expected https://HOST[:PORT][/PATH]");
    access.tls = url->scheme() == "https";
    access.host = url->host_name().empty() ? std::string(url->host_address()) : std::string(url->host_name());
    access.port = url->has_port() ? url->port_number() : static_cast<std::uint16_t>(access.tls ? 443 : 80);
    if (access.port == 0) return bad("cluster.server: expected a port between 1 and 65535");
    if (!is_host(access.host)) return bad("cluster.server: expected the name or address of a host");
    access.path = std::string(url->encoded_path());
    // Boost.URL 1.81 takes "127.0.0.1.example.org" for the address that it begins with, and a path.
    if (!access.path.empty() && access.path[0] != '/')
        return bad(
            "cluster.server: expected https://HOST[:PORT][/PATH], and no name that begins as an address");
    while (access.path.ends_with('/')) access.path.pop_back();
    access.server_name = access.host;
    if (!access.tls && !is_loopback(access.host))
        return bad("cluster.server: plain http is for a proxy on this machine only; expected https");
    return {};
}

Result<void> read_cluster(Access& access, Fields cluster) {
    const auto server = cluster.text("server");
    if (cluster.problem()) return tl::unexpected(*cluster.problem());
    if (server.empty()) return bad("cluster.server: missing");
    if (auto ok = read_server(access, server); !ok) return ok;
    if (cluster.flag("insecure-skip-tls-verify"))
        return bad(
            "cluster.insecure-skip-tls-verify: whoever is in between could read the credentials; give "
            "certificate-authority-data instead");
    if (!cluster.text("proxy-url").empty()) return bad("cluster.proxy-url: proxies are not supported");
    access.authorities = cluster.pem("certificate-authority");
    if (auto name = cluster.text("tls-server-name"); !name.empty()) access.server_name = std::move(name);
    if (!is_host(access.server_name)) return bad("cluster.tls-server-name: expected the name of a host");
    if (cluster.problem()) return tl::unexpected(*cluster.problem());
    return {};
}

Result<ExecPlugin> read_exec(Fields exec, const std::string& directory) {
    ExecPlugin plugin;
    plugin.api_version = exec.text("apiVersion");
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1")
        return bad("user.exec.apiVersion: expected client.authentication.k8s.io/v1 or .../v1beta1");
    plugin.command = exec.text("command");
    if (plugin.command.empty()) return bad("user.exec.command: missing");
    // A name is looked up in PATH, a relative path starts where the file is (as kubectl does it).
    if (plugin.command.find('/') != std::string::npos && plugin.command[0] != '/')
        plugin.command = directory + "/" + plugin.command;
    if (const auto* arguments = exec.node("args")) {
        if (arguments->kind != YamlNode::Kind::sequence) return bad("user.exec.args: expected a list");
        for (const auto& argument : arguments->items) {
            if (argument.kind != YamlNode::Kind::scalar || argument.text.find('\0') != std::string::npos)
                return bad("user.exec.args: expected strings");
            plugin.arguments.push_back(argument.text);
        }
    }
    if (const auto* environment = exec.node("env")) {
        if (environment->kind != YamlNode::Kind::sequence) return bad("user.exec.env: expected a list");
        for (const auto& variable : environment->items) {
            Fields pair(&variable, "user.exec.env", directory);
            auto name = pair.text("name");
            auto value = pair.text("value");
            if (pair.problem() || name.empty() || name.find('=') != std::string::npos)
                return bad("user.exec.env: expected {name, value}");
            plugin.environment.emplace_back(std::move(name), std::move(value));
        }
    }
    plugin.provide_cluster_info = exec.flag("provideClusterInfo");
    plugin.install_hint = exec.text("installHint");
    if (exec.text("interactiveMode") == "Always")
        return bad("user.exec.interactiveMode: nobody is there to answer; expected Never or IfAvailable");
    if (exec.problem()) return tl::unexpected(*exec.problem());
    return plugin;
}

Result<void> read_user(Access& access, Fields user, const std::string& directory) {
    for (const char* refused : {"username", "password", "auth-provider", "as", "as-groups", "as-uid"})
        if (user.node(refused) != nullptr)
            return bad(std::string("user.") + refused +
                       ": not supported; give a token, a client certificate or an exec plugin");
    access.certificate = user.pem("client-certificate");
    access.key = user.pem("client-key");
    access.token = user.text("token");
    access.token_file = user.file("tokenFile");
    if (access.certificate.empty() != access.key.empty())
        return bad("user: client-certificate and client-key belong together");
    if (!access.token.empty() && !is_token(access.token))
        return bad("user.token: a token has no blanks, no line breaks and no other odd characters");
    if (const auto* exec = user.node("exec")) {
        auto plugin = read_exec(Fields(exec, "user.exec", directory), directory);
        if (!plugin) return tl::unexpected(plugin.error());
        access.exec = std::move(*plugin);
    }
    if (user.problem()) return tl::unexpected(*user.problem());
    return {};
}

}  // namespace

std::string Access::url() const {
    const auto plain = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return (tls ? "https://" : "http://") + plain + ":" + std::to_string(port) + path;
}

Result<Access> parse_kubeconfig(std::string_view text, const std::string& directory,
                                const std::string& context) {
    const auto documents = lease::parse_yaml(text);
    if (!documents) return bad(documents.error().message);
    if (documents->size() != 1 || (*documents)[0].kind != YamlNode::Kind::mapping)
        return bad("expected one mapping");
    const auto& root = (*documents)[0];
    Fields top(&root, "kubeconfig", directory);
    if (const auto kind = top.text("kind"); !kind.empty() && kind != "Config")
        return bad("kind: expected Config, got " + shown(kind));
    const auto wanted = context.empty() ? top.text("current-context") : context;
    if (wanted.empty()) return bad("current-context: missing; name a context");
    const auto chosen = entry(root, "contexts", "context", wanted);
    if (!chosen) return tl::unexpected(chosen.error());
    Fields pair(*chosen, "context", directory);
    Access access;
    access.name_space = pair.text("namespace");
    const auto cluster = entry(root, "clusters", "cluster", pair.text("cluster"));
    if (!cluster) return tl::unexpected(cluster.error());
    if (auto ok = read_cluster(access, Fields(*cluster, "cluster", directory)); !ok)
        return tl::unexpected(ok.error());
    if (const auto user = pair.text("user"); !user.empty()) {
        const auto who = entry(root, "users", "user", user);
        if (!who) return tl::unexpected(who.error());
        if (auto ok = read_user(access, Fields(*who, "user", directory), directory); !ok)
            return tl::unexpected(ok.error());
    }
    if (top.problem()) return tl::unexpected(*top.problem());
    if (pair.problem()) return tl::unexpected(*pair.problem());
    return access;
}

Result<Access> read_kubeconfig(const std::string& path, const std::string& context) {
    struct stat info {};
    // It may name a program that is run with our rights.
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 0022) != 0)
        return bad(path + ": others than its owner may write it; chmod 600 it");
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    const auto directory = fs::absolute(path).parent_path().string();
    auto access = parse_kubeconfig(*text, directory, context);
    if (!access) return bad(path + ": " + access.error().message);
    access->source = path;
    access->context = context;
    for (const auto* pem : {&access->authorities, &access->certificate, &access->key})
        if (const auto loaded = load_pem(*pem); !loaded) return bad(path + ": " + loaded.error().message);
    return access;
}

Result<Access> in_cluster_access(const std::string& directory) {
    const char* host = std::getenv("KUBERNETES_SERVICE_HOST");  // NOLINT(concurrency-mt-unsafe)
    const char* port = std::getenv("KUBERNETES_SERVICE_PORT");  // NOLINT(concurrency-mt-unsafe)
    if (host == nullptr || *host == '\0' || port == nullptr)
        return bad("this is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set; give a kubeconfig");
    Access access;
    access.source = kInCluster;
    access.host = access.server_name = host;
    const auto number = std::strtoul(port, nullptr, 10);
    if (number < 1 || number > 65535) return bad("KUBERNETES_SERVICE_PORT: expected a port");
    access.port = static_cast<std::uint16_t>(number);
    access.token_file = directory + "/token";
    access.authorities.file = directory + "/ca.crt";
    if (const auto pem = load_pem(access.authorities); !pem) return tl::unexpected(pem.error());
    if (const auto token = load_token(access.token_file); !token) return tl::unexpected(token.error());
    access.name_space = read_file(directory + "/namespace").value_or("default");
    return access;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 * 1024 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<std::string> load_token(const std::string& path) {
    auto text = read_file(path);
    if (!text) return text;
    while (!text->empty() && std::string_view(" \r\n").find(text->back()) != std::string_view::npos)
        text->pop_back();
    if (!is_token(*text)) return bad(path + ": there is no token in it");
    return text;
}

Result<std::string> load_pem(const Pem& pem) {
    if (pem.file.empty()) return pem.text;
    auto text = read_file(pem.file);
    if (!text) return text;
    if (!is_pem(*text)) return bad(pem.file + ": expected PEM");
    return text;
}

}  // namespace grid::adapters::kubernetes
