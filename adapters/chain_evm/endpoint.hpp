#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runtime/http_client.hpp"

namespace grid::adapters::evm {

/// What an endpoint answered to a request, whatever its status; or why nothing came.
struct EndpointAnswer {
    unsigned status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retry_after;  ///< as the header says, in seconds
};

/// One JSON-RPC endpoint over HTTP or HTTPS. Blocks the calling thread, never longer than its patience. Any
/// number of threads may use it.
class Endpoint {
public:
    /// `http(s)://HOST[:PORT][/PATH][?QUERY]`; code `bad_url`.
    static Result<Endpoint> at(const std::string& url);

    /// Codes: those of runtime::HttpClient; `unreachable` also when the name cannot be resolved.
    Result<EndpointAnswer> post(const std::string& body, std::chrono::milliseconds patience,
                                std::size_t max_reply) const;

    /// Scheme, host and port. Path and query often hold a key, so they are never told.
    const std::string& name() const noexcept { return name_; }

private:
    std::string name_;
    std::string authority_;
    std::string host_;
    std::string target_;
    std::uint16_t port_ = 0;
    bool tls_ = false;
};

}  // namespace grid::adapters::evm
