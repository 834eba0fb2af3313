#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <optional>
#include <set>
#include <thread>

#include "support/fault_proxy.hpp"

namespace grid::test {

/// Stands before a node's WebSocket and does to connections and messages what networks do. With a certificate
/// and its key (PEM files) under TLS.
class WebSocketProxy {
public:
    using Fault = FaultProxy::Fault;
    struct Tls {
        std::string certificate;
        std::string key;
    };

    explicit WebSocketProxy(std::uint16_t to, const std::optional<Tls>& tls = {}) : to_(to) {
        if (tls) {
            tls_.emplace(boost::asio::ssl::context::tls_server);
            tls_->use_certificate_chain_file(tls->certificate);
            tls_->use_private_key_file(tls->key, boost::asio::ssl::context::pem);
        }
        boost::asio::co_spawn(io_, accept(), boost::asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    ~WebSocketProxy() {
        io_.stop();
        thread_.join();
    }
    WebSocketProxy(const WebSocketProxy&) = delete;

    std::string url(const std::string& host = "127.0.0.1") const {
        return (tls_ ? "wss://" : "ws://") + host + ":" + std::to_string(port_);
    }
    /// Connections that there are go through it, too: those that would not have been made are cut.
    void set(Fault fault) {
        fault_ = fault;
        if (fault == Fault::reset || fault == Fault::status_429 || fault == Fault::status_500) cut();
    }
    /// Ends all connections, without a word.
    void cut() {
        boost::asio::post(io_, [this] {
            for (const auto& end : ends_) end->close();
        });
    }
    /// Says something on all connections that nobody asked for.
    void say(const std::string& text) {
        boost::asio::post(io_, [this, text] {
            for (const auto& end : ends_) end->push(text);
        });
    }
    /// Notifications are lost.
    void mute(bool muted) { muted_ = muted; }
    /// Handshakes that were finished.
    std::size_t connections() const { return connections_; }

private:
    using tcp = boost::asio::ip::tcp;
    using Upward = boost::beast::websocket::stream<tcp::socket>;
    using Secure = boost::beast::websocket::stream<boost::beast::ssl_stream<tcp::socket>>;
    template <class T>
    using Awaitable = boost::asio::awaitable<T>;

    /// What the test does to a connection.
    struct End {
        std::function<void()> close;
        std::function<void(std::string)> push;
    };
    template <class Stream>
    struct Pair {
        Pair(Stream downward, boost::asio::io_context& io) : down(std::move(downward)), up(io) {}
        void close() {
            boost::beast::error_code ignored;
            boost::beast::get_lowest_layer(down).close(ignored);
            boost::beast::get_lowest_layer(up).close(ignored);
        }
        Stream down;
        Upward up;
        std::deque<std::string> outbox;
        bool writing = false;
        bool half = false;  ///< the next message ends in its middle
    };

    Awaitable<void> accept() {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
            if (tls_)
                boost::asio::co_spawn(io_, serve(Secure(std::move(socket), *tls_)), boost::asio::detached);
            else
                boost::asio::co_spawn(io_, serve(Upward(std::move(socket))), boost::asio::detached);
        }
    }

    template <class Stream>
    Awaitable<void> serve(Stream downward) {
        const auto pair = std::make_shared<Pair<Stream>>(std::move(downward), io_);
        const auto end = std::make_shared<End>(
            End{[pair] { pair->close(); }, [this, pair](std::string text) { push(pair, std::move(text)); }});
        ends_.insert(end);
        try {
            co_await talk(pair);
        } catch (const std::exception&) {
            // The client or the node has gone: so does the other one.
        }
        pair->close();
        ends_.erase(end);
    }

    template <class Stream>
    Awaitable<void> talk(std::shared_ptr<Pair<Stream>> pair) {
        using boost::asio::use_awaitable;
        namespace http = boost::beast::http;
        if constexpr (!std::is_same_v<Stream, Upward>)
            co_await pair->down.next_layer().async_handshake(boost::asio::ssl::stream_base::server,
                                                             use_awaitable);
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        co_await http::async_read(pair->down.next_layer(), buffer, request, use_awaitable);
        const Fault fault = fault_;
        if (fault == Fault::reset) co_return;
        if (fault == Fault::status_429 || fault == Fault::status_500) {
            http::response<http::string_body> refusal(fault == Fault::status_429
                                                          ? http::status::too_many_requests
                                                          : http::status::internal_server_error,
                                                      11);
            refusal.set(http::field::retry_after, "0");
            refusal.prepare_payload();
            co_await http::async_write(pair->down.next_layer(), refusal, use_awaitable);
            co_return;
        }
        co_await boost::beast::get_lowest_layer(pair->up).async_connect(
            {boost::asio::ip::address_v4::loopback(), to_}, use_awaitable);
        co_await pair->up.async_handshake("127.0.0.1", "/", use_awaitable);
        pair->up.read_message_max(0);
        co_await pair->down.async_accept(request, use_awaitable);
        ++connections_;
        boost::asio::co_spawn(io_, ask(pair), boost::asio::detached);
        co_await answer(pair);
    }

    /// From the client to the node.
    template <class Stream>
    Awaitable<void> ask(std::shared_ptr<Pair<Stream>> pair) {
        try {
            for (;;) {
                boost::beast::flat_buffer buffer;
                co_await pair->down.async_read(buffer, boost::asio::use_awaitable);
                co_await pair->up.async_write(buffer.data(), boost::asio::use_awaitable);
            }
        } catch (const std::exception&) {
            pair->close();
        }
    }

    /// From the node to the client.
    template <class Stream>
    Awaitable<void> answer(std::shared_ptr<Pair<Stream>> pair) {
        for (;;) {
            boost::beast::flat_buffer buffer;
            co_await pair->up.async_read(buffer, boost::asio::use_awaitable);
            const auto text = boost::beast::buffers_to_string(buffer.data());
            const Fault fault = fault_;
            if (fault == Fault::stall) continue;
            if (muted_ && text.find("eth_subscription") != std::string::npos) continue;
            pair->half = fault == Fault::truncated;
            push(pair, fault == Fault::too_large ? std::string(std::size_t{33} << 20, ' ')
                                                 : FaultProxy::damaged(fault, text));
        }
    }

    template <class Stream>
    void push(const std::shared_ptr<Pair<Stream>>& pair, std::string text) {
        pair->outbox.push_back(std::move(text));
        write(pair);
    }
    template <class Stream>
    void write(const std::shared_ptr<Pair<Stream>>& pair) {
        if (pair->writing || pair->outbox.empty()) return;
        pair->writing = true;
        const auto done = [this, pair](boost::beast::error_code error, std::size_t) {
            pair->writing = false;
            pair->outbox.pop_front();
            if (error || pair->half)
                pair->close();
            else
                write(pair);
        };
        const auto& text = pair->outbox.front();
        if (pair->half)
            pair->down.async_write_some(false, boost::asio::buffer(text.data(), text.size() / 2), done);
        else
            pair->down.async_write(boost::asio::buffer(text), done);
    }

    const std::uint16_t to_;
    std::atomic<Fault> fault_{Fault::none};
    std::atomic<bool> muted_{false};
    std::atomic<std::size_t> connections_{0};
    std::optional<boost::asio::ssl::context> tls_;
    boost::asio::io_context io_{1};
    tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
    const std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::set<std::shared_ptr<End>> ends_;
    std::thread thread_;
};

}  // namespace grid::test
