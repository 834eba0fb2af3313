#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The containers of the typed workload model, see lease/workload.hpp.
namespace grid::lease {

/// One variable of a container's environment.
struct EnvironmentVariable {
    /// Where the value comes from.
    enum class Source : std::uint8_t {
        text,           ///< `value`
        pod_name,       ///< these only the driver knows: fieldRef metadata.name,
        pod_namespace,  ///< metadata.namespace,
        pod_address,    ///< status.podIP
    };
    std::string name{};
    std::string value{};  ///< literal, unless the container has `late_expansion`
    Source source = Source::text;
    bool secret = false;  ///< came out of a Secret: a driver that has a safer place keeps it there
    friend bool operator==(const EnvironmentVariable&, const EnvironmentVariable&) = default;
};

/// Files of ConfigMaps and Secrets, shown read-only in a directory.
struct FileMount {
    std::string directory{};                     ///< absolute path in the container
    std::map<std::string, std::string> files{};  ///< relative path without ".." -> content
    std::uint32_t mode = 0444;
    std::map<std::string, std::uint32_t> modes{};  ///< of files whose mode is another
    bool single = false;                           ///< `directory` is itself the path of the one file
    bool secret = false;
    friend bool operator==(const FileMount&, const FileMount&) = default;
};

/// A scratch volume of the pod, shown in a container.
struct ScratchMount {
    std::string volume{};  ///< name of a ScratchVolume of the workload
    std::string directory{};
    bool read_only = false;
    std::string sub_path{};  ///< of the volume, relative, without ".."; empty: all of it
    friend bool operator==(const ScratchMount&, const ScratchMount&) = default;
};

/// A persistent volume, shown in a container.
struct ClaimMount {
    std::string claim{};  ///< name of a Claim of the application, or of a claim template of the stateful set
    std::string directory{};
    bool read_only = false;
    std::string sub_path{};  ///< as of ScratchMount
    friend bool operator==(const ClaimMount&, const ClaimMount&) = default;
};

/// A numeric user or group of a container.
struct UserId {
    std::uint32_t value = 0;
    friend bool operator==(const UserId&, const UserId&) = default;
};

enum class Protocol : std::uint8_t { tcp, udp };

/// A port that a container listens on.
struct Port {
    std::string name{};
    std::uint16_t number = 0;
    Protocol protocol = Protocol::tcp;
    friend bool operator==(const Port&, const Port&) = default;
};

/// A header that a probe or hook sends.
struct HttpHeader {
    std::string name{};
    std::string value{};
    friend bool operator==(const HttpHeader&, const HttpHeader&) = default;
};

/// How it is found out whether a container is ready, alive, or has started.
struct Probe {
    enum class Kind : std::uint8_t { http_get, tcp_socket, exec };
    Kind kind = Kind::tcp_socket;
    std::string path{};                  ///< http_get
    std::uint16_t port = 0;              ///< http_get, tcp_socket
    std::vector<std::string> command{};  ///< exec
    std::uint32_t initial_delay_s = 0;
    std::uint32_t period_s = 10;
    std::uint32_t timeout_s = 1;
    std::uint32_t failure_threshold = 3;
    std::uint32_t success_threshold = 1;
    std::vector<HttpHeader> headers{};  ///< http_get
    friend bool operator==(const Probe&, const Probe&) = default;
};

/// Something that is done when a container has started, or before it is stopped.
struct Hook {
    enum class Kind : std::uint8_t { http_get, exec };
    Kind kind = Kind::exec;
    std::vector<std::string> command{};  ///< exec
    std::string path{};                  ///< http_get
    std::uint16_t port = 0;              ///< http_get
    std::vector<HttpHeader> headers{};   ///< http_get
    friend bool operator==(const Hook&, const Hook&) = default;
};

/// What stock images need to prepare themselves and drop to their own user.
inline std::vector<std::string> stock_capabilities() {
    return {"CHOWN",  "DAC_OVERRIDE", "FOWNER",    "FSETID", "KILL", "NET_BIND_SERVICE",
            "SETGID", "SETUID",       "SYS_CHROOT"};
}

/// Whatever stands here, every driver adds: seccomp RuntimeDefault, no privilege escalation, no token of a
/// service account, a limit of processes, images pulled anew where `pull_always`.
struct Container {
    std::string name{};
    std::string image{};
    std::vector<std::string> command{};  ///< empty: the image's entry point
    std::vector<std::string> arguments{};
    std::vector<EnvironmentVariable> environment{};  ///< each name once
    /// Values, command, arguments and commands of hooks and probes are literal. Where some variables have a
    /// source that only the driver knows, values, command and arguments are in Kubernetes' notation instead:
    /// $(NAME) stands for the variable (for a value: one before it), "$$" for "$"; see expand_variables.
    bool late_expansion = false;
    std::string working_directory{};
    std::vector<Port> ports{};
    std::uint64_t cpu_milli = 0;    ///< limit = request
    std::uint64_t memory_mib = 0;   ///< limit = request
    std::uint64_t storage_mib = 0;  ///< ephemeral
    std::uint64_t gpus = 0;         ///< whole devices
    std::vector<FileMount> files{};
    std::vector<ScratchMount> scratch{};
    std::vector<ClaimMount> claims{};
    std::optional<Probe> readiness{};
    std::optional<Probe> liveness{};
    std::optional<Probe> startup{};  ///< until it succeeds the others are not made
    std::optional<Hook> post_start{};
    std::optional<Hook> pre_stop{};
    std::optional<UserId> run_as_user{};
    std::optional<UserId> run_as_group{};
    bool run_as_non_root = false;
    bool read_only_root = false;
    std::vector<std::string> capabilities = stock_capabilities();  ///< all that it has; the rest is dropped
    bool pull_always = true;  ///< false only for images of the provider itself (localhost/...)
    friend bool operator==(const Container&, const Container&) = default;
};

}  // namespace grid::lease
