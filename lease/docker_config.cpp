#include "lease/docker_config.hpp"

#include "lease/names.hpp"
#include "lease/standard_base64.hpp"
#include "lease/yaml.hpp"

namespace grid::lease {
namespace {

constexpr std::size_t kMostLogins = 16;

/// host[:port] of "https://index.docker.io/v1/" and the like; empty when it is none.
std::string registry_host(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"})
        if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
    text = text.substr(0, text.find('/'));
    std::string host(text);
    for (char& c : host)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (host == "index.docker.io" || host == "registry-1.docker.io") return "docker.io";
    const auto colon = host.find(':');
    const bool port =
        colon == std::string::npos || (host.size() > colon + 1 && host.size() <= colon + 6 &&
                                       host.find_first_not_of("0123456789", colon + 1) == std::string::npos);
    return port && dns_subdomain(std::string_view(host).substr(0, colon)) ? host : "";
}

Result<RegistryLogin> read_login(std::string_view registry, const YamlNode& entry) {
    RegistryLogin login{registry_host(registry), {}, {}};
    const auto bad = [](std::string what) { return fail("bad_manifest", std::move(what)); };
    if (login.registry.empty()) return bad("expected the name of a registry in auths");
    if (entry.kind != YamlNode::Kind::mapping) return bad("expected an object for " + login.registry);
    const auto text = [&](std::string_view name) {
        const YamlNode* const node = entry.find(name);
        return node != nullptr && node->kind == YamlNode::Kind::scalar ? node->text : std::string();
    };
    login.user = text("username");
    login.password = text("password");
    if (const std::string auth = text("auth"); !auth.empty() && login.user.empty()) {
        const auto pair = decode_standard_base64(auth);
        const auto colon = pair ? pair->find(':') : std::string::npos;
        if (colon == std::string::npos)
            return bad("expected base64 of user:password as auth of " + login.registry);
        login.user = pair->substr(0, colon);
        login.password = pair->substr(colon + 1);
    }
    if (login.user.empty() || login.password.empty())
        return bad("expected a user and a password for " + login.registry);
    return login;
}

}  // namespace

Result<std::vector<RegistryLogin>> read_docker_config(std::string_view json) {
    // JSON is YAML but for its tabs, which no string of it holds as such.
    std::string text(json);
    for (char& c : text)
        if (c == '\t' || c == '\n' || c == '\r') c = ' ';
    YamlLimits limits;
    limits.bytes = 64 * 1024;
    limits.depth = 8;
    limits.nodes = 1000;
    const auto documents = parse_yaml(text, limits);
    const auto bad = fail("bad_manifest", R"(expected JSON like {"auths": {"ghcr.io": {"auth": "..."}}})");
    if (!documents || documents->size() != 1 || documents->front().kind != YamlNode::Kind::mapping)
        return bad;
    const YamlNode* const auths = documents->front().find("auths");
    if (auths == nullptr || auths->kind != YamlNode::Kind::mapping || auths->keys.empty() ||
        auths->keys.size() > kMostLogins)
        return bad;
    std::vector<RegistryLogin> logins;
    for (std::size_t i = 0; i < auths->keys.size(); ++i) {
        auto login = read_login(auths->keys[i], auths->items[i]);
        if (!login) return tl::unexpected(login.error());
        logins.push_back(std::move(*login));
    }
    return logins;
}

}  // namespace grid::lease
