#pragma once

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

#include "adapters/kubernetes/api.hpp"
#include "support/scripted_server.hpp"

/// An API server on real TCP that answers what a test wants, for the days on which a real one would not.
namespace grid::test::kubernetes {

using namespace adapters::kubernetes;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline std::string http(const std::string& body, const std::string& status = "200 OK",
                        const std::string& more = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string status_body(int code, const std::string& reason, const std::string& message) {
    return R"({"kind":"Status","status":"Failure","code":)" + std::to_string(code) + R"(,"reason":")" +
           reason + R"(","message":")" + message + "\"}";
}

inline std::string pod(const std::string& name, int version) {
    return R"({"metadata":{"namespace":"n","name":")" + name + R"(","resourceVersion":")" +
           std::to_string(version) + "\"}}";
}

inline std::string event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

inline std::string chunk(const std::string& text) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + text + "\r\n";
}
inline constexpr char kChunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

inline Access access_to(std::uint16_t port) {
    Access access;
    access.tls = false;
    access.host = access.server_name = "127.0.0.1";
    access.port = port;
    access.token = "secret";
    return access;
}

/// An API whose server answers the n-th request by the script.
struct Bench {
    using Script = std::function<std::string(std::size_t n, const std::string& request)>;
    explicit Bench(Script script, ApiLimits limits = quick())
        : server([this, script = std::move(script)](const std::string& request, int connection) {
              ScriptedServer::send(connection, script(count++, request));
          }),
          api(access_to(server.port()), limits, stop) {}

    static ApiLimits quick() {
        ApiLimits limits;
        limits.request = milliseconds(20'000);
        limits.first_wait = milliseconds(1);
        limits.longest_wait = milliseconds(5);
        limits.attempts = 3;
        return limits;
    }
    Result<json::value> get() { return api.get("/api/v1/namespaces/n/pods/p"); }

    std::atomic<std::size_t> count{0};
    Stop stop;
    ScriptedServer server;
    Api api;
};

}  // namespace grid::test::kubernetes
