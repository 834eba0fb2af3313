#include "adapters/kubernetes/kubeconfig.hpp"

#include <algorithm>

#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::adapters::kubernetes;

bool visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool without_zero(const std::string& text) {
    return text.find('\0') == std::string::npos;
}

void check(const Pem& pem) {
    require(pem.text.empty() || pem.file.empty(), "a certificate is inline or in a file");
    require(pem.text.empty() || pem.text.find("-----BEGIN ") != std::string::npos, "what is inline is PEM");
    require(pem.file.empty() || pem.file[0] == '/', "files are named in full", pem.file);
    require(without_zero(pem.file), "names of files have no zero bytes");
}

void check(const ExecPlugin& plugin) {
    require(plugin.api_version == "client.authentication.k8s.io/v1" ||
                plugin.api_version == "client.authentication.k8s.io/v1beta1",
            "plugins speak a version that is known", plugin.api_version);
    require(!plugin.command.empty() && without_zero(plugin.command), "a plugin has a command");
    require(plugin.command[0] == '/' || plugin.command.find('/') == std::string::npos,
            "no command depends on the working directory", plugin.command);
    for (const auto& argument : plugin.arguments) require(without_zero(argument), "arguments are whole");
    for (const auto& [name, value] : plugin.environment)
        require(!name.empty() && name.find('=') == std::string::npos && without_zero(name + value),
                "variables have names", name);
}

void check(const Access& access) {
    require(!access.host.empty() && visible(access.host) && access.port != 0, "a server has a place");
    require(access.tls || access.host == "localhost" || access.host == "::1" ||
                access.host.find_first_not_of("0123456789.") == std::string::npos,
            "nothing goes to another machine in the clear", access.host);
    require(!access.server_name.empty() && visible(access.server_name), "a server has a name");
    require(
        access.path.empty() || (access.path[0] == '/' && visible(access.path) && !access.path.ends_with('/')),
        "a path can be put before a target", access.path);
    require(access.token.empty() || is_token(access.token), "a token fits a header");
    require(access.token_file.empty() || access.token_file[0] == '/', "files are named in full");
    require(access.certificate.empty() == access.key.empty(), "a certificate has a key");
    for (const auto* pem : {&access.authorities, &access.certificate, &access.key}) check(*pem);
    if (access.exec) check(*access.exec);
    require(visible(access.url()), "the server can be told");
}

}  // namespace

void kubeconfig(chain::ByteView input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const auto access = parse_kubeconfig(text, "/dir", "");
    if (access) {
        check(*access);
        const auto again = parse_kubeconfig(text, "/dir", "");
        require(again && *again == *access, "the same text is the same access");
        return;
    }
    const Error& error = access.error();
    require(error.code == "bad_kubeconfig", "a kubeconfig is refused with its code", error.code);
    require(!error.message.empty() && error.message.size() < 1024, "a refusal is said in a few words");
    require(std::none_of(error.message.begin(), error.message.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
            "a refusal is one line");
}

}  // namespace grid::fuzz
