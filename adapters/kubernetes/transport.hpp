#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kubernetes/credentials.hpp"
#include "adapters/kubernetes/stop.hpp"
#include "runtime/http_client.hpp"

namespace grid::adapters::kubernetes {

using runtime::HttpRequest;
using runtime::HttpResponse;
using Deadline = std::chrono::steady_clock::time_point;

/// HTTP/1.1 to one API server over TLS 1.2 or newer, with a pool of connections that are kept alive. It
/// blocks, but never past its deadline (but for the look-up of a name, which is the system's). Any number of
/// threads may use one. Knows nothing of Kubernetes.
/// Error codes: unreachable, timeout, tls_failed, bad_reply, too_large, stopped.
class Transport {
public:
    explicit Transport(const Access& access);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    /// The whole answer, whatever its status. A request over a pooled connection that turns out to be dead is
    /// made again over a fresh one, unless it is a POST.
    Result<HttpResponse> request(const Identity& who, const HttpRequest& request, Deadline deadline,
                                 std::size_t max_body, Stop* stop = nullptr);

    /// The body piece by piece as it comes; false from the sink ends it. The deadline is the head's; then no
    /// piece may take longer than `idle`. A status other than 2xx is answered with its body.
    Result<HttpResponse> stream(const Identity& who, const HttpRequest& request, Deadline deadline,
                                std::chrono::milliseconds idle,
                                const std::function<bool(std::string_view)>& sink, Stop* stop);

private:
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

/// The addresses that the server's name has now; none when it cannot be resolved.
std::vector<std::string> addresses_of(const Access& access);

}  // namespace grid::adapters::kubernetes
