#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/result.hpp"

namespace grid::adapters::kubernetes {

/// Certificates or a key in PEM: inline, or in a file that is read again whenever credentials are renewed.
struct Pem {
    std::string text;
    std::string file;
    bool empty() const { return text.empty() && file.empty(); }
    friend bool operator==(const Pem&, const Pem&) = default;
};

/// A program that prints credentials (kubernetes.io, "client-go credential plugins").
struct ExecPlugin {
    std::string api_version;  ///< client.authentication.k8s.io/v1 or .../v1beta1
    std::string command;      ///< absolute, or to be found in PATH
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
    bool provide_cluster_info = false;
    std::string install_hint;
    friend bool operator==(const ExecPlugin&, const ExecPlugin&) = default;
};

/// The `source` of an access without a file.
inline constexpr char kInCluster[] = "in cluster";

/// How one API server is reached, and as whom.
struct Access {
    bool tls = true;  ///< false only for a proxy on this machine
    std::string host;
    std::uint16_t port = 443;
    std::string path;         ///< before every target; no slash at the end
    std::string server_name;  ///< that the certificate must be valid for
    Pem authorities;          ///< nobody else is trusted; empty: the system's
    Pem certificate, key;     ///< of the client
    std::string token;
    std::string token_file;  ///< goes before `token`
    std::optional<ExecPlugin> exec;
    std::string name_space;  ///< of the context, or of the pod that this is
    std::string source;      ///< the kubeconfig file, or kInCluster; empty: made by hand
    std::string context;     ///< that was asked for; empty: the file's current one

    /// "https://HOST:PORT/PATH"
    std::string url() const;
    friend bool operator==(const Access&, const Access&) = default;
};

/// Reads a kubeconfig file; `context` empty: its current one. Code `bad_kubeconfig` names file and field: not
/// readable, larger than 1 MiB, writable by others than its owner, not YAML or JSON (within the bounds of
/// lease/yaml.hpp), a context, cluster or user that is not there, a missing or malformed value, and what this
/// client does not do: no verification of TLS, plain HTTP to another machine, passwords, auth providers,
/// proxies, impersonation.
Result<Access> read_kubeconfig(const std::string& path, const std::string& context);

/// The same from a text; relative files are in `directory`.
Result<Access> parse_kubeconfig(std::string_view text, const std::string& directory,
                                const std::string& context);

/// As a pod: the service account's token and authority in `directory`, the server from the environment
/// (KUBERNETES_SERVICE_HOST and _PORT). Code `bad_kubeconfig`.
Result<Access> in_cluster_access(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

/// Visible ASCII alone: nothing that could end a header.
bool is_token(std::string_view text) noexcept;

/// The token that a file holds. Code `bad_kubeconfig`.
Result<std::string> load_token(const std::string& path);

/// The PEM text itself, read from its file when it has one. Code `bad_kubeconfig`.
Result<std::string> load_pem(const Pem& pem);

}  // namespace grid::adapters::kubernetes
