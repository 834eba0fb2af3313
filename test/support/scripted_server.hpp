#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace grid::test {

/// A server for tests: reads one request's head and announced body, lets the script answer on the bare
/// socket, closes.
class ScriptedServer {
public:
    /// Called with the request as it came and the connection's descriptor, on the server's thread.
    using Script = std::function<void(const std::string& request, int connection)>;

    /// Listens on 127.0.0.1, on a port of the system's choice.
    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("the test server cannot listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    /// Listens on a UNIX socket.
    ScriptedServer(const std::string& path, Script script) : script_(std::move(script)) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 16) != 0)
            throw std::runtime_error("the test server cannot listen");
        thread_ = std::thread([this] { serve(); });
    }

    ~ScriptedServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    static void send(int connection, const std::string& text) {
        std::size_t sent = 0;
        while (sent < text.size()) {
            const auto n = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    /// Waits until the other side closes.
    static void wait_for_close(int connection) {
        char c;
        while (::recv(connection, &c, 1, 0) > 0) {
        }
    }

private:
    void serve() {
        for (;;) {
            const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) return;
            const auto request = read_request(connection);
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            script_(request, connection);
            ::close(connection);
        }
    }

    static std::string read_request(int connection) {
        std::string request;
        std::size_t wanted = std::string::npos;
        char buffer[4096];
        while (request.size() < wanted) {
            const auto n = ::recv(connection, buffer, sizeof buffer, 0);
            if (n <= 0) break;
            request.append(buffer, static_cast<std::size_t>(n));
            const auto head = request.find("\r\n\r\n");
            if (head == std::string::npos) continue;
            const auto length = request.find("Content-Length: ");
            wanted = head + 4 + (length < head ? std::stoul(request.substr(length + 16)) : 0);
        }
        return request;
    }

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

}  // namespace grid::test
