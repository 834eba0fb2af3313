#include "adapters/kubernetes/transport.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <mutex>
#include <optional>

#include "adapters/kubernetes/connect.hpp"

namespace grid::adapters::kubernetes {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kPiece = 16 * 1024;
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr std::size_t kMaxBuffer = 256 * 1024;  // of heads, and of what stands between a body's pieces
constexpr std::size_t kMaxIdle = 8;
constexpr std::chrono::seconds kIdleLife{20};  // servers close after a while; Go's default is far above

using Sink = std::function<bool(std::string_view)>;

/// How one exchange goes.
struct Exchange {
    const HttpRequest* request = nullptr;
    const std::string* bearer = nullptr;
    Deadline deadline{};
    std::size_t max_body = 0;
    const Sink* sink = nullptr;  ///< streaming
    milliseconds idle{};
    Stop* stop = nullptr;
};

/// A connection that outlives its exchanges.
class Connection {
public:
    Connection() = default;
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    virtual Result<void> open(const Access& access, Deadline deadline, Stop* stop) = 0;
    virtual Result<HttpResponse> talk(const Access& access, const Exchange& exchange) = 0;

    bool used = false;      ///< an exchange went over it before
    bool reusable = false;  ///< after the last exchange
    bool answered = false;  ///< bytes of an answer came in the last exchange
    std::uint64_t generation = 0;
    Deadline idle_until{};
};

template <class Stream>
class ConnectionOver final : public Connection {
public:
    template <class... Layer>
    explicit ConnectionOver(std::shared_ptr<TlsContext> tls, Layer&... layer)
        : tls_(std::move(tls)), stream_(io_, layer...) {}

    Result<void> open(const Access& access, Deadline deadline, Stop* stop) override {
        return open_stream(io_, stream_, access, deadline, stop);
    }

    Result<HttpResponse> talk(const Access& access, const Exchange& exchange) override {
        answered = reusable = false;
        const auto& wanted = *exchange.request;
        http::request<http::string_body> request;
        request.version(11);
        request.method_string(wanted.method);
        request.target(access.path + wanted.target);
        request.set(http::field::host, host_header(access));
        request.set(http::field::user_agent, "grid/" GRID_VERSION);
        request.set(http::field::accept, "application/json");
        if (!exchange.bearer->empty()) request.set(http::field::authorization, "Bearer " + *exchange.bearer);
        for (const auto& [name, value] : wanted.headers) request.set(name, value);
        request.body() = wanted.body;
        request.prepare_payload();

        auto& lowest = beast::get_lowest_layer(stream_);
        const Stop::Socket lent(exchange.stop, lowest.socket().native_handle());
        lowest.expires_at(exchange.deadline);
        if (auto e = run_one(io_, [&](auto done) { http::async_write(stream_, request, done); }))
            return socket_error("unreachable", e, "sending the request", exchange.stop);
        http::response_parser<http::buffer_body> parser;
        parser.header_limit(64 * 1024);
        parser.body_limit(boost::none);  // counted below
        if (auto e =
                run_one(io_, [&](auto done) { http::async_read_header(stream_, buffer_, parser, done); })) {
            answered = parser.got_some() || buffer_.size() > 0;
            const bool ended = e == http::error::end_of_stream || e == asio::error::connection_reset ||
                               e == asio::error::eof || e == asio::ssl::error::stream_truncated;
            return socket_error(ended && !answered ? "unreachable" : "bad_reply", e, "reading the answer",
                                exchange.stop);
        }
        answered = true;
        HttpResponse response;
        response.status = parser.get().result_int();
        for (const auto& field : parser.get())
            response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
        const bool streaming = exchange.sink != nullptr && response.status / 100 == 2;
        return read_body(parser, std::move(response), exchange, streaming);
    }

private:
    Result<HttpResponse> read_body(http::response_parser<http::buffer_body>& parser, HttpResponse response,
                                   const Exchange& exchange, bool streaming) {
        const auto most = exchange.sink != nullptr ? kMaxErrorBody : exchange.max_body;
        char piece[kPiece];
        while (!parser.is_done()) {
            if (streaming) beast::get_lowest_layer(stream_).expires_after(exchange.idle);
            parser.get().body().data = piece;
            parser.get().body().size = sizeof piece;
            parser.get().body().more = true;
            const auto e =
                run_one(io_, [&](auto done) { http::async_read_some(stream_, buffer_, parser, done); });
            if (e && e != http::error::need_buffer)
                return socket_error("bad_reply", e, "reading the answer's body", exchange.stop);
            const std::string_view got(piece, sizeof piece - parser.get().body().size);
            if (streaming) {
                if (!got.empty() && !(*exchange.sink)(got)) return response;
            } else {
                if (response.body.size() + got.size() > most)
                    return fail("too_large", "the answer is larger than " + std::to_string(most) + " bytes");
                response.body.append(got);
            }
        }
        reusable = parser.get().keep_alive() && buffer_.size() == 0;
        return response;
    }

    asio::io_context io_{1};
    std::shared_ptr<TlsContext> tls_;  // outlives the stream
    Stream stream_;
    beast::flat_buffer buffer_{kMaxBuffer};
};

}  // namespace

struct Transport::Pool {
    explicit Pool(Access of) : access(std::move(of)) {}

    const Access access;
    std::mutex mutex;
    std::deque<std::unique_ptr<Connection>> idle;  ///< newest at the back
    std::shared_ptr<TlsContext> tls;
    std::uint64_t tls_generation = 0;

    std::unique_ptr<Connection> take_idle(const Identity& who) {
        const auto now = steady_clock::now();
        const std::lock_guard lock(mutex);
        std::erase_if(idle,
                      [&](const auto& c) { return c->generation != who.generation || c->idle_until <= now; });
        if (idle.empty()) return nullptr;
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
    }

    void give_back(std::unique_ptr<Connection> connection) {
        if (!connection->reusable) return;
        connection->used = true;
        connection->idle_until = steady_clock::now() + kIdleLife;
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(connection));
        if (idle.size() > kMaxIdle) idle.pop_front();
    }

    Result<std::unique_ptr<Connection>> open(const Identity& who, Deadline deadline, Stop* stop) {
        std::unique_ptr<Connection> connection;
        if (access.tls) {
            const std::lock_guard lock(mutex);
            if (!tls || tls_generation != who.generation) {
                auto made = make_tls(access, who);
                if (!made) return tl::unexpected(made.error());
                tls = std::move(*made);
                tls_generation = who.generation;
            }
            connection = std::make_unique<ConnectionOver<TlsStream>>(tls, *tls);
        } else {
            connection = std::make_unique<ConnectionOver<PlainStream>>(nullptr);
        }
        connection->generation = who.generation;
        if (auto opened = connection->open(access, deadline, stop); !opened)
            return tl::unexpected(opened.error());
        return connection;
    }

    Result<HttpResponse> perform(const Identity& who, const Exchange& exchange) {
        // A POST is never made twice, so it gets no connection that may be dead.
        auto connection = exchange.request->method == "POST" ? nullptr : take_idle(who);
        for (;;) {
            if (!connection) {
                auto opened = open(who, exchange.deadline, exchange.stop);
                if (!opened) return tl::unexpected(opened.error());
                connection = std::move(*opened);
            }
            auto answer = connection->talk(access, exchange);
            const bool was_dead =
                !answer && connection->used && !connection->answered && answer.error().code == "unreachable";
            if (!was_dead) {
                give_back(std::move(connection));
                return answer;
            }
            connection.reset();
        }
    }
};

Transport::Transport(const Access& access) : pool_(std::make_unique<Pool>(access)) {}
Transport::~Transport() = default;

Result<HttpResponse> Transport::request(const Identity& who, const HttpRequest& request, Deadline deadline,
                                        std::size_t max_body, Stop* stop) try {
    return pool_->perform(who, {&request, &who.bearer, deadline, max_body, nullptr, {}, stop});
} catch (const std::exception& e) {
    return fail("bad_reply", std::string("the exchange failed: ") + e.what());
}

Result<HttpResponse> Transport::stream(const Identity& who, const HttpRequest& request, Deadline deadline,
                                       milliseconds idle, const Sink& sink, Stop* stop) try {
    return pool_->perform(who, {&request, &who.bearer, deadline, 0, &sink, idle, stop});
} catch (const std::exception& e) {
    return fail("bad_reply", std::string("the exchange failed: ") + e.what());
}

// ---- connect.hpp ----

Result<std::shared_ptr<TlsContext>> make_tls(const Access&, const Identity& who) {
    auto tls = std::make_shared<TlsContext>(TlsContext::tls_client);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    beast::error_code e;
    // An encrypted key must not ask a terminal for its password.
    tls->set_password_callback([](std::size_t, TlsContext::password_purpose) { return std::string(); }, e);
    if (who.authorities.empty()) {
        tls->set_default_verify_paths(e);
    } else {
        tls->add_certificate_authority(asio::buffer(who.authorities), e);
    }
    if (e) return fail("tls_failed", "the certificate authorities cannot be read: " + e.message());
    if (!who.certificate.empty()) {
        tls->use_certificate_chain(asio::buffer(who.certificate), e);
        if (e) return fail("tls_failed", "the client's certificate cannot be read: " + e.message());
        tls->use_private_key(asio::buffer(who.key), TlsContext::pem, e);
        if (e)
            return fail("tls_failed",
                        "the client's key cannot be read, or is not the certificate's: " + e.message());
    }
    tls->set_verify_mode(asio::ssl::verify_peer, e);
    return tls;
}

Result<void> expect_server(TlsStream& stream, const Access& access) {
    beast::error_code e;
    stream.set_verify_callback(asio::ssl::host_name_verification(access.server_name), e);
    asio::ip::make_address(access.server_name, e);
    if (!e) return {};  // an address is no SNI (RFC 6066)
    if (SSL_set_tlsext_host_name(stream.native_handle(), access.server_name.c_str()) != 1)
        return fail("tls_failed", "the server name cannot be sent: " + access.server_name);
    return {};
}

Result<std::vector<asio::ip::tcp::endpoint>> resolve(const Access& access) {
    beast::error_code e;
    if (const auto address = asio::ip::make_address(access.host, e); !e)
        return std::vector{asio::ip::tcp::endpoint(address, access.port)};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(access.host.c_str(), nullptr, &hints, &found) != 0 || found == nullptr)
        return fail("unreachable", "the name " + access.host + " cannot be resolved");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const auto* one = found; one != nullptr; one = one->ai_next) {
        char text[NI_MAXHOST];
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        if (const auto address = asio::ip::make_address(text, e); !e)
            endpoints.emplace_back(address, access.port);
    }
    if (endpoints.empty()) return fail("unreachable", "the name " + access.host + " has no address");
    return endpoints;
}

void notice_silence(int socket) {
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(socket, level, name, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);   // seconds
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);  // seconds
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);  // milliseconds, for what was sent
}

std::vector<std::string> addresses_of(const Access& access) {
    std::vector<std::string> out;
    if (const auto endpoints = resolve(access))
        for (const auto& endpoint : *endpoints) out.push_back(endpoint.address().to_string());
    return out;
}

tl::unexpected<Error> socket_error(const char* code, beast::error_code why, const std::string& doing,
                                   const Stop* stop) {
    if (stop != nullptr && stop->stopped()) return fail("stopped", "the exchange was stopped");
    if (why == beast::error::timeout) return fail("timeout", "no answer in time while " + doing);
    return fail(code, doing + ": " + why.message());
}

std::string host_header(const Access& access) {
    const auto plain = access.host.find(':') == std::string::npos ? access.host : "[" + access.host + "]";
    return plain + ":" + std::to_string(access.port);
}

}  // namespace grid::adapters::kubernetes
