#include "apps/grid/exec.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "apps/grid/failure.hpp"

namespace grid::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t kPiece = 32 * 1024;
enum Channel : char { kInput = 0, kOutput = 1, kErrors = 2, kEnd = 3, kSize = 4, kFinish = 5 };

/// This terminal, raw until the end of the command.
class RawTerminal {
public:
    explicit RawTerminal(bool wanted) : raw_(wanted && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (!raw_) return;
        termios raw = before_;
        ::cfmakeraw(&raw);
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    ~RawTerminal() {
        if (raw_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

private:
    termios before_{};
    const bool raw_;
};

std::string size_of_terminal() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return "\"columns\":80,\"rows\":24";
    return "\"columns\":" + std::to_string(size.ws_col) + ",\"rows\":" + std::to_string(size.ws_row);
}

std::string request_of(const ExecOptions& options) {
    std::string text = "{\"command\":[";
    for (std::size_t i = 0; i < options.command.size(); ++i)
        text += (i ? "," : "") + json_text(options.command[i]);
    text += "]";
    if (!options.pod.empty()) text += ",\"pod\":" + json_text(options.pod);
    if (!options.container.empty()) text += ",\"container\":" + json_text(options.container);
    if (options.tty) text += ",\"tty\":true," + size_of_terminal();
    return text + "}";
}

void write_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(to, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // nobody reads it: the command goes on
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// What waits for the WebSocket; it outlives the session, because a thread may be reading input for ever.
struct Outbox {
    std::mutex mutex;
    std::condition_variable room;
    bool busy = false;
    bool over = false;
};

/// One command over one open WebSocket.
template <class Stream>
class Session {
public:
    Session(asio::io_context& io, Stream& stream) : io_(io), stream_(stream), windows_(io, SIGWINCH) {}

    int run(const ExecOptions& options) {
        stream_.binary(true);
        send(request_of(options));
        read();
        if (options.tty) follow_size();
        if (options.no_input)
            send(std::string(1, kFinish));
        else
            take_input();
        io_.run();
        {
            const std::lock_guard lock(outbox_->mutex);
            outbox_->over = true;
        }
        outbox_->room.notify_all();
        if (!failure_.code.empty()) throw Failure(failure_);
        return exit_code_;
    }

private:
    void read() {
        stream_.async_read(buffer_, [this](beast::error_code error, std::size_t) {
            if (error) return lost(error);
            const auto text = beast::buffers_to_string(buffer_.data());
            buffer_.consume(buffer_.size());
            const std::string_view rest = std::string_view(text).substr(text.empty() ? 0 : 1);
            switch (text.empty() ? '\xff' : text[0]) {
                case kOutput:
                    write_all(STDOUT_FILENO, rest);
                    break;
                case kErrors:
                    write_all(STDERR_FILENO, rest);
                    break;
                case kEnd:
                    return end(rest);
                default:
                    break;
            }
            read();
        });
    }

    void end(std::string_view text) {
        const auto document = parse_json(text, "the gateway");
        if (document.HasMember("exit_code"))
            exit_code_ = static_cast<int>(number_of(document, "exit_code"));
        else
            failure_ = {text_of(document, "code"), text_or_empty(document, "detail")};
        io_.stop();
    }

    void lost(beast::error_code error) {
        failure_ = {"unreachable", "the connection to the gateway ended: " + error.message()};
        if (stream_.reason().code == websocket::close_code::policy_error)
            failure_ = {"revoked_token", "the session at the gateway has ended"};
        io_.stop();
    }

    void send(std::string message) {
        queue_.push_back(std::move(message));
        if (queue_.size() == 1) write();
    }

    void write() {
        stream_.async_write(asio::buffer(queue_.front()), [this](beast::error_code error, std::size_t) {
            if (error) return lost(error);
            const bool input = queue_.front().size() > 1 && queue_.front()[0] == kInput;
            queue_.pop_front();
            if (input) {
                const std::lock_guard lock(outbox_->mutex);
                outbox_->busy = false;
                outbox_->room.notify_all();
            }
            if (!queue_.empty()) write();
        });
    }

    void follow_size() {
        windows_.async_wait([this](beast::error_code error, int) {
            if (error) return;
            send(std::string(1, kSize) + "{" + size_of_terminal() + "}");
            follow_size();
        });
    }

    /// Input may be anything (a terminal, a pipe, a file): a thread reads it, one piece ahead at the most.
    void take_input() {
        std::thread([this, outbox = outbox_] {
            std::string piece(kPiece, '\0');
            for (;;) {
                const auto n = ::read(STDIN_FILENO, piece.data(), piece.size());
                if (n < 0 && errno == EINTR) continue;
                std::unique_lock lock(outbox->mutex);
                outbox->room.wait(lock, [&] { return !outbox->busy || outbox->over; });
                if (outbox->over) return;
                outbox->busy = n > 0;
                // Under the lock: the session is not over, so this is still there.
                asio::post(io_, [this, message = n > 0 ? std::string(1, kInput) +
                                                             piece.substr(0, static_cast<std::size_t>(n))
                                                       : std::string(1, kFinish)] { send(message); });
                if (n <= 0) return;
            }
        }).detach();
    }

    asio::io_context& io_;
    Stream& stream_;
    asio::signal_set windows_;
    beast::flat_buffer buffer_;
    std::deque<std::string> queue_;
    std::shared_ptr<Outbox> outbox_ = std::make_shared<Outbox>();
    int exit_code_ = 0;
    Error failure_{};
};

[[noreturn]] void refused(const websocket::response_type& answer) {
    const auto document = parse_json(answer.body(), "the gateway");
    throw Failure(text_or_empty(document, "code"), text_or_empty(document, "detail"));
}

template <class Stream>
int converse(asio::io_context& io, Stream& stream, const GatewayClient& gateway, const std::string& app,
             const ExecOptions& options) {
    const auto& endpoint = gateway.endpoint();
    stream.set_option(websocket::stream_base::timeout::suggested(beast::role_type::client));
    stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
        request.set(beast::http::field::authorization, "Bearer " + gateway.token());
        request.set(beast::http::field::user_agent, "grid/" GRID_VERSION);
    }));
    stream.read_message_max(std::size_t{1} << 20);
    websocket::response_type answer;
    beast::error_code error;
    stream.handshake(answer, endpoint.authority(),
                     endpoint.base_path() + "/v1/apps/" + runtime::percent_encode(app) + "/exec", error);
    if (error == websocket::error::upgrade_declined) refused(answer);
    if (error) throw Failure("unreachable", endpoint.url() + ": " + error.message());
    const RawTerminal terminal(options.tty);
    Session<Stream> session(io, stream);
    return session.run(options);
}

int over(const runtime::TcpSocket& server, const GatewayClient& gateway, const std::string& app,
         const ExecOptions& options) {
    asio::io_context io(1);
    websocket::stream<beast::tcp_stream> stream(io);
    beast::error_code error;
    beast::get_lowest_layer(stream).connect({asio::ip::make_address(server.address), server.port}, error);
    if (error) throw Failure("unreachable", gateway.endpoint().url() + ": " + error.message());
    return converse(io, stream, gateway, app, options);
}

int over(const runtime::TlsSocket& server, const GatewayClient& gateway, const std::string& app,
         const ExecOptions& options) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    tls.set_verify_mode(asio::ssl::verify_peer);
    asio::io_context io(1);
    websocket::stream<beast::ssl_stream<beast::tcp_stream>> stream(io, tls);
    auto& secure = stream.next_layer();
    secure.set_verify_callback(asio::ssl::host_name_verification(server.server_name));
    SSL_set_tlsext_host_name(secure.native_handle(), server.server_name.c_str());
    beast::error_code error;
    beast::get_lowest_layer(stream).connect({asio::ip::make_address(server.address), server.port}, error);
    if (!error) secure.handshake(asio::ssl::stream_base::client, error);
    if (error) throw Failure("unreachable", gateway.endpoint().url() + ": " + error.message());
    return converse(io, stream, gateway, app, options);
}

}  // namespace

int run_exec(GatewayClient& gateway, const std::string& app, const ExecOptions& options) {
    (void)gateway.good_token();
    const auto& server = gateway.endpoint().server();
    if (const auto* tls = std::get_if<runtime::TlsSocket>(&server)) return over(*tls, gateway, app, options);
    return over(std::get<runtime::TcpSocket>(server), gateway, app, options);
}

}  // namespace grid::cli
