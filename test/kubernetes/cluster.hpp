// Real Kubernetes clusters for tests, made by the scripts beside this; they end with this process, however it
// ends.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include "adapters/kubernetes/api.hpp"

namespace grid::test {

using namespace adapters::kubernetes;

/// What control-plane.sh or node.sh brings up.
class Cluster {
public:
    /// "control-plane" or "node"; blocks until it is ready (the first time, until Kubernetes is built).
    explicit Cluster(const std::string& kind) {
        char base[] = "/tmp/gk-XXXXXX";
        if (::mkdtemp(base) == nullptr) throw std::runtime_error("no temporary directory");
        base_ = base;
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        const auto script = std::string(GRID_SOURCE_DIR) + "/test/kubernetes/" + kind + ".sh";
        const auto target = directory();
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(in[0], STDIN_FILENO);
            ::dup2(out[1], STDOUT_FILENO);
            ::execl(script.c_str(), script.c_str(), target.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];  // its end is the cluster's
        std::string said;
        char c;
        while (said.find("ready\n") == std::string::npos && ::read(out[0], &c, 1) == 1) said += c;
        ::close(out[0]);
        if (said.find("ready\n") == std::string::npos)
            throw std::runtime_error(script + " does not come up; its words are above");
    }
    ~Cluster() {
        ::close(input_);
        int status = 0;
        ::waitpid(process_, &status, 0);
        std::error_code ignored;
        std::filesystem::remove_all(base_, ignored);
    }
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    std::string directory() const { return base_ + "/k"; }
    std::string kubeconfig() const { return directory() + "/kubeconfig"; }
    Access access() const { return read_kubeconfig(kubeconfig(), "").value(); }
    /// For what belongs to a test beside the cluster.
    const std::string& scratch() const { return base_; }

private:
    std::string base_;
    pid_t process_ = -1;
    int input_ = -1;
};

/// Waits for a condition, not for a time: the limit only ends a test that has failed.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

/// Empty when it went well: what a failed check shows.
template <class T>
std::string problem(const Result<T>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

}  // namespace grid::test
