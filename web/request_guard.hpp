#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "web/http_server.hpp"

namespace grid::web {

/// Which names and origins an API trusts.
struct GuardOptions {
    /// Host names (lower case, no port) beside localhost, 127.0.0.1 and [::1].
    std::vector<std::string> hosts;
    /// Ports that Host may name (0: none given). Empty: the port of the listener alone, see
    /// RequestGuard::set_port().
    std::vector<std::uint16_t> ports;
    /// Origins of platform pages that may call this API from a browser, exactly as browsers send them, like
    /// "https://market.example.org" or "http://127.0.0.1:8080".
    std::vector<std::string> origins;
    /// Origins under this domain are tenants' pages: refused whatever they ask for. Empty: there are none.
    std::string apps_domain;
};

/// Where a request comes from, by its Origin header.
enum class OriginKind : std::uint8_t {
    absent,   ///< not a browser's cross-origin or unsafe request
    own,      ///< a page of this API's own host
    trusted,  ///< a configured platform
    foreign,  ///< any other page, "null" included
    tenant,   ///< a page of a tenant's application
};

/// Judges Host and Origin. Reads only what is fixed at start, save the port.
class RequestGuard {
public:
    explicit RequestGuard(GuardOptions options);

    /// The port that the listener got. Before this call any port is taken when `ports` is empty.
    void set_port(std::uint16_t port) noexcept { port_.store(port, std::memory_order_relaxed); }
    /// Against DNS rebinding: Host is one of our names, with our port.
    bool own_host(const LocalRequest& request) const;
    OriginKind origin(const LocalRequest& request) const;

private:
    GuardOptions options_;
    std::atomic<std::uint16_t> port_{0};
};

/// The host of an origin ("https://a.b:8" -> "a.b"), in lower case; empty when it is none.
std::string origin_host(std::string_view origin);

}  // namespace grid::web
