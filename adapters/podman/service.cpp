#include "adapters/podman/service.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "chain/keccak.hpp"
#include "runtime/http_client.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kStartLimit{15};
constexpr std::chrono::milliseconds kPingLimit{2000};

bool valid_id(const std::string& id) {
    return !id.empty() && id.size() <= 32 && id[0] != '-' && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool valid_path(const std::string& path) {
    return !path.empty() && path[0] == '/' && std::none_of(path.begin(), path.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
    });
}

bool valid_runtime(const std::string& name) {
    const bool relative = name.find('/') != std::string::npos && name[0] != '/';
    return !relative && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.' || c == '/';
    });
}

Result<void> make_directory(const std::string& path, mode_t mode) {
    std::error_code e;
    fs::create_directories(path, e);
    if (e) return fail("bad_config", "the directory " + path + " cannot be made: " + e.message());
    if (::chmod(path.c_str(), mode) != 0)
        return fail("bad_config", "the directory " + path + " is not ours: " + std::strerror(errno));
    return {};
}

Result<void> write_file(const std::string& path, const std::string& text) {
    const auto next = path + ".new";
    {
        std::ofstream out(next, std::ios::trunc);
        out << text;
        if (!out.flush()) return fail("bad_config", "the file " + next + " cannot be written");
    }
    if (::rename(next.c_str(), path.c_str()) != 0)
        return fail("bad_config", "the file " + path + " cannot be written");
    return {};
}

bool may_raise_limits() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("CapEff:", 0) == 0)
            return std::stoull(line.substr(7), nullptr, 16) & (1ull << CAP_SYS_RESOURCE);
    return false;
}

/// crun refuses hybrid cgroups, and wants to raise limits that it may not raise in a guest without the
/// capability.
bool needs_runc() {
    const bool unified = fs::exists("/sys/fs/cgroup/cgroup.controllers");
    return (!unified || !may_raise_limits()) && (fs::exists("/usr/sbin/runc") || fs::exists("/usr/bin/runc"));
}

std::string containers_conf(const Layout& layout, const std::string& oci_runtime) {
    std::ostringstream out;
    out << "# Written by GRID at every start.\n[containers]\n";
    if (!may_raise_limits()) out << "default_ulimits = [\"nofile=20000:20000\", \"nproc=32768:32768\"]\n";
    out << "[engine]\nevents_logger = \"file\"\nlock_type = \"file\"\n";
    out << "exit_command_delay = 10\n";  // or each exec leaves its monitor for five minutes
    const std::string runtime = oci_runtime.empty() && needs_runc() ? "runc" : oci_runtime;
    if (!runtime.empty()) out << "runtime = \"" << runtime << "\"\n";
    if (!fs::exists("/run/systemd/system")) out << "cgroup_manager = \"cgroupfs\"\n";
    out << "tmp_dir = \"" << layout.run << "/libpod\"\n";
    out << "static_dir = \"" << layout.storage << "/libpod\"\n";
    out << "volume_path = \"" << layout.storage << "/volumes\"\n";
    out << "[network]\nnetwork_backend = \"netavark\"\n";
    out << "network_config_dir = \"" << layout.data << "/networks\"\n";
    return out.str();
}

std::string storage_conf(const Layout& layout) {
    return "# Written by GRID at every start.\n[storage]\ndriver = \"overlay\"\ngraphroot = \"" +
           layout.storage + "\"\nrunroot = \"" + layout.run + "/storage\"\n";
}

std::string last_lines(const std::string& path) {
    std::ifstream in(path);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    return text.size() > 600 ? text.substr(text.size() - 600) : text;
}

}  // namespace

Result<Layout> prepare_layout(const PodmanConfig& config) {
    if (!valid_id(config.gateway_id))
        return fail("bad_config",
                    "gateway_id: expected 1..32 of a-z, 0-9 and '-', got \"" + config.gateway_id + "\"");
    Layout layout;
    layout.data = config.data_dir;
    layout.storage = config.storage_root.empty() ? config.data_dir + "/storage" : config.storage_root;
    layout.run = config.run_root;
    if (layout.run.empty()) {
        const auto digest = chain::keccak256(chain::as_bytes(config.data_dir)).hex();
        layout.run = "/run/grid/" + config.gateway_id + "-" + digest.substr(2, 8);
    }
    layout.own_service = config.socket.empty();
    layout.socket = layout.own_service ? config.data_dir + "/podman.sock" : config.socket;
    layout.containers_conf = config.data_dir + "/containers.conf";
    layout.storage_conf = config.data_dir + "/storage.conf";
    layout.apps = config.data_dir + "/apps";
    layout.kept = config.data_dir + "/kept";
    for (const auto& path : {layout.data, layout.storage, layout.run, layout.socket})
        if (!valid_path(path)) return fail("bad_config", "expected an absolute path, got \"" + path + "\"");
    if (!valid_runtime(config.oci_runtime))
        return fail("bad_config",
                    "runtime: expected a name or an absolute path, got \"" + config.oci_runtime + "\"");
    if (!layout.own_service && !config.oci_runtime.empty())
        return fail("bad_config", "runtime: a podman service that somebody else runs has one of its own");
    if (layout.socket.size() >= 108)
        return fail("bad_config", "the socket's path is longer than 107 bytes: " + layout.socket);
    for (const auto& path : {layout.data, layout.apps, layout.kept})
        if (auto ok = make_directory(path, 0700); !ok) return tl::unexpected(ok.error());
    if (!layout.own_service) return layout;
    for (const auto& path : {layout.storage, layout.run, layout.data + "/networks"})
        if (auto ok = make_directory(path, 0700); !ok) return tl::unexpected(ok.error());
    if (auto ok = write_file(layout.containers_conf, containers_conf(layout, config.oci_runtime)); !ok)
        return tl::unexpected(ok.error());
    if (auto ok = write_file(layout.storage_conf, storage_conf(layout)); !ok)
        return tl::unexpected(ok.error());
    return layout;
}

bool PodmanService::answers() const {
    const runtime::HttpClient client(runtime::UnixSocket{layout_.socket});
    runtime::HttpRequest ping;
    ping.target = "/v4.0.0/libpod/_ping";
    const auto response = client.request(ping, steady_clock::now() + kPingLimit, 1024);
    return response && response->status == 200;
}

Result<void> PodmanService::ensure() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail("cluster_unavailable", "the driver is ending");
    reap();
    if (answers()) return {};
    if (!layout_.own_service)
        return fail("cluster_unavailable", "no podman service answers on " + layout_.socket);
    // A service of ours that no longer answers is ended before another takes its place.
    if (const auto old = recorded_pid(); old > 0) {
        ::kill(old, SIGKILL);
        reap();
    }
    return start();
}

Result<void> PodmanService::start() {
    ::unlink(layout_.socket.c_str());
    const std::string url = "unix://" + layout_.socket;
    const std::string log = layout_.data + "/podman.log";
    // Not root's home: an account that the provider has there for an image registry is not for tenants.
    // The environment and arguments are made before the fork: the child may only call async-signal-safe
    // functions.
    std::vector<std::string> environment{
        "CONTAINERS_CONF=" + layout_.containers_conf, "CONTAINERS_STORAGE_CONF=" + layout_.storage_conf,
        "HOME=" + layout_.data, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
                             "SSL_CERT_FILE", "SSL_CERT_DIR"})
        if (const char* value = ::getenv(name)) environment.push_back(std::string(name) + "=" + value);
    std::vector<char*> envp;
    for (auto& entry : environment) envp.push_back(entry.data());
    envp.push_back(nullptr);
    const char* argv[] = {"podman", "system", "service", "--time=0", url.c_str(), nullptr};
    const pid_t pid = ::fork();
    if (pid < 0)
        return fail("cluster_unavailable", std::string("podman cannot be started: ") + std::strerror(errno));
    if (pid == 0) {
        ::setsid();
        // Container monitors leave files in their working directory.
        if (::chdir(layout_.data.c_str()) != 0) ::_exit(126);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const int in = ::open("/dev/null", O_RDONLY);
        ::dup2(in, 0);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::syscall(SYS_close_range, 3u, ~0u, 0u);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::execvpe("podman", const_cast<char**>(argv), envp.data());
        ::_exit(127);
    }
    child_ = pid;
    std::ofstream(layout_.data + "/podman.pid", std::ios::trunc) << pid << '\n';
    const auto limit = steady_clock::now() + kStartLimit;
    while (steady_clock::now() < limit) {
        if (::access(layout_.socket.c_str(), F_OK) == 0 && answers()) return {};
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) {
            child_ = -1;
            const auto words = WIFEXITED(status) && WEXITSTATUS(status) == 127
                                   ? std::string("the program podman is not there; install it")
                                   : last_lines(log);
            return fail("cluster_unavailable", "podman's service ended at once: " + words);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return fail("cluster_unavailable", "podman's service did not answer within 15 s: " + last_lines(log));
}

void PodmanService::reap() {
    if (child_ > 0 && ::waitpid(child_, nullptr, WNOHANG) != 0) child_ = -1;
}

pid_t PodmanService::recorded_pid() const {
    pid_t pid = -1;
    std::ifstream(layout_.data + "/podman.pid") >> pid;
    if (pid <= 1) return -1;
    // The number may belong to another program by now.
    std::ifstream in("/proc/" + std::to_string(pid) + "/cmdline");
    const std::string line((std::istreambuf_iterator<char>(in)), {});
    return line.find("unix://" + layout_.socket) != std::string::npos ? pid : -1;
}

void PodmanService::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (!layout_.own_service) return;
    const auto pid = recorded_pid();
    if (pid <= 0) return;
    ::kill(pid, SIGTERM);
    const auto limit = steady_clock::now() + std::chrono::seconds(5);
    while (recorded_pid() > 0 && steady_clock::now() < limit) {
        reap();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (const auto left = recorded_pid(); left > 0) ::kill(left, SIGKILL);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
    child_ = -1;
    ::unlink((layout_.data + "/podman.pid").c_str());
    ::unlink(layout_.socket.c_str());
}

}  // namespace grid::adapters::podman
