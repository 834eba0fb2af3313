#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "store/result.hpp"

/// An HTTP/1.1 client for drivers that run on threads of their own: it blocks, but never past its deadline.
namespace grid::runtime {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// A server on a UNIX socket.
struct UnixSocket {
    std::string path;
};

/// A server at an address that has been resolved (and checked) already.
struct TcpSocket {
    std::string address;  ///< IPv4 or IPv6 text
    std::uint16_t port = 0;
};

/// The same under TLS. The certificate must be valid for `server_name`, which is also the SNI.
struct TlsSocket {
    std::string address;
    std::uint16_t port = 0;
    std::string server_name;
    std::string ca_file;  ///< PEM; empty: the system's authorities
};

using HttpServer = std::variant<UnixSocket, TcpSocket, TlsSocket>;
using HttpDeadline = std::chrono::steady_clock::time_point;

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";  ///< origin form, already percent-encoded
    HttpHeaders headers;       ///< Host is added when absent; Content-Length always
    std::string body;
};

struct HttpResponse {
    unsigned status = 0;
    HttpHeaders headers;
    std::string body;

    /// The first header of that name (any case); empty when absent.
    std::string_view header(std::string_view name) const;
};

/// Ends a stream from another thread.
class HttpStop {
public:
    void stop();
    bool stopped() const;

private:
    friend class HttpClient;
    friend struct HttpStopSlot;
    mutable std::mutex mutex_;
    bool stopped_ = false;
    int socket_ = -1;
};

/// Takes a piece of the body; false ends the stream.
using HttpSink = std::function<bool(std::string_view)>;

/// One server; a new connection for each request. Any number of threads may use one client.
/// Error codes: bad_request, unreachable, timeout, tls_failed, bad_response, too_large, stopped.
class HttpClient {
public:
    explicit HttpClient(HttpServer server) : server_(std::move(server)) {}

    /// The whole answer, whatever its status; `too_large` when the body has more than `max_body` bytes.
    Result<HttpResponse> request(const HttpRequest& request, HttpDeadline deadline,
                                 std::size_t max_body = 8u << 20) const;

    /// The body piece by piece as it comes, for as long as the server sends (the deadline bounds the head;
    /// give HttpDeadline::max() for none). A status other than 2xx is answered with its body and the sink is
    /// not called.
    Result<HttpResponse> stream(const HttpRequest& request, HttpDeadline deadline, const HttpSink& sink,
                                HttpStop* stop = nullptr) const;

private:
    HttpServer server_;
};

/// Percent-encodes everything that is not unreserved (RFC 3986, 2.3): for path segments and query values.
std::string percent_encode(std::string_view text);

}  // namespace grid::runtime
