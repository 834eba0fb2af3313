#pragma once

#include <atomic>

#include "runtime/http_client.hpp"
#include "support/scripted_server.hpp"

namespace grid::test {

/// Stands before a node's HTTP port and does to requests and replies what networks do.
class FaultProxy {
public:
    enum class Fault {
        none,
        reset,  ///< the connection ends without a reply
        stall,  ///< no reply until the client gives up
        status_429,
        status_500,
        no_json,
        truncated,    ///< HTTP ends in the middle of the body
        cut_json,     ///< whole as HTTP, half a JSON text
        wrong_chain,  ///< eth_chainId says 1
        wrong_id,     ///< replies to calls that nobody made
        lag,          ///< `latest` is the block of lag_at()
        too_large     ///< WebSocketProxy: a message beyond all bounds
    };
    /// The reply as that fault leaves it.
    static std::string damaged(Fault fault, std::string reply) {
        if (fault == Fault::no_json) reply = "<html>maintenance</html>";
        if (fault == Fault::cut_json) reply.resize(reply.size() / 2);
        if (fault == Fault::wrong_chain) replace_all(reply, "\"result\":\"0x7a69\"", "\"result\":\"0x1\"");
        if (fault == Fault::wrong_id) replace_all(reply, "\"id\":", "\"id\":9");
        return reply;
    }
    explicit FaultProxy(std::uint16_t to) : to_(to) {}

    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
    void set(Fault fault) { fault_ = fault; }
    void lag_at(std::uint64_t block) { lag_ = block; }
    /// Sees every request before anything is done with it, and again when there is a reply; false: the
    /// connection ends here.
    void watch(std::function<bool(const std::string& request, bool replied)> watcher) {
        std::lock_guard lock(mutex_);
        watcher_ = std::move(watcher);
    }
    std::size_t requests() const { return server_.requests().size(); }

private:
    bool passes(const std::string& body, bool replied) {
        std::function<bool(const std::string&, bool)> watcher;
        {
            std::lock_guard lock(mutex_);
            watcher = watcher_;
        }
        return !watcher || watcher(body, replied);
    }
    static void replace_all(std::string& text, const std::string& from, const std::string& to) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    }
    static std::string http(const std::string& body, const std::string& status = "200 OK",
                            const std::string& more = "") {
        return "HTTP/1.1 " + status + "\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body;
    }

    void serve(const std::string& request, int connection) {
        std::string body = request.substr(std::min(request.size(), request.find("\r\n\r\n") + 4));
        if (!passes(body, false)) return;
        const auto send = [&](const std::string& text) { ScriptedServer::send(connection, text); };
        const Fault fault = fault_;
        if (fault == Fault::reset) return;
        if (fault == Fault::stall) return ScriptedServer::wait_for_close(connection);
        if (fault == Fault::status_429)
            return send(http("slow down", "429 Too Many Requests", "Retry-After: 0\r\n"));
        if (fault == Fault::status_500) return send(http("oops", "500 Internal Server Error"));
        if (fault == Fault::lag) {
            char number[32];
            std::snprintf(number, sizeof number, "\"0x%llx\"", static_cast<unsigned long long>(lag_.load()));
            replace_all(body, "\"latest\"", number);
        }
        const auto answer =
            runtime::HttpClient(runtime::TcpSocket{"127.0.0.1", to_})
                .request({"POST", "/", {{"Content-Type", "application/json"}}, body},
                         std::chrono::steady_clock::now() + std::chrono::seconds(30), 64u << 20);
        if (!answer) return;  // refused behind us: the client sees a reset
        if (!passes(body, true)) return;
        const std::string reply = damaged(fault, answer->body);
        auto text = http(reply);
        if (fault == Fault::truncated) text.resize(text.size() - reply.size() / 2 - 1);
        send(text);
    }

    const std::uint16_t to_;
    std::atomic<Fault> fault_{Fault::none};
    std::atomic<std::uint64_t> lag_{0};
    std::mutex mutex_;
    std::function<bool(const std::string&, bool)> watcher_;
    ScriptedServer server_{
        [this](const std::string& request, int connection) { serve(request, connection); }};
};

}  // namespace grid::test
