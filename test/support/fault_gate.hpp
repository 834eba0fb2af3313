#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace grid::test {

/// A TCP relay on loopback before a server on loopback, that does to connections what networks do; TLS goes
/// through untouched.
class FaultGate {
public:
    enum class Fault {
        none,
        refuse,  ///< connections are reset, those that stand too
        stall    ///< bytes are held back, both ways
    };

    explicit FaultGate(std::uint16_t to) : to_(to) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("the gate cannot listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~FaultGate() {
        ending_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        for (auto& one : relays_) one.join();
        ::close(listener_);
    }
    FaultGate(const FaultGate&) = delete;
    FaultGate& operator=(const FaultGate&) = delete;

    std::uint16_t port() const { return port_; }
    void set(Fault fault) { fault_ = fault; }

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }
    void accept_all() {
        for (;;) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            relays_.emplace_back([this, client] { relay(client); });
        }
    }
    void relay(int client) {
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(to_);
        bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        while (open && !ending_ && fault_ != Fault::refuse) {
            pollfd waiting[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
            if (::poll(waiting, 2, 20) <= 0 || fault_ != Fault::none) {
                if (fault_ == Fault::stall) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                continue;
            }
            for (int i = 0; i < 2 && open; ++i) {
                if (waiting[i].revents == 0) continue;
                char piece[16384];
                const auto n = ::recv(waiting[i].fd, piece, sizeof piece, 0);
                open =
                    n > 0 && ::send(waiting[1 - i].fd, piece, static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
            }
        }
        const linger now{1, 0};
        if (fault_ == Fault::refuse) ::setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(client);
        ::close(server);
    }

    const std::uint16_t to_;
    std::atomic<Fault> fault_{Fault::none};
    std::atomic<bool> ending_{false};
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::list<std::thread> relays_;  // only the accepting thread adds
    std::thread thread_;
};

}  // namespace grid::test
