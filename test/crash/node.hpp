#pragma once

#include <rapidjson/document.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/http_client.hpp"

namespace grid::test {

/// JSON-RPC and the platform's API of a node on this machine. Answers are empty when the node did not answer:
/// it may have been killed.
class NodeClient {
public:
    explicit NodeClient(std::uint16_t port) : http_(runtime::TcpSocket{"127.0.0.1", port}) {}

    struct Request {
        std::string method;
        std::string parameters;  ///< a JSON array
    };
    struct Answer {
        bool good = false;
        rapidjson::Document result;  ///< null when it is an error
        std::string error;
    };
    /// One batch, in order. Empty: no answer, or not a whole one.
    std::vector<Answer> batch(const std::vector<Request>& requests) const;
    std::optional<rapidjson::Document> get(const std::string& path) const;

private:
    runtime::HttpClient http_;
};

/// A real gridd with the roles ledger and platform, in a directory of its own.
class NodeUnderTest {
public:
    enum class Shim { none, sees, lies };
    NodeUnderTest(std::string directory, Shim shim);
    ~NodeUnderTest();
    NodeUnderTest(const NodeUnderTest&) = delete;

    /// Starts the process and does not wait.
    void spawn();
    /// Until it listens. Throws std::runtime_error with its log when it ends instead.
    void wait_ready();
    void start() {
        spawn();
        wait_ready();
    }
    /// SIGKILL; returns when it is dead.
    void kill();
    /// SIGTERM; answers its exit code.
    int stop();
    /// While true, writes find no space (under the shim only).
    void fill_disk(bool full) const;

    NodeClient client() const { return NodeClient(port_); }
    std::string ledger() const { return data() + "/chain"; }
    std::string data() const { return directory_ + "/data"; }
    std::string journal() const { return directory_ + "/journal"; }
    std::string log() const;

private:
    bool announced();
    std::string directory_;
    Shim shim_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace grid::test
