#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

/// Blocking ends of loopback connections for tests of the engine. Nothing waits longer than 20 s: then the
/// test fails.
namespace loopback {

/// One end of a TCP connection.
class Wire {
public:
    explicit Wire(int descriptor) : descriptor_(descriptor) {
        const timeval limit{20, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    ~Wire() { close(); }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    static int connected(std::uint16_t port) {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("connect");
        return descriptor;
    }

    /// False: the other side is gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    /// Reads something more; false at the end of the stream or when the other side is gone.
    bool more() {
        char block[65536];
        const ssize_t n = ::recv(descriptor_, block, sizeof block, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            throw std::runtime_error("nothing came for 20 s");
        if (n <= 0) return false;
        buffer_.append(block, static_cast<std::size_t>(n));
        return true;
    }
    /// Up to and with the mark; what there was when the stream ends first.
    std::string until(std::string_view mark) {
        std::size_t from = 0;
        for (;;) {
            const auto at = buffer_.find(mark, from);
            if (at != std::string::npos) return take(at + mark.size());
            from = buffer_.size() < mark.size() ? 0 : buffer_.size() - mark.size();
            if (!more()) return take(buffer_.size());
        }
    }
    std::string exactly(std::size_t size) {
        while (buffer_.size() < size && more()) {
        }
        return take(std::min(size, buffer_.size()));
    }
    std::string head() { return until("\r\n\r\n"); }
    std::string rest() {
        while (more()) {
        }
        return take(buffer_.size());
    }
    /// True when the other side has ended without a further byte.
    bool ended() { return buffer_.empty() && !more(); }
    /// A response with Content-Length: head and body.
    std::string response() {
        std::string text = head();
        const auto at = text.find("Content-Length: ");
        if (at == std::string::npos) return text;
        return text + exactly(std::stoul(text.substr(at + 16)));
    }
    void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }
    /// Closes with a reset.
    void reset() {
        const linger hard{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close();
    }
    void close() {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }
    /// Wakes a thread that waits in this wire.
    void interrupt() { ::shutdown(descriptor_, SHUT_RDWR); }

private:
    std::string take(std::size_t n) {
        std::string out = buffer_.substr(0, n);
        buffer_.erase(0, n);
        return out;
    }

    int descriptor_;
    std::string buffer_;
};

struct Client : Wire {
    explicit Client(std::uint16_t port) : Wire(connected(port)) {}
};

/// An application: every connection is served by a thread of its own with the given script.
class Upstream {
public:
    using Script = std::function<void(Wire&)>;

    explicit Upstream(Script script) : script_(std::move(script)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
            ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
            throw std::runtime_error("listen");
        }
        port_ = ntohs(at.sin_port);
        acceptor_ = std::thread([this] { accept(); });
    }
    ~Upstream() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
        for (auto& served : served_) {
            {
                const std::lock_guard lock(mutex_);
                if (!served.done) served.wire->interrupt();
            }
            served.thread.join();
        }
    }
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    std::uint16_t port() const { return port_; }
    unsigned connections() const { return connections_; }

private:
    struct Served {
        std::unique_ptr<Wire> wire;
        std::thread thread;
        bool done = false;
    };

    void accept() {
        for (;;) {
            const int descriptor = ::accept(listener_, nullptr, nullptr);
            if (descriptor < 0) return;
            ++connections_;
            served_.push_back({std::make_unique<Wire>(descriptor), {}, false});
            Served& served = served_.back();
            served.thread = std::thread([this, &served] {
                try {
                    script_(*served.wire);
                } catch (const std::exception&) {
                    // The test sees a closed connection.
                }
                const std::lock_guard lock(mutex_);
                served.done = true;
                served.wire->close();
            });
        }
    }

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::thread acceptor_;
    std::atomic<unsigned> connections_{0};
    std::mutex mutex_;
    std::list<Served> served_;
};

/// Answers request after request (without bodies) with what the function makes of the head.
inline Upstream::Script answering(std::function<std::string(const std::string& head)> answer) {
    return [answer = std::move(answer)](Wire& wire) {
        for (;;) {
            const std::string head = wire.head();
            if (!head.ends_with("\r\n\r\n") || !wire.send(answer(head))) return;
        }
    };
}

inline std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

/// The first line of a response.
inline std::string status_line(const std::string& response) {
    return response.substr(0, response.find("\r\n"));
}

/// What follows the head of a response.
inline std::string body_of(const std::string& response) {
    return response.substr(response.find("\r\n\r\n") + 4);
}

inline bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace loopback
