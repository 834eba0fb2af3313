#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"
#include "runtime/address_guard.hpp"
#include "runtime/http_client.hpp"

namespace grid::adapters {

/// What the operator allows, and the bounds.
struct FetchPolicy {
    std::vector<runtime::IpNetwork> allowed_networks;  ///< special networks that may be called all the same
    std::size_t max_body = 1u << 20;                   ///< bytes
    std::chrono::milliseconds total{10'000};           ///< names, redirects and bodies together
    unsigned max_redirects = 3;
    std::string ca_file;  ///< PEM; empty: the system's authorities
};

/// Fetches a document behind the guard: a name is resolved once, every address of it is checked, and the
/// connection goes to an address that was checked, so that a second answer of the resolver changes nothing.
class Fetcher {
public:
    /// All addresses of a name. Codes: unresolved, timeout.
    using Resolver = std::function<Result<std::vector<runtime::IpAddress>>(const std::string& name,
                                                                           runtime::HttpDeadline deadline)>;
    /// One GET at exactly that server.
    using Connector = std::function<Result<runtime::HttpResponse>(
        const runtime::HttpServer& server, const runtime::HttpRequest& request,
        runtime::HttpDeadline deadline, std::size_t max_body)>;

    Fetcher(FetchPolicy policy, Resolver resolver, Connector connector);

    /// With the system's resolver and real connections.
    explicit Fetcher(FetchPolicy policy);

    /// The body of the answer 200. `sha256`: 64 hex digits of what it must be, or empty.
    /// Codes: bad_url, forbidden_address, too_large, timeout, bad_status, wrong_sha256, unreachable.
    Result<std::string> fetch(const std::string& url, const std::string& sha256) const;

private:
    FetchPolicy policy_;
    Resolver resolver_;
    Connector connector_;
    runtime::AddressGuard guard_;
};

/// The fetcher as an actor; each fetch runs on a thread of its own, at most 16 at a time (code `overloaded`).
messages::fetcher_actor spawn_fetcher(caf::actor_system& system, FetchPolicy policy);

}  // namespace grid::adapters
