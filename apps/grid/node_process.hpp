#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace grid::cli {

/// Where a node that has just started listens: what it wrote to DATA/node.json.
struct NodeAddresses {
    std::string platform_url;
    std::string gateway_url;
    std::chrono::milliseconds ready_after{};  ///< from the start of the process
};

/// A `gridd` as a child of this process: started, waited for, ended with us.
class NodeProcess {
public:
    /// Starts the gridd that lies beside this program; its log goes to DATA/gridd.log. Throws Failure
    /// `node_failed`.
    NodeProcess(const std::filesystem::path& data, const std::string& config);
    /// Asks it to end and waits.
    ~NodeProcess();
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;

    /// Until it is ready. Throws Failure `node_failed` with the last lines of its log when it ends or takes
    /// too long.
    NodeAddresses wait_ready();
    /// Until it ends by itself or we are interrupted (SIGINT, SIGTERM); true when interrupted.
    bool wait();
    void stop();
    pid_t pid() const noexcept { return pid_; }

private:
    bool running();
    std::string log_tail() const;

    std::filesystem::path data_;
    std::chrono::steady_clock::time_point started_;
    pid_t pid_ = -1;
};

}  // namespace grid::cli
