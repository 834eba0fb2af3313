#include "apps/grid/node_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "apps/grid/failure.hpp"
#include "apps/grid/json.hpp"

namespace grid::cli {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto kStartTimeout = 60s;
constexpr auto kStopTimeout = 30s;

volatile sig_atomic_t interrupted = 0;

void on_signal(int) {
    interrupted = 1;
}

}  // namespace

NodeProcess::NodeProcess(const fs::path& data, const std::string& config) : data_(fs::absolute(data)) {
    std::error_code problem;
    fs::create_directories(data_, problem);
    fs::remove(data_ / "node.json", problem);
    const auto program = fs::read_symlink("/proc/self/exe").parent_path() / "gridd";
    const auto log = data_ / "gridd.log";
    std::vector<std::string> words{program.string(), "--data", data_.string()};
    if (!config.empty()) words.insert(words.end(), {"--config", config});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);

    started_ = std::chrono::steady_clock::now();
    const auto parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw Failure("node_failed", "no process could be made");
    if (pid_ == 0) {
        // In a group of its own, so that Ctrl-C reaches us alone and we end the node in order; it ends when
        // we die.
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0 || getppid() != parent) _exit(126);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        execv(arguments.front(), arguments.data());
        _exit(127);
    }
}

NodeProcess::~NodeProcess() {
    stop();
}

bool NodeProcess::running() {
    if (pid_ < 0) return false;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

NodeAddresses NodeProcess::wait_ready() {
    const auto file = data_ / "node.json";
    while (!interrupted) {
        if (fs::exists(file)) {
            std::ifstream in(file);
            std::ostringstream content;
            content << in.rdbuf();
            const auto document = parse_json(content.str(), file.string());
            return {text_or_empty(document, "platform"), text_or_empty(document, "gateway"),
                    std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                          started_)};
        }
        if (!running()) throw Failure("node_failed", "the node ended at its start:\n" + log_tail());
        if (std::chrono::steady_clock::now() - started_ > kStartTimeout)
            throw Failure("node_failed", "the node is not ready after a minute:\n" + log_tail());
        std::this_thread::sleep_for(5ms);
    }
    throw Failure("interrupted", "interrupted");
}

bool NodeProcess::wait() {
    while (!interrupted && running()) std::this_thread::sleep_for(100ms);
    return interrupted != 0;
}

void NodeProcess::stop() {
    if (!running()) return;
    kill(pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
    while (running() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(10ms);
    if (running()) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
}

std::string NodeProcess::log_tail() const {
    constexpr std::size_t kLines = 15;
    std::ifstream in(data_ / "gridd.log");
    std::deque<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
        if (lines.size() > kLines) lines.pop_front();
    }
    std::string tail;
    for (const auto& line : lines) tail += line + "\n";
    return tail.empty() ? "(its log is empty)" : tail;
}

}  // namespace grid::cli
