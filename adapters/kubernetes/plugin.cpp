#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "adapters/kubernetes/credentials.hpp"
#include "adapters/kubernetes/json.hpp"

extern char** environ;

namespace grid::adapters::kubernetes {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = 1024 * 1024;
constexpr milliseconds::rep kLook = 100;  // for a stop

tl::unexpected<Error> failed(const ExecPlugin& plugin, const std::string& why) {
    return fail("plugin_failed", "the credential plugin " + plugin.command + " " + why +
                                     (plugin.install_hint.empty() ? "" : "; " + tamed(plugin.install_hint)));
}

/// Both ends of a pipe, closed when they go.
struct Pipe {
    int ends[2] = {-1, -1};
    Pipe() {
        if (::pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
    }
    ~Pipe() {
        for (const int end : ends)
            if (end >= 0) ::close(end);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_writer() {
        ::close(ends[1]);
        ends[1] = -1;
    }
};

/// The input of a plugin: which cluster the credentials are for.
std::string exec_info(const ExecPlugin& plugin, const Access& access) {
    json::object spec{{"interactive", false}};
    if (plugin.provide_cluster_info) {
        json::object cluster{{"server", access.url()}};
        if (const auto authorities = load_pem(access.authorities); authorities && !authorities->empty())
            cluster["certificate-authority-data"] = base64(*authorities);
        if (access.server_name != access.host) cluster["tls-server-name"] = access.server_name;
        spec["cluster"] = std::move(cluster);
    }
    return json::serialize(json::object{
        {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

std::vector<std::string> environment_of(const ExecPlugin& plugin, const Access& access) {
    std::map<std::string, std::string> variables;
    for (char** one = environ; *one != nullptr; ++one) {
        const std::string text = *one;
        const auto equals = text.find('=');
        if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
    for (const auto& [name, value] : plugin.environment) variables[name] = value;
    variables["KUBERNETES_EXEC_INFO"] = exec_info(plugin, access);
    std::vector<std::string> out;
    for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

struct Output {
    std::string out, err;
    bool whole = false;  ///< both ended before the limit, within their bounds
};

Output read_both(const Pipe& out, const Pipe& err, steady_clock::time_point limit, const Stop* stop) {
    Output output;
    pollfd waiting[2] = {{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}};
    std::string* texts[2] = {&output.out, &output.err};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        const auto left = std::chrono::duration_cast<milliseconds>(limit - steady_clock::now()).count();
        if (left <= 0 || (stop != nullptr && stop->stopped())) return output;
        const int ready = ::poll(waiting, 2, static_cast<int>(std::min(left, kLook)));
        if (ready < 0 && errno != EINTR) return output;
        if (ready <= 0) continue;
        for (int i = 0; i < 2; ++i) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
            char piece[4096];
            const auto n = ::read(waiting[i].fd, piece, sizeof piece);
            if (n > 0) texts[i]->append(piece, static_cast<std::size_t>(n));
            if (n == 0 || (n < 0 && errno != EINTR)) waiting[i].fd = -1;
            if (texts[i]->size() > kMaxOutput) return output;
        }
    }
    output.whole = true;
    return output;
}

Result<PluginAnswer> read_answer(const ExecPlugin& plugin, const std::string& text) {
    const auto parsed = parse_json(text);
    if (!parsed) return failed(plugin, "did not print JSON");
    if (text_at(*parsed, {"kind"}) != "ExecCredential")
        return failed(plugin, "did not print an ExecCredential");
    if (text_at(*parsed, {"apiVersion"}) != plugin.api_version)
        return failed(plugin, "answered with apiVersion \"" + tamed(text_at(*parsed, {"apiVersion"}), 80) +
                                  "\", expected " + plugin.api_version);
    PluginAnswer answer;
    answer.token = text_at(*parsed, {"status", "token"});
    answer.certificate = text_at(*parsed, {"status", "clientCertificateData"});
    answer.key = text_at(*parsed, {"status", "clientKeyData"});
    if (!answer.token.empty() && !is_token(answer.token))
        return failed(plugin, "printed a token with blanks, line breaks or other odd characters");
    if (answer.certificate.empty() != answer.key.empty())
        return failed(plugin, "printed a certificate without its key, or a key without its certificate");
    if (answer.token.empty() && answer.certificate.empty())
        return failed(plugin, "printed neither a token nor a certificate");
    if (const auto expiry = text_at(*parsed, {"status", "expirationTimestamp"}); !expiry.empty()) {
        answer.expires_at = seconds_of(expiry);
        if (answer.expires_at == 0)
            return failed(plugin, "printed an expirationTimestamp that is no time of RFC 3339");
    }
    return answer;
}

}  // namespace

Result<PluginAnswer> run_plugin(const ExecPlugin& plugin, const Access& access, milliseconds limit,
                                const Stop* stop) {
    Pipe out, err;
    if (out.ends[0] < 0 || err.ends[0] < 0) return failed(plugin, "cannot be run: no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
    // Sockets of ours are nothing for it, least of all for what it leaves running.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // A group of its own: what it starts in turn ends with it. And no signal that threads of ours block.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    ::sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    std::vector<std::string> arguments{plugin.command};
    arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
    auto environment = environment_of(plugin, access);
    pid_t child = -1;
    const int problem = ::posix_spawnp(&child, plugin.command.c_str(), &actions, &attributes,
                                       pointers(arguments).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (problem != 0)
        return failed(plugin, "cannot be run: " + std::string(std::generic_category().message(problem)));
    out.close_writer();
    err.close_writer();
    const auto end = steady_clock::now() + limit;
    auto output = read_both(out, err, end, stop);
    int status = 0;
    // It may have closed its output and live on.
    while (output.whole && ::waitpid(child, &status, WNOHANG) != child) {
        output.whole = steady_clock::now() < end && (stop == nullptr || !stop->stopped());
        ::usleep(1000);
    }
    if (!output.whole) {
        ::kill(-child, SIGKILL);
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    if (stop != nullptr && stop->stopped()) return fail("stopped", "the credential plugin was stopped");
    if (!output.whole)
        return failed(plugin, "did not end within " + std::to_string(limit.count() / 1000) +
                                  " s, or printed more than 1 MiB");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return failed(plugin, "failed: " + tamed(output.err.empty() ? "it said nothing" : output.err, 400));
    return read_answer(plugin, output.out);
}

}  // namespace grid::adapters::kubernetes
