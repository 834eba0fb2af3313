#include "adapters/kubernetes/exec.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "adapters/kubernetes/connect.hpp"

namespace grid::adapters::kubernetes {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using std::chrono::milliseconds;

namespace {

constexpr char kV5[] = "v5.channel.k8s.io";
constexpr char kV4[] = "v4.channel.k8s.io";
constexpr std::size_t kMaxFrame = 4u << 20;
constexpr std::size_t kPiece = 32 * 1024;
constexpr std::size_t kMaxQueued = 64;  // frames in either direction; more, and the one who sends waits

constexpr milliseconds kSizeRepeated{2'000};

// Channels: the first byte of every frame.
constexpr char kInput = 0, kOutput = 1, kError = 2, kStatus = 3, kResize = 4;
constexpr char kClose = static_cast<char>(255);

class WebSocketExec final : public ExecSession {
public:
    WebSocketExec(std::shared_ptr<TlsContext> tls, Stop& parent, bool tty)
        : tls_(std::move(tls)), stopping_(parent), tty_(tty) {}
    ~WebSocketExec() override {
        abandon();
        if (thread_.joinable()) thread_.join();
    }
    WebSocketExec(const WebSocketExec&) = delete;
    WebSocketExec& operator=(const WebSocketExec&) = delete;

    /// Answers the status of a refusal, 101 when the command has begun.
    Result<HttpResponse> open(Api& api, const Identity& who, const std::string& target, Deadline deadline) {
        if (auto ok = open_stream(io_, stream_.next_layer(), api.access(), deadline, &stopping_); !ok)
            return tl::unexpected(ok.error());
        stream_.read_message_max(kMaxFrame);
        stream_.binary(true);
        stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& head) {
            head.set(http::field::user_agent, "grid/" GRID_VERSION);
            head.set(http::field::sec_websocket_protocol, std::string(kV5) + ", " + kV4);
            if (!who.bearer.empty()) head.set(http::field::authorization, "Bearer " + who.bearer);
        }));
        websocket::response_type answer;
        const Stop::Socket lent(&stopping_, lowest().socket().native_handle());
        const auto e = run_one(io_, [&](auto done) {
            stream_.async_handshake(answer, host_header(api.access()), target, done);
        });
        HttpResponse told;
        told.status = answer.result_int();
        if (e == websocket::error::upgrade_declined) {
            told.body = answer.body();
            return told;
        }
        if (e) return socket_error("unreachable", e, "beginning the command", &stopping_);
        const std::string protocol(answer[http::field::sec_websocket_protocol]);
        if (protocol != kV5 && protocol != kV4)
            return fail("bad_reply", "the server speaks none of the protocols for commands");
        can_finish_ = protocol == kV5;
        told.status = 101;
        return told;
    }

    void begin() {
        lowest().expires_never();
        io_.restart();
        take_next();
        if (tty_) repeat_size(milliseconds(100));
        thread_ = std::thread([this] {
            const Stop::Socket lent(&stopping_, lowest().socket().native_handle());
            const auto work = asio::make_work_guard(io_);
            io_.run();
        });
    }

    Piece read(milliseconds limit) override {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, limit, [this] { return !pieces_.empty() || ended_; })) return {};
        if (pieces_.empty()) return {Piece::Kind::end, {}};
        auto piece = std::move(pieces_.front());
        pieces_.pop_front();
        if (paused_ && pieces_.size() < kMaxQueued) {
            paused_ = false;
            asio::post(io_, [this] { take_next(); });
        }
        return piece;
    }

    bool write(std::string_view bytes) override {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size())))
            if (!send(std::string(1, kInput) + std::string(bytes.substr(0, kPiece)))) return false;
        return true;
    }
    void finish() override {
        if (can_finish_) send(std::string{kClose, kInput});
    }
    void resize(std::uint16_t columns, std::uint16_t rows) override {
        if (!tty_) return;
        const std::lock_guard lock(mutex_);
        size_ = std::string(1, kResize) + json::serialize(json::object{{"Width", columns}, {"Height", rows}});
        offer(size_);
    }
    void abandon() override {
        abandoned_ = true;
        stopping_.stop();
        end(std::nullopt);
    }
    bool abandoned() const override { return abandoned_; }
    Result<int> exit_code() override {
        const std::lock_guard lock(mutex_);
        return exit_code_;
    }
    void end_command() override {}  // the closed connection is all that Kubernetes lets us say

private:
    beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

    /// From any thread. The connection is closed by its own.
    void end(std::optional<Result<int>> code) {
        {
            const std::lock_guard lock(mutex_);
            if (ended_) return;
            ended_ = true;
            if (code) exit_code_ = std::move(*code);
        }
        changed_.notify_all();
        asio::post(io_, [this] {
            beast::error_code ignored;
            lowest().socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
            io_.stop();
        });
    }

    void take_next() {
        stream_.async_read(buffer_, [this](beast::error_code e, std::size_t) {
            if (e) return end(std::nullopt);
            auto frame = beast::buffers_to_string(buffer_.data());
            buffer_.consume(buffer_.size());
            if (!frame.empty() && frame[0] == kStatus)
                return end(read_exec_status(std::string_view(frame).substr(1)));
            // The server opens each channel with an empty frame.
            if (frame.size() > 1 && (frame[0] == kOutput || frame[0] == kError)) {
                const auto kind = frame[0] == kOutput ? Piece::Kind::out : Piece::Kind::err;
                const std::lock_guard lock(mutex_);
                for (std::size_t at = 1; at < frame.size(); at += kPiece)
                    pieces_.push_back({kind, frame.substr(at, kPiece)});
                paused_ = pieces_.size() >= kMaxQueued;
                changed_.notify_all();
                if (paused_) return;
            }
            take_next();
        });
    }

    bool send(std::string frame) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return outgoing_.size() < kMaxQueued || ended_; });
        if (ended_) return false;
        offer(std::move(frame));
        return true;
    }

    /// Under the lock; a frame that finds no room is lost.
    void offer(std::string frame) {
        if (ended_ || outgoing_.size() >= kMaxQueued) return;
        outgoing_.push_back(std::move(frame));
        if (outgoing_.size() == 1) asio::post(io_, [this] { send_next(); });
    }

    /// Runtimes lose the size of a terminal that is told before its process has started, and nobody tells
    /// when that was.
    void repeat_size(milliseconds after) {
        if (after > kSizeRepeated) return;
        timer_.expires_after(after);
        timer_.async_wait([this, after](beast::error_code e) {
            if (e) return;
            {
                const std::lock_guard lock(mutex_);
                offer(size_);
            }
            repeat_size(after * 2);
        });
    }

    void send_next() {
        std::unique_lock lock(mutex_);
        if (outgoing_.empty() || ended_) return;
        const auto bytes = asio::buffer(outgoing_.front());  // a deque's elements stay where they are
        lock.unlock();
        stream_.async_write(bytes, [this](beast::error_code e, std::size_t) {
            if (e) return end(std::nullopt);
            {
                const std::lock_guard held(mutex_);
                outgoing_.pop_front();
            }
            changed_.notify_all();
            send_next();
        });
    }

    asio::io_context io_{1};
    std::shared_ptr<TlsContext> tls_;  // outlives the stream
    websocket::stream<TlsStream> stream_{io_, *tls_};
    asio::steady_timer timer_{io_};
    beast::flat_buffer buffer_;
    Stop stopping_;
    const bool tty_;
    bool can_finish_ = false;
    std::atomic<bool> abandoned_{false};
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Piece> pieces_;
    std::deque<std::string> outgoing_;
    std::string size_;  ///< of the terminal, as it is told
    bool paused_ = false;
    bool ended_ = false;
    Result<int> exit_code_ = fail("cluster_unavailable", "the connection ended before the command did");
};

}  // namespace

Result<int> read_exec_status(std::string_view status) {
    const auto parsed = parse_json(status);
    if (!parsed) return fail("exec_failed", "the server's last word is not JSON");
    if (text_at(*parsed, {"status"}) == "Success") return 0;
    if (text_at(*parsed, {"reason"}) == "NonZeroExitCode")
        for (const auto& cause : list_at(*parsed, {"details", "causes"})) {
            if (text_at(cause, {"reason"}) != "ExitCode") continue;
            const auto text = text_at(cause, {"message"});
            int code = 0;
            const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), code);
            if (problem == std::errc{} && end == text.data() + text.size()) return code;
        }
    return fail("exec_failed", "the command could not be run: " + tamed(text_at(*parsed, {"message"})));
}

Result<std::shared_ptr<ExecSession>> begin_exec(Api& api, const ExecCall& call, Deadline deadline) try {
    if (!api.access().tls) return fail("bad_request", "commands in containers need https to the API server");
    Query query;
    for (const auto& word : call.command) query.emplace_back("command", word);
    query.insert(query.end(), {{"container", call.container},
                               {"stdin", "true"},
                               {"stdout", "true"},
                               {"stderr", call.tty ? "false" : "true"},
                               {"tty", call.tty ? "true" : "false"}});
    const auto target =
        api.access().path + core::kPods.path(call.name_space, call.pod, "exec") + query_text(query);
    auto who = api.credentials().current();
    for (bool renewed = false;; renewed = true) {
        if (!who) return tl::unexpected(who.error());
        auto tls = make_tls(api.access(), *who);
        if (!tls) return tl::unexpected(tls.error());
        auto session = std::make_shared<WebSocketExec>(*tls, api.stop(), call.tty);
        const auto answer = session->open(api, *who, target, deadline);
        if (!answer) return tl::unexpected(answer.error());
        if (answer->status == 101) {
            session->resize(call.columns, call.rows);
            session->begin();
            return session;
        }
        if (answer->status != 401 || renewed) return tl::unexpected(error_of(*answer));
        who = api.credentials().renew(who->generation);
    }
} catch (const std::exception& e) {
    return fail("bad_reply", std::string("the exchange failed: ") + e.what());
}

}  // namespace grid::adapters::kubernetes
