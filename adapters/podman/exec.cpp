#include "adapters/podman/exec.hpp"

#include <poll.h>
#include <rapidjson/document.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

namespace grid::adapters::podman {

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kPiece = 32 * 1024;
constexpr std::size_t kMaxHead = 64 * 1024;
constexpr std::size_t kFrameHead = 8;
constexpr seconds kHeadLimit{20};
constexpr seconds kExitLimit{10};  // podman writes the exit code down a moment after the streams end
constexpr seconds kGrace{2};
constexpr milliseconds kLook{20};

tl::unexpected<Error> silent(const std::string& what) {
    return fail("cluster_unavailable", "podman: " + what);
}

/// Podman's words in the answer to a command that could not be started.
Error refusal(const std::string& body) {
    rapidjson::Document document;
    document.Parse(body.data(), body.size());
    std::string words = body.substr(0, 500);
    if (!document.HasParseError() && document.IsObject() && document.HasMember("message") &&
        document["message"].IsString())
        words = document["message"].GetString();
    const bool no_program =
        words.find("not found") != std::string::npos || words.find("no such file") != std::string::npos;
    return {no_program ? "not_found" : "podman_error", words};
}

/// Is this still a process of that container, and not another that got its number?
bool belongs_to(int pid, const std::string& container) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/cgroup");
    const std::string groups{std::istreambuf_iterator<char>(in), {}};
    return groups.find(container) != std::string::npos;
}

}  // namespace

PodmanExec::PodmanExec(const PodmanApi& api, std::string container, std::string id, bool tty)
    : api_(api), container_(std::move(container)), id_(std::move(id)), tty_(tty) {}

PodmanExec::~PodmanExec() {
    if (socket_ >= 0) ::close(socket_);
}

Result<std::shared_ptr<ExecSession>> PodmanExec::start(const PodmanApi& api, const std::string& socket,
                                                       const std::string& container,
                                                       const messages::ExecRequest& request) {
    auto id = api.create_exec(container, request.command, request.tty);
    if (!id) {
        auto error = id.error();
        if (error.code == "conflict") error.code = "not_running";
        return tl::unexpected(error);
    }
    std::shared_ptr<PodmanExec> session(new PodmanExec(api, container, *id, request.tty));
    if (auto opened = session->open(socket, request); !opened) return tl::unexpected(opened.error());
    return std::shared_ptr<ExecSession>(std::move(session));
}

Result<void> PodmanExec::open(const std::string& path, const messages::ExecRequest& request) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.size() >= sizeof to.sun_path) return silent("the socket path is too long");
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
        return silent("cannot connect to its socket");
    std::string body = "{\"Detach\":false,\"Tty\":";
    body += request.tty ? "true,\"h\":" + std::to_string(request.rows) +
                              ",\"w\":" + std::to_string(request.columns) + "}"
                        : "false}";
    const auto head = "POST " + PodmanApi::exec_path(id_) +
                      "/start HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                      "Content-Type: application/json\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body;
    if (!write(head)) return silent("it closed the connection");
    const auto limit = steady_clock::now() + kHeadLimit;
    std::size_t end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
        pollfd wait{socket_, POLLIN, 0};
        const auto left = std::chrono::duration_cast<milliseconds>(limit - steady_clock::now());
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) < 1)
            return silent("no answer in time while starting a command");
        char piece[4096];
        const auto got = ::recv(socket_, piece, sizeof piece, 0);
        if (got < 1 || pending_.size() > kMaxHead) return silent("it closed the connection");
        pending_.append(piece, static_cast<std::size_t>(got));
    }
    const auto status = pending_.size() > 12 ? std::atoi(pending_.c_str() + 9) : 0;
    pending_.erase(0, end + 4);
    if (status == 101 || status == 200) return {};
    char piece[4096];
    pollfd wait{socket_, POLLIN, 0};
    while (pending_.size() < kMaxHead && ::poll(&wait, 1, 500) == 1) {
        const auto got = ::recv(socket_, piece, sizeof piece, 0);
        if (got < 1) break;
        pending_.append(piece, static_cast<std::size_t>(got));
    }
    return tl::unexpected(refusal(pending_));
}

PodmanExec::Piece PodmanExec::read(milliseconds limit) {
    using Kind = Piece::Kind;
    for (;;) {
        if (tty_ && !pending_.empty()) return {Kind::out, std::exchange(pending_, {})};
        if (!tty_ && pending_.size() >= kFrameHead) {
            const auto byte = [&](std::size_t i) {
                return static_cast<std::size_t>(static_cast<std::uint8_t>(pending_[i]));
            };
            const auto length = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
            const auto part = std::min({length, pending_.size() - kFrameHead, kPiece});
            if (part == length || part == kPiece) {
                Piece piece{byte(0) == 2 ? Kind::err : Kind::out, pending_.substr(kFrameHead, part)};
                pending_.erase(kFrameHead, part);
                const auto rest = length - part;
                for (std::size_t i = 0; i < 4; ++i)
                    pending_[4 + i] = static_cast<char>(rest >> (24 - 8 * i) & 0xff);
                if (rest == 0) pending_.erase(0, kFrameHead);
                return piece;
            }
        }
        if (ended_ || abandoned_) return {Kind::end, {}};
        pollfd wait{socket_, POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(limit.count()));
        if (ready == 0 || (ready < 0 && errno == EINTR)) return {Kind::nothing, {}};
        char piece[kPiece];
        const auto got = ::recv(socket_, piece, sizeof piece, 0);
        if (got < 1) {
            ended_ = true;
            continue;
        }
        pending_.append(piece, static_cast<std::size_t>(got));
    }
}

bool PodmanExec::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (abandoned_) return false;
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void PodmanExec::finish() {
    ::shutdown(socket_, SHUT_WR);
}

void PodmanExec::resize(std::uint16_t columns, std::uint16_t rows) {
    if (tty_) (void)api_.resize_exec(id_, columns, rows);
}

void PodmanExec::abandon() {
    abandoned_ = true;
    ::shutdown(socket_, SHUT_RDWR);
}

Result<int> PodmanExec::exit_code() {
    const auto limit = steady_clock::now() + kExitLimit;
    for (;;) {
        const auto seen = api_.exec_state(id_);
        if (!seen) return tl::unexpected(seen.error());
        if (!seen->running) return seen->exit_code;
        if (steady_clock::now() >= limit) return fail("podman_error", "podman does not say how it ended");
        std::this_thread::sleep_for(kLook);
    }
}

void PodmanExec::end_command() {
    auto limit = steady_clock::now() + kGrace;
    bool asked = false;
    for (bool killed = false; !killed;) {
        const auto seen = api_.exec_state(id_);
        if (!seen || !seen->running || seen->pid < 2 || !belongs_to(seen->pid, container_)) return;
        killed = asked && steady_clock::now() >= limit;
        if (killed || !asked) ::kill(seen->pid, killed ? SIGKILL : tty_ ? SIGHUP : SIGTERM);
        asked = true;
        std::this_thread::sleep_for(kLook);
    }
}

}  // namespace grid::adapters::podman
