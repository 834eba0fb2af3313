#include "adapters/chain_evm/web_socket.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "adapters/chain_evm/retry_after.hpp"
#include "runtime/tls_client.hpp"

namespace grid::adapters::evm {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using asio::use_awaitable;

constexpr auto kIdle = 30s;  ///< a ping after half of it

using Plain = websocket::stream<beast::tcp_stream>;
using Secure = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

/// Why a connection ended or never came to be.
struct Failure {
    Error error;
    std::optional<std::chrono::seconds> retry_after;
};

/// What a connection tells, on the thread of its io_context.
struct Listener {
    virtual ~Listener() = default;
    virtual void opened() = 0;
    virtual void received(std::string_view text) = 0;
    virtual void failed(const Failure& why) = 0;
};

struct Limits {
    std::chrono::milliseconds patience;  ///< until it is open
    std::size_t max_message;
};

/// One connection. Between cut() and its end it tells nothing.
class Connection {
public:
    virtual ~Connection() = default;
    /// Once it is open.
    virtual void send(std::string text) = 0;
    virtual void cut() = 0;
};

template <class Stream>
class ConnectionOver final : public Connection, public std::enable_shared_from_this<ConnectionOver<Stream>> {
public:
    ConnectionOver(Listener& listener, const runtime::ServerUrl& url, Limits limits, asio::io_context& io)
        : listener_(&listener), url_(url), limits_(limits), stream_(io) {}
    ConnectionOver(Listener& listener, const runtime::ServerUrl& url, Limits limits, asio::io_context& io,
                   asio::ssl::context tls)
        : listener_(&listener), url_(url), limits_(limits), tls_(std::move(tls)), stream_(io, *tls_) {}

    Stream& stream() { return stream_; }

    void start(const asio::ip::tcp::endpoint& where) {
        asio::co_spawn(
            stream_.get_executor(), [self = this->shared_from_this(), where] { return self->talk(where); },
            asio::detached);
    }

    void send(std::string text) override {
        outbox_.push_back(std::move(text));
        flush();
    }

    void cut() override {
        listener_ = nullptr;
        beast::get_lowest_layer(stream_).close();
    }

private:
    asio::awaitable<void> talk(asio::ip::tcp::endpoint where) {
        try {
            co_await open(where);
            if (listener_ == nullptr) co_return;
            open_ = true;
            listener_->opened();
            flush();
            doing_ = "reading";
            while (listener_ != nullptr) {
                co_await stream_.async_read(buffer_, use_awaitable);
                const auto data = buffer_.cdata();
                if (listener_ != nullptr)
                    listener_->received({static_cast<const char*>(data.data()), data.size()});
                buffer_.consume(buffer_.size());
            }
        } catch (const boost::system::system_error& error) {
            if (listener_ != nullptr) listener_->failed(describe(error.code()));
        } catch (const std::exception& error) {
            if (listener_ != nullptr) listener_->failed({{"unreachable", doing_ + ": " + error.what()}, {}});
        }
    }

    asio::awaitable<void> open(asio::ip::tcp::endpoint where) {
        auto& lowest = beast::get_lowest_layer(stream_);
        lowest.expires_after(limits_.patience);
        doing_ = "connecting";
        co_await lowest.async_connect(where, use_awaitable);
        if constexpr (std::is_same_v<Stream, Secure>) {
            doing_ = "the TLS handshake";
            co_await stream_.next_layer().async_handshake(asio::ssl::stream_base::client, use_awaitable);
        }
        lowest.expires_never();  // from here on the WebSocket has clocks of its own
        stream_.set_option(websocket::stream_base::timeout{limits_.patience, kIdle, true});
        stream_.read_message_max(limits_.max_message);
        doing_ = "the WebSocket handshake";
        co_await stream_.async_handshake(response_, url_.authority, url_.target(), use_awaitable);
    }

    void flush() {
        if (!open_ || writing_ || outbox_.empty()) return;
        writing_ = true;
        stream_.async_write(asio::buffer(outbox_.front()),
                            [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                                self->writing_ = false;
                                self->outbox_.pop_front();
                                if (!error) self->flush();  // else reading fails, too
                            });
    }

    Failure describe(beast::error_code why) const {
        if (why == websocket::error::message_too_big || why == websocket::error::buffer_overflow)
            return {{"too_large", "a message is larger than allowed"}, {}};
        if (why == websocket::error::upgrade_declined)
            return {refused_with(response_.result_int()).value(),
                    retry_after(response_["Retry-After"], response_["Date"])};
        if (why == beast::error::timeout) return {{"timeout", "no sign of life in time while " + doing_}, {}};
        return {{"unreachable", doing_ + ": " + why.message()}, {}};
    }

    Listener* listener_;  ///< none: it was cut
    const runtime::ServerUrl url_;
    const Limits limits_;
    std::optional<asio::ssl::context> tls_;
    Stream stream_;
    websocket::response_type response_;
    beast::flat_buffer buffer_;
    std::string doing_;
    std::deque<std::string> outbox_;
    bool open_ = false;
    bool writing_ = false;
};

std::optional<std::uint64_t> id_of(const rapidjson::Document& message) {
    const rapidjson::Value* reply = &message;
    if (message.IsArray() && !message.Empty()) reply = &message[0];
    if (!reply->IsObject()) return std::nullopt;
    const auto id = reply->FindMember("id");
    if (id == reply->MemberEnd() || !id->value.IsUint64()) return std::nullopt;
    return id->value.GetUint64();
}

/// Of another request than those that were made: eth_subscription is the only one that there can be.
bool is_notification(const rapidjson::Document& message) {
    return message.IsObject() && message.HasMember("method");
}

}  // namespace

class WebSocket::Line final : public Listener {
public:
    explicit Line(runtime::ServerUrl url) : url_(std::move(url)) {}
    ~Line() override {
        io_.stop();
        if (thread_.joinable()) thread_.join();
        fail_all({{"unavailable", "the node ends"}, {}});
    }

    EndpointAnswer ask(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                       std::size_t max_reply) {
        std::call_once(started_, [this] { thread_ = std::thread([this] { io_.run(); }); });
        const auto question = std::make_shared<Question>();
        question->calls = calls.size();
        question->first = next_id_.fetch_add(calls.size());
        auto outcome = question->outcome.get_future();
        asio::post(io_, [this, question, text = encode(calls, question->first),
                         limits = Limits{patience, max_reply}]() mutable {
            put(question, std::move(text), limits);
        });
        if (outcome.wait_for(patience) != std::future_status::ready) {
            asio::post(io_, [this, first = question->first] {
                if (waiting_.contains(first))
                    failed({{"timeout", "another request had no answer in time"}, {}});
            });
            return {fail("timeout", "no answer in time"), {}};
        }
        auto [document, retry_after, connection] = outcome.get();
        if (!document) return {tl::unexpected(document.error()), retry_after};
        auto replies = read_replies(*document, question->calls, question->first);
        if (!replies)
            asio::post(io_, [this, connection = connection, why = replies.error()] {
                if (connection == connections_) failed({why, {}});
            });
        return {std::move(replies), {}};
    }

    void listen(std::function<void()> news) {
        std::lock_guard lock(mutex_);
        news_ = std::move(news);
    }
    bool connected() const { return connected_; }

private:
    struct Outcome {
        Result<RpcDocument> document;
        std::optional<std::chrono::seconds> retry_after;
        std::uint64_t connection = 0;  ///< which one it came by
    };
    struct Question {
        std::uint64_t first = 0;  ///< id
        std::size_t calls = 0;
        std::promise<Outcome> outcome;
    };

    // What follows belongs to the thread.

    void put(const std::shared_ptr<Question>& question, std::string text, const Limits& limits) {
        waiting_.emplace(question->first, question);
        if (!connection_) connect(limits);
        if (connection_) connection_->send(std::move(text));
    }

    void connect(const Limits& limits) {
        const auto address = url_.address();
        if (!address) return failed({address.error(), {}});
        beast::error_code no_address;
        const asio::ip::tcp::endpoint where(asio::ip::make_address(*address, no_address), url_.port);
        if (no_address)
            return failed({{"unreachable", "the address of " + url_.host + " cannot be read"}, {}});
        ++connections_;
        if (!url_.tls) {
            const auto made = std::make_shared<ConnectionOver<Plain>>(*this, url_, limits, io_);
            connection_ = made;
            return made->start(where);
        }
        auto tls = runtime::tls_client({});
        if (!tls) return failed({tls.error(), {}});
        const auto made = std::make_shared<ConnectionOver<Secure>>(*this, url_, limits, io_, std::move(*tls));
        if (auto expected = runtime::expect_server(made->stream().next_layer(), url_.host); !expected)
            return failed({expected.error(), {}});
        connection_ = made;
        made->start(where);
    }

    void opened() override {
        connected_ = true;
        std::lock_guard lock(mutex_);
        if (!news_) return;
        subscription_ = next_id_.fetch_add(1);
        connection_->send(encode({{"eth_subscribe", R"(["newHeads"])"}}, subscription_));
    }

    void received(std::string_view text) override {
        const auto message = parse(text);
        if (!message) return failed({message.error(), {}});
        if (is_notification(**message)) return tell();
        const auto id = id_of(**message);
        if (id && *id == subscription_) return subscribed(*message);
        const auto question = id ? find(*id) : nullptr;
        if (question == nullptr) {
            // For its words: what is the matter with a reply to nothing.
            const auto nothing = read_replies(*message, 0);
            return failed({nothing ? Error{"bad_reply", "an empty reply came"} : nothing.error(), {}});
        }
        waiting_.erase(question->first);
        question->outcome.set_value({*message, {}, connections_});
    }

    std::shared_ptr<Question> find(std::uint64_t id) const {
        const auto after = waiting_.upper_bound(id);
        if (after == waiting_.begin()) return nullptr;
        const auto& question = std::prev(after)->second;
        return id - question->first < question->calls ? question : nullptr;
    }

    /// Blocks that came before are not told of, so it is time to look.
    void subscribed(const RpcDocument& message) {
        const auto replies = read_replies(message, 1, subscription_);
        const auto* error = replies ? std::get_if<RpcError>(&replies->front()) : nullptr;
        if (error != nullptr)
            spdlog::warn("chain: {} tells no news of blocks, so it is only polled: {}", url_.name(),
                         error->message);
        else
            tell();
    }

    void failed(const Failure& why) override {
        if (connection_) connection_->cut();
        connection_.reset();
        fail_all(why);
        if (connected_.exchange(false)) tell();
    }

    void fail_all(const Failure& why) {
        for (auto& [first, question] : std::exchange(waiting_, {}))
            question->outcome.set_value({tl::unexpected(why.error), why.retry_after, connections_});
    }

    void tell() {
        std::lock_guard lock(mutex_);
        if (news_) news_();
    }

    const runtime::ServerUrl url_;
    std::once_flag started_;
    std::atomic<std::uint64_t> next_id_{1};
    std::atomic<bool> connected_{false};
    std::mutex mutex_;
    std::function<void()> news_;

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    std::shared_ptr<Connection> connection_;  ///< none: the next question makes one
    std::uint64_t connections_ = 0;           ///< that were made
    std::uint64_t subscription_ = 0;          ///< the id that asked for it; 0: none did
    std::map<std::uint64_t, std::shared_ptr<Question>> waiting_;
    std::thread thread_;
};

WebSocket::WebSocket(runtime::ServerUrl url) : line_(std::make_unique<Line>(std::move(url))) {}
WebSocket::~WebSocket() = default;

EndpointAnswer WebSocket::ask(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                              std::size_t max_reply) {
    return line_->ask(calls, patience, max_reply);
}

void WebSocket::listen(std::function<void()> news) {
    line_->listen(std::move(news));
}

bool WebSocket::connected() const {
    return line_->connected();
}

}  // namespace grid::adapters::evm
