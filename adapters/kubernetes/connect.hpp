#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <vector>

#include "adapters/kubernetes/transport.hpp"

/// What the two users of sockets (transport.cpp, exec.cpp) share; nobody else includes this.
namespace grid::adapters::kubernetes {

using TlsContext = boost::asio::ssl::context;
using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

/// The client's side of TLS with an identity's certificates. Code `tls_failed`.
Result<std::shared_ptr<TlsContext>> make_tls(const Access& access, const Identity& who);

/// The certificate must be valid for the access's server name, which is also the SNI when it is no address.
Result<void> expect_server(TlsStream& stream, const Access& access);

/// All addresses of the server. Code `unreachable`.
Result<std::vector<boost::asio::ip::tcp::endpoint>> resolve(const Access& access);

/// Runs one asynchronous operation to its end on the calling thread.
template <class Start>
boost::system::error_code run_one(boost::asio::io_context& io, Start start) {
    boost::system::error_code result = boost::asio::error::operation_aborted;
    start([&](boost::system::error_code code, auto&&...) { result = code; });
    io.restart();
    io.run();
    return result;
}

/// The error of an operation in words.
tl::unexpected<Error> socket_error(const char* code, boost::system::error_code why, const std::string& doing,
                                   const Stop* stop);

/// A peer that is gone without a word is noticed within a minute, however long nothing is to be said.
void notice_silence(int socket);

/// Connects, with the handshake of TLS where there is one.
template <class Stream>
Result<void> open_stream(boost::asio::io_context& io, Stream& stream, const Access& access, Deadline deadline,
                         Stop* stop) {
    const auto endpoints = resolve(access);
    if (!endpoints) return tl::unexpected(endpoints.error());
    auto& lowest = boost::beast::get_lowest_layer(stream);
    boost::system::error_code problem;
    for (auto left = endpoints->size(); left > 0; --left) {
        const auto& endpoint = (*endpoints)[endpoints->size() - left];
        // Each address has its share of the time: one that swallows everything must not hide the next.
        const auto now = std::chrono::steady_clock::now();
        lowest.expires_at(now + (deadline - now) / static_cast<int>(left));
        lowest.socket().close(problem);
        lowest.socket().open(endpoint.protocol(), problem);
        if (problem) continue;
        const Stop::Socket lent(stop, lowest.socket().native_handle());
        problem = run_one(io, [&](auto done) {
            lowest.async_connect(endpoint, done);
            // A stop from now on ends it by its socket; one before has found nothing to shut down.
            if (stop != nullptr && stop->stopped()) lowest.cancel();
        });
        if (!problem || (stop != nullptr && stop->stopped())) break;
    }
    if (problem) return socket_error("unreachable", problem, "connecting to " + access.url(), stop);
    lowest.expires_at(deadline);
    lowest.socket().set_option(boost::asio::ip::tcp::no_delay(true));
    notice_silence(lowest.socket().native_handle());
    if constexpr (std::is_same_v<Stream, TlsStream>) {
        if (auto named = expect_server(stream, access); !named) return named;
        const Stop::Socket lent(stop, lowest.socket().native_handle());
        if (auto e = run_one(
                io, [&](auto done) { stream.async_handshake(boost::asio::ssl::stream_base::client, done); }))
            return socket_error("tls_failed", e, "the TLS handshake with " + access.url(), stop);
    }
    return {};
}

/// "HOST:PORT" for the head of a request.
std::string host_header(const Access& access);

}  // namespace grid::adapters::kubernetes
