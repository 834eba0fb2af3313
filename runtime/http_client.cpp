#include "runtime/http_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

#include "runtime/tls_client.hpp"

namespace grid::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using LocalStream = beast::basic_stream<asio::local::stream_protocol>;

/// Lends the socket to a HttpStop while an exchange runs.
struct HttpStopSlot {
    HttpStopSlot(HttpStop* stop, int socket) : stop_(stop) {
        if (!stop_) return;
        const std::lock_guard lock(stop_->mutex_);
        stop_->socket_ = socket;
        if (stop_->stopped_) ::shutdown(socket, SHUT_RDWR);
    }
    ~HttpStopSlot() {
        if (!stop_) return;
        const std::lock_guard lock(stop_->mutex_);
        stop_->socket_ = -1;
    }
    HttpStopSlot(const HttpStopSlot&) = delete;
    HttpStopSlot& operator=(const HttpStopSlot&) = delete;

private:
    HttpStop* stop_;
};

namespace {

constexpr std::size_t kPiece = 16 * 1024;
constexpr std::size_t kMaxErrorBody = 64 * 1024;

bool is_token(std::string_view text) {
    constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kExtra.find(c) != std::string_view::npos;
    });
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<http::request<http::string_body>> prepare(const HttpRequest& from, const std::string& default_host) {
    if (!is_token(from.method)) return fail("bad_request", "the method is not a token");
    if (from.target.empty() || from.target[0] != '/' || has_control(from.target) ||
        from.target.find(' ') != std::string::npos)
        return fail("bad_request", "the target must start with '/' and have no spaces or control characters");
    http::request<http::string_body> request;
    request.version(11);
    request.method_string(from.method);
    request.target(from.target);
    for (const auto& [name, value] : from.headers) {
        if (!is_token(name) || has_control(value))
            return fail("bad_request", "the header " + name + " has characters that a header may not have");
        request.insert(name, value);
    }
    if (request.find(http::field::host) == request.end()) request.set(http::field::host, default_host);
    if (request.find(http::field::user_agent) == request.end())
        request.set(http::field::user_agent, "grid/" GRID_VERSION);
    request.set(http::field::connection, "close");
    request.body() = from.body;
    request.prepare_payload();
    return request;
}

/// One exchange over one stream: every step is asynchronous under the stream's own deadline, and driven here.
template <class Stream>
class Exchange {
public:
    Exchange(asio::io_context& io, Stream& stream, HttpDeadline deadline, HttpStop* stop)
        : io_(io), stream_(stream), stop_(stop) {
        arm(deadline);
    }

    void arm(HttpDeadline deadline) {
        deadline == HttpDeadline::max() ? beast::get_lowest_layer(stream_).expires_never()
                                        : beast::get_lowest_layer(stream_).expires_at(deadline);
    }

    /// Runs one operation to its end.
    template <class Start>
    beast::error_code run(Start start) {
        beast::error_code result = asio::error::operation_aborted;
        start([&](beast::error_code code, auto&&...) { result = code; });
        io_.restart();
        io_.run();
        return result;
    }

    tl::unexpected<Error> error(const char* code, beast::error_code why, const std::string& doing) const {
        if (stop_ && stop_->stopped()) return fail("stopped", "the request was stopped");
        if (why == beast::error::timeout) return fail("timeout", "no answer in time while " + doing);
        if (why == http::error::body_limit)
            return fail("too_large", "the answer's body is larger than allowed");
        return fail(code, doing + ": " + why.message());
    }

    Result<HttpResponse> talk(http::request<http::string_body>& request, std::size_t max_body,
                              const HttpSink* sink) {
        if (auto e = run([&](auto done) { http::async_write(stream_, request, done); }))
            return error("unreachable", e, "sending the request");
        http::response_parser<http::buffer_body> parser;
        parser.header_limit(64 * 1024);
        if (request.method() == http::verb::head) parser.skip(true);
        do {  // 1xx heads come before the real one
            if (auto e = run([&](auto done) { http::async_read_header(stream_, buffer_, parser, done); }))
                return error("bad_response", e, "reading the answer's head");
        } while (parser.get().result_int() / 100 == 1 && parser.get().result_int() != 101 && renew(parser));
        HttpResponse response;
        response.status = parser.get().result_int();
        for (const auto& field : parser.get())
            response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
        const bool streaming = sink && response.status / 100 == 2;
        if (streaming) {
            arm(HttpDeadline::max());
            parser.body_limit(boost::none);
        } else {
            const auto limit = sink ? kMaxErrorBody : max_body;
            parser.body_limit(limit);
            // A length that is announced too large is refused before a byte of it is read.
            if (const auto length = parser.content_length(); length && *length > limit)
                return fail("too_large", "the answer's body is larger than allowed");
        }
        return read_body(parser, std::move(response), streaming ? sink : nullptr,
                         sink ? kMaxErrorBody : max_body);
    }

private:
    bool renew(http::response_parser<http::buffer_body>& parser) {
        // A parser serves one message; the next head needs a fresh one.
        std::destroy_at(&parser);
        std::construct_at(&parser);
        parser.header_limit(64 * 1024);
        return ++interim_ < 8;
    }

    Result<HttpResponse> read_body(http::response_parser<http::buffer_body>& parser, HttpResponse response,
                                   const HttpSink* sink, std::size_t max_body) {
        char piece[kPiece];
        while (!parser.is_done()) {
            parser.get().body().data = piece;
            parser.get().body().size = sizeof piece;
            parser.get().body().more = true;
            const auto e = run([&](auto done) { http::async_read_some(stream_, buffer_, parser, done); });
            const std::string_view got(piece, sizeof piece - parser.get().body().size);
            if (e && e != http::error::need_buffer) {
                // Without a length the end of the connection is the end of the body.
                return error("bad_response", e, "reading the answer's body");
            }
            if (sink) {
                if (!got.empty() && !(*sink)(got)) return response;
            } else {
                if (response.body.size() + got.size() > max_body)
                    return fail("too_large", "the answer's body is larger than allowed");
                response.body.append(got);
            }
        }
        return response;
    }

    asio::io_context& io_;
    Stream& stream_;
    HttpStop* stop_;
    beast::flat_buffer buffer_;
    int interim_ = 0;
};

struct Work {
    const HttpRequest& request;
    HttpDeadline deadline;
    std::size_t max_body;
    const HttpSink* sink;
    HttpStop* stop;
};

template <class Stream, class Address>
Result<HttpResponse> connect_and_talk(asio::io_context& io, Stream& stream, const Address& address,
                                      const std::string& host, const std::string& name, const Work& work) {
    auto request = prepare(work.request, host);
    if (!request) return tl::unexpected(request.error());
    Exchange<Stream> exchange(io, stream, work.deadline, work.stop);
    auto& lowest = beast::get_lowest_layer(stream);
    if (auto e = exchange.run([&](auto done) { lowest.async_connect(address, done); }))
        return exchange.error("unreachable", e, "connecting to " + name);
    const HttpStopSlot slot(work.stop, lowest.socket().native_handle());
    if constexpr (requires { stream.next_layer().socket(); }) {
        if (auto e = exchange.run(
                [&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); }))
            return exchange.error("tls_failed", e, "the TLS handshake with " + name);
    }
    return exchange.talk(*request, work.max_body, work.sink);
}

Result<asio::ip::tcp::endpoint> endpoint_of(const std::string& address, std::uint16_t port) {
    beast::error_code e;
    const auto ip = asio::ip::make_address(address, e);
    if (e) return fail("bad_request", "expected an IP address, got \"" + address + "\"");
    return asio::ip::tcp::endpoint(ip, port);
}

std::string host_text(const std::string& host, std::uint16_t port, std::uint16_t usual) {
    const auto plain = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    return port == usual ? plain : plain + ":" + std::to_string(port);
}

Result<HttpResponse> perform(const UnixSocket& server, const Work& work) {
    asio::io_context io(1);
    LocalStream stream(io);
    if (server.path.size() >= 108) return fail("bad_request", "the socket path is longer than 107 bytes");
    const asio::local::stream_protocol::endpoint endpoint(server.path);
    return connect_and_talk(io, stream, endpoint, "localhost", server.path, work);
}

Result<HttpResponse> perform(const TcpSocket& server, const Work& work) {
    auto endpoint = endpoint_of(server.address, server.port);
    if (!endpoint) return tl::unexpected(endpoint.error());
    asio::io_context io(1);
    beast::tcp_stream stream(io);
    const auto host = host_text(server.address, server.port, 80);
    return connect_and_talk(io, stream, *endpoint, host, host, work);
}

Result<HttpResponse> perform(const TlsSocket& server, const Work& work) {
    auto endpoint = endpoint_of(server.address, server.port);
    if (!endpoint) return tl::unexpected(endpoint.error());
    auto tls = tls_client(server.ca_file);
    if (!tls) return tl::unexpected(tls.error());
    asio::io_context io(1);
    beast::ssl_stream<beast::tcp_stream> stream(io, *tls);
    if (auto expected = expect_server(stream, server.server_name); !expected)
        return tl::unexpected(expected.error());
    const auto host = host_text(server.server_name, server.port, 443);
    return connect_and_talk(io, stream, *endpoint, host, host, work);
}

Result<HttpResponse> perform_any(const HttpServer& server, const Work& work) {
    try {
        return std::visit([&](const auto& s) { return perform(s, work); }, server);
    } catch (const std::exception& e) {
        return fail("bad_response", std::string("the exchange failed: ") + e.what());
    }
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
    return {};
}

void HttpStop::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool HttpStop::stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

Result<HttpResponse> HttpClient::request(const HttpRequest& request, HttpDeadline deadline,
                                         std::size_t max_body) const {
    return perform_any(server_, Work{request, deadline, max_body, nullptr, nullptr});
}

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, HttpDeadline deadline,
                                        const HttpSink& sink, HttpStop* stop) const {
    return perform_any(server_, Work{request, deadline, 0, &sink, stop});
}

std::string percent_encode(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' ||
                           byte == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

}  // namespace grid::runtime
