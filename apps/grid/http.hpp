#pragma once

#include <chrono>
#include <string>

#include "runtime/server_url.hpp"

namespace grid::cli {

/// A server by its URL: http or https, the host resolved once. Throws Failure `bad_url`, `unreachable`.
class Endpoint {
public:
    explicit Endpoint(const std::string& url);

    /// Any status is an answer. Throws Failure `unreachable`, `timeout`.
    runtime::HttpResponse request(const std::string& method, const std::string& path,
                                  runtime::HttpHeaders headers, std::string body,
                                  std::chrono::milliseconds timeout = std::chrono::seconds(30)) const;
    /// The body as it comes; answers the status when the server ends it.
    runtime::HttpResponse stream(const std::string& path, runtime::HttpHeaders headers,
                                 const runtime::HttpSink& sink) const;
    const std::string& url() const noexcept { return url_; }
    const std::string& host() const noexcept { return place_.host; }
    const std::string& authority() const noexcept { return place_.authority; }
    const std::string& base_path() const noexcept { return place_.path; }
    /// Where to connect, and how.
    const runtime::HttpServer& server() const noexcept { return server_; }
    std::uint16_t port() const noexcept { return place_.port; }

private:
    std::string url_;
    runtime::ServerUrl place_;
    runtime::HttpServer server_;
};

}  // namespace grid::cli
