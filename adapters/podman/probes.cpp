/// Probes: how they are made, and what their answers say.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "adapters/podman/health.hpp"
#include "adapters/podman/plan.hpp"
#include "adapters/podman/probe_text.hpp"

namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kConnectLimit{300};
constexpr milliseconds kStartProbePeriod{100};  // until ready, the period counts from then on
constexpr seconds kMaxProbe{5};
}  // namespace

bool accepts_connections(const std::string& address, std::uint16_t port, milliseconds limit) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) return false;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    if (!connected && errno == EINPROGRESS) {
        pollfd wait{fd, POLLOUT, 0};
        int error = 0;
        socklen_t size = sizeof error;
        connected = ::poll(&wait, 1, static_cast<int>(limit.count())) == 1 &&
                    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
    ::close(fd);
    return connected;
}

bool probe_succeeds(const PodmanApi& api, const ContainerRow& row, const lease::Probe& probe) {
    const milliseconds limit = std::min<milliseconds>(seconds(probe.timeout_s), kMaxProbe);
    switch (probe.kind) {
        case lease::Probe::Kind::tcp_socket:
            return accepts_connections(row.label(label::kAddress), probe.port, limit);
        case lease::Probe::Kind::exec: {
            const auto code = api.execute(row.id, probe.command, limit);
            return code && *code < 1;
        }
        case lease::Probe::Kind::http_get: {
            const runtime::HttpClient client(runtime::TcpSocket{row.label(label::kAddress), probe.port});
            runtime::HttpRequest request;
            request.target = probe.path.empty() ? "/" : probe.path;
            request.headers = {{"User-Agent", "grid-probe"}};
            for (const auto& header : probe.headers) request.headers.push_back({header.name, header.value});
            // The head decides; the body is left.
            const auto response =
                client.stream(request, steady_clock::now() + limit, [](std::string_view) { return false; });
            return response && response->status >= 200 && response->status < 400;
        }
    }
    return false;
}

bool HealthBook::ready_now(const ContainerRow& row, const ContainerRow& owner) {
    const auto probe = read_probe(row.label(label::kReadiness));
    const auto now = steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        auto& e = entry(row);
        if (row.read_at < e.changed_at) return false;
        if (!e.started && !row.label(label::kStartup).empty()) return false;
        if (now < e.next_probe) return e.ready;
        if (probe && !e.ready && now < e.first_seen + seconds(probe->initial_delay_s)) return false;
        e.next_probe = now + kMaxProbe;  // nobody else probes it meanwhile
    }
    bool good = true;
    if (probe) {
        good = probe_succeeds(api_, row, *probe);
    } else if (&row == &owner) {
        for (const auto& [name, port] : read_entrances(row.label(label::kEntrances)))
            good = good && accepts_connections(row.label(label::kAddress), port, kConnectLimit);
    }
    const std::lock_guard lock(mutex_);
    auto& e = entry(row);
    if (row.read_at < e.changed_at) return false;
    const bool was_ready = e.ready;
    e.successes = good ? e.successes + 1 : 0;
    e.failures = good ? 0 : e.failures + 1;
    if (!e.ready && good && e.successes >= (probe ? probe->success_threshold : 1)) e.ready = true;
    if (e.ready && !good && e.failures >= (probe ? probe->failure_threshold : 3)) e.ready = false;
    if (!was_ready && e.ready)
        events_.note(row, EventBook::Kind::normal, "Ready", row.label(label::kContainer) + " is ready");
    if (was_ready && !e.ready)
        events_.note(row, EventBook::Kind::warning, "Unhealthy",
                     row.label(label::kContainer) +
                         (probe ? " fails its readiness probe" : " does not accept connections any more"));
    const auto period = probe ? seconds(probe->period_s) : seconds(2);
    e.next_probe = steady_clock::now() + (e.ready ? milliseconds(period)
                                          : good  ? milliseconds(0)
                                                  : kStartProbePeriod);
    if (!e.ready && !probe) e.next_probe = SteadyTime{};
    return e.ready;
}

bool HealthBook::comes_up(const ContainerRow& row) {
    const auto probe = read_probe(row.label(label::kStartup));
    if (!probe) return true;
    const auto now = steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        auto& e = entry(row);
        if (e.started || row.read_at < e.changed_at || now < e.next_start ||
            now < e.first_seen + seconds(probe->initial_delay_s))
            return true;
        e.next_start = now + seconds(probe->period_s);
    }
    const bool good = probe_succeeds(api_, row, *probe);
    const std::lock_guard lock(mutex_);
    auto& e = entry(row);
    if (row.read_at < e.changed_at) return true;
    e.started = good;
    e.start_failures = good ? 0 : e.start_failures + 1;
    if (good) e.next_live = steady_clock::now();
    if (e.start_failures < probe->failure_threshold) return true;
    events_.note(row, EventBook::Kind::warning, "Unhealthy",
                 row.label(label::kContainer) + " fails its startup probe and is restarted");
    return false;
}

bool HealthBook::alive(const ContainerRow& row) {
    if (!row.running()) return true;
    if (!comes_up(row)) return false;
    const auto probe = read_probe(row.label(label::kLiveness));
    if (!probe) return true;
    const auto now = steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        auto& e = entry(row);
        if (!e.started && !row.label(label::kStartup).empty()) return true;
        if (row.read_at < e.changed_at || now < e.next_live ||
            now < e.first_seen + seconds(probe->initial_delay_s))
            return true;
        e.next_live = now + seconds(probe->period_s);
    }
    const bool good = probe_succeeds(api_, row, *probe);
    const std::lock_guard lock(mutex_);
    auto& e = entry(row);
    if (row.read_at < e.changed_at) return true;
    e.live_failures = good ? 0 : e.live_failures + 1;
    if (e.live_failures < probe->failure_threshold) return true;
    events_.note(row, EventBook::Kind::warning, "Unhealthy",
                 row.label(label::kContainer) + " fails its liveness probe and is restarted");
    return false;
}

}  // namespace grid::adapters::podman
