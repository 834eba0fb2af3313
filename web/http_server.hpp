#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/result.hpp"
#include "web/web_socket.hpp"

namespace grid::lease {
struct Route;
class RoutePublisher;
}  // namespace grid::lease

namespace grid::web {

namespace proxy {
class AccessCheck;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A whole request that the server answers itself (API, JSON-RPC, pages), with its body read and unchunked.
struct LocalRequest {
    std::string method;      ///< as sent, case-sensitive
    std::string target;      ///< origin form as sent: path and query
    std::string path;        ///< the target before '?'; starts with '/'; not decoded
    std::string query;       ///< the target after '?'; not decoded; may be empty
    std::string host;        ///< Host in lower case without port
    std::uint16_t port = 0;  ///< the port in Host; 0 when it has none
    Headers headers;         ///< in the order sent; names in lower case
    std::string body;
    std::string client;    ///< IP address of the client (of the last hop before a trusted proxy)
    bool upgrade = false;  ///< the client asks for another protocol (header `upgrade`)
    bool https = false;    ///< the client came over TLS (as a trusted proxy in front says)
    /// Set only for paths under `ServerOptions::reserved_prefix` on an application's host, where nothing but
    /// the session handoff may be answered: the route of that application. Null on every other host.
    std::shared_ptr<const lease::Route> application;

    /// The first header of that name (lower case); null when there is none.
    const std::string* header(std::string_view name) const;
};

/// The answer to a local request. Every call is safe from any thread and never blocks.
/// Either send() once, or begin(), write() as often as wanted, and finish(), or upgrade() when the request
/// asks for a WebSocket. Later calls are ignored.
/// The server adds Date, Content-Length or Transfer-Encoding, and Connection. Content-Type is the handler's.
/// When the last reference goes before the answer is complete, the client gets 500, or a cut stream.
class LocalReply {
public:
    virtual ~LocalReply() = default;
    /// The whole answer. For HEAD the body is counted but not sent.
    virtual void send(unsigned status, Headers headers, std::string body) = 0;
    /// Starts a streamed answer (Server-Sent Events, logs): chunked, or until close to an HTTP/1.0 client.
    virtual void begin(unsigned status, Headers headers) = 0;
    /// Queues a piece of a streamed answer. False: the client has gone, or lags by more than
    /// `ServerOptions::reply_queue_limit` bytes (then it is cut off); stop producing.
    virtual bool write(std::string_view piece) = 0;
    virtual void finish() = 0;
    /// True once the client has gone or the server stops.
    virtual bool closed() const = 0;
    /// Calls `callback` once, on an I/O thread, when the client goes before the answer is complete (at once
    /// when it has gone already). It must not block.
    virtual void on_close(std::function<void()> callback) = 0;
    /// Goes on as a WebSocket.
    virtual void upgrade(WebSocketUpgrade upgrade) = 0;
};

/// Answers local requests. Called on an I/O thread: must not block; answers at any time later from any
/// thread.
class LocalHandler {
public:
    virtual ~LocalHandler() = default;
    virtual void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) = 0;
};

/// One line of the access log.
struct AccessRecord {
    std::string client;
    std::string user;  ///< of the session, when there is one
    std::string method;
    std::string host;
    std::string target;     ///< without the query when a temporary URL came
    std::string lease_key;  ///< empty for local requests
    std::string app;
    unsigned status = 0;  ///< 0: the client went before an answer
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::chrono::microseconds duration{0};
    bool local = false;  ///< answered by the server or its handler, not by an application
};

/// Limits and manners of a server. The defaults suit a gateway.
struct ServerOptions {
    std::size_t max_head = 64 * 1024;              ///< bytes of a request or response head
    std::size_t max_local_body = 2 * 1024 * 1024;  ///< bytes of a local request's body: 413 above
    std::uint64_t max_proxy_body = 0;  ///< bytes of a forwarded request body: 413 above; 0: no limit
    std::size_t reply_queue_limit = 16 * 1024 * 1024;
    std::size_t max_connections = 20000;  ///< in all; more are refused with 503
    std::size_t max_connections_per_client =
        512;  ///< per address; loopback and trusted proxies are not counted
    std::size_t upstream_idle_per_thread = 1024;  ///< kept-alive connections to applications
    std::chrono::milliseconds header_timeout{
        10'000};  ///< for a whole request head, from its first byte or the accept
    std::chrono::milliseconds keep_alive_timeout{75'000};  ///< between two requests of a client
    std::chrono::milliseconds body_timeout{60'000};        ///< silence within a body, in either direction
    std::chrono::milliseconds connect_timeout{5'000};      ///< to an application
    std::chrono::milliseconds response_timeout{120'000};   ///< for a response head from an application: 504
    std::chrono::milliseconds stream_idle_timeout{
        600'000};  ///< silence within a response body (SSE) or in a tunnel
    std::chrono::milliseconds local_timeout{120'000};  ///< for a local answer to begin: 504
    std::chrono::milliseconds half_close_grace{
        5'000};  ///< a client that has shut down its side may still wait so long
    std::chrono::milliseconds upstream_idle_timeout{
        30'000};                                    ///< how long an idle connection to an application is kept
    std::chrono::milliseconds sweep_interval{250};  ///< how precisely all of these are kept
    std::vector<std::string> trusted_proxies;  ///< IP addresses whose X-Forwarded-For and -Proto are believed
    /// Host names (no port, lower case) that the local handler answers to; others get 421, which stops DNS
    /// rebinding. Empty: any.
    std::vector<std::string> local_hosts;
    std::string reserved_prefix =
        "/.grid/";  ///< paths of an application's host that the local handler answers
    std::function<void(const AccessRecord&)>
        access_log;  ///< called on I/O threads; must not block; may be empty
};

/// What a gateway adds to its server. All must outlive the server.
struct ProxyWiring {
    /// Applications are served at <label>.<apps_domain>, e.g. "apps.localhost"; lower case, no port.
    std::string apps_domain;
    const lease::RoutePublisher* routes = nullptr;
    const proxy::AccessCheck* access = nullptr;
    /// Where a visitor of a private application is sent to log in; the application's label is appended. May
    /// be empty.
    std::string login_url;
};

/// Counts since the start; a snapshot.
struct ServerStats {
    std::uint64_t connections_open = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t requests_local = 0;
    std::uint64_t requests_forwarded = 0;
    std::uint64_t requests_refused = 0;  ///< bad heads, unknown hosts, no access
    std::uint64_t upstream_connects = 0;
    std::uint64_t upstream_retries = 0;
};

/// An HTTP/1.1 server for one listener. With a ProxyWiring it forwards requests for application hosts and for
/// the path form /a/<lease>/<app>/... to applications; whatever else comes goes to the handler. Without one,
/// everything does.
class HttpServer {
public:
    /// `handler` (and what `wiring` points to) must outlive the server. `wiring` null: no forwarding.
    HttpServer(ServerOptions options, LocalHandler& handler, const ProxyWiring* wiring = nullptr);
    /// Stops.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds an IP address and a port (0: any free one) and returns the port.
    /// Codes: address_in_use, bad_address, permission_denied, listen_failed.
    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
    /// Serves with that many threads (0: one per core). Once, after listen().
    void start(unsigned threads = 0);
    /// Closes the listener and every connection and joins the threads. Replies that are still held become
    /// closed.
    void stop();

    ServerStats stats() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace grid::web
