#include "web/rpc_handler.hpp"

#include "web/web_socket_handshake.hpp"

#include <algorithm>
#include <string_view>

namespace grid::web {

namespace {

constexpr int kInvalidRequest = -32600;
constexpr int kLimitExceeded = -32005;

bool is_loopback(std::string_view address) noexcept {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool equal_lower(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
}

bool is_json(std::string_view content_type) noexcept {
    auto kind = content_type.substr(0, content_type.find(';'));
    while (!kind.empty() && (kind.back() == ' ' || kind.back() == '\t')) kind.remove_suffix(1);
    return equal_lower(kind, "application/json");
}

/// Whether an answer is one error that waiting may cure: the pool is full. Quotes within JSON strings are
/// escaped, so the text can only be there as members of the error itself.
bool wants_retry(std::string_view answer) noexcept {
    constexpr std::size_t kLongest = 4096;
    return answer.size() <= kLongest && answer.starts_with('{') &&
           answer.find(",\"error\":{\"code\":-32005,") != std::string_view::npos &&
           answer.find("\"reason\":\"pool_full\"") != std::string_view::npos;
}

SteadyTime machine_steady_now() {
    return std::chrono::duration_cast<SteadyTime>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

struct RpcHandler::Core : std::enable_shared_from_this<RpcHandler::Core> {
    explicit Core(RpcOptions o)
        : options(std::move(o)), guard(options.guard), per_client(options.per_client) {
        any_origin = std::find(options.origins.begin(), options.origins.end(), "*") != options.origins.end();
    }

    void serve(LocalRequest& request, const std::shared_ptr<LocalReply>& reply);
    void post(LocalRequest& request, const std::shared_ptr<LocalReply>& reply, Headers headers);
    void web_socket(const LocalRequest& request, const std::shared_ptr<LocalReply>& reply, Headers headers,
                    bool trusted);
    bool trusts(const LocalRequest& request, OriginKind origin) const;

    const RpcOptions options;
    RequestGuard guard;
    RateLimit per_client;
    std::atomic<std::size_t> web_sockets{0};
    bool any_origin = false;
};

namespace {

Headers common_headers() {
    return {{"Content-Type", "application/json"},
            {"Cache-Control", "no-store"},
            {"X-Content-Type-Options", "nosniff"},
            {"Vary", "Origin"}};
}

/// `message` is ours and needs no escaping.
void refuse(LocalReply& reply, unsigned status, int code, const std::string& message, Headers headers) {
    reply.send(status, std::move(headers),
               "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":" + std::to_string(code) +
                   ",\"message\":\"" + message + "\"}}");
}

void preflight(const LocalRequest& request, LocalReply& reply, Headers headers, bool trusted) {
    headers.emplace_back("Allow", "POST, OPTIONS");
    if (trusted && request.header("access-control-request-method") != nullptr) {
        headers.emplace_back("Access-Control-Allow-Methods", "POST, OPTIONS");
        headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
        headers.emplace_back("Access-Control-Max-Age", "600");
        // Chrome asks so before a public page may reach this machine.
        if (request.header("access-control-request-private-network") != nullptr)
            headers.emplace_back("Access-Control-Allow-Private-Network", "true");
    }
    reply.send(204, std::move(headers), {});
}

/// One of the WebSockets that may be open at the same time.
class Seat {
public:
    explicit Seat(std::shared_ptr<std::atomic<std::size_t>> taken) : taken_(std::move(taken)) {
        taken_->fetch_add(1);
    }
    ~Seat() { taken_->fetch_sub(1); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

private:
    std::shared_ptr<std::atomic<std::size_t>> taken_;
};

}  // namespace

/// Whether this origin's pages may read what we answer.
bool RpcHandler::Core::trusts(const LocalRequest& request, OriginKind origin) const {
    if (origin == OriginKind::trusted || origin == OriginKind::own) return true;
    if (origin != OriginKind::foreign) return false;
    const auto* name = request.header("origin");
    return any_origin ||
           std::find(options.origins.begin(), options.origins.end(), *name) != options.origins.end();
}

void RpcHandler::Core::serve(LocalRequest& request, const std::shared_ptr<LocalReply>& reply) {
    Headers headers = common_headers();
    if (!guard.own_host(request))
        return refuse(*reply, 421, kInvalidRequest,
                      "this node does not answer to the host name or port of this request",
                      std::move(headers));
    const auto origin = guard.origin(request);
    if (origin == OriginKind::tenant)
        return refuse(*reply, 403, kInvalidRequest, "pages of applications may not call this",
                      std::move(headers));
    const bool trusted = trusts(request, origin);
    if (trusted && origin != OriginKind::own) {
        headers.emplace_back("Access-Control-Allow-Origin", *request.header("origin"));
        headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
    }
    if (!is_loopback(request.client) || options.count_loopback) {
        const auto now = options.steady_now ? options.steady_now() : machine_steady_now();
        if (const auto wait = per_client.take(client_key(request.client), 1, now)) {
            headers.emplace_back("Retry-After", std::to_string(wait->count()));
            return refuse(*reply, 429, kLimitExceeded, "too many requests from this address; slow down",
                          std::move(headers));
        }
    }
    if (request.method == "POST") return post(request, reply, std::move(headers));
    if (request.method == "OPTIONS") return preflight(request, *reply, std::move(headers), trusted);
    if (request.method == "GET" && request.upgrade)
        return web_socket(request, reply, std::move(headers), trusted || origin == OriginKind::absent);
    headers.emplace_back("Allow", "POST, OPTIONS");
    refuse(*reply, 405, kInvalidRequest, "expected POST, or GET that asks for a WebSocket",
           std::move(headers));
}

void RpcHandler::Core::post(LocalRequest& request, const std::shared_ptr<LocalReply>& reply,
                            Headers headers) {
    const auto* type = request.header("content-type");
    if (type == nullptr || !is_json(*type))
        return refuse(*reply, 415, kInvalidRequest, "expected Content-Type: application/json",
                      std::move(headers));
    if (request.body.size() > options.max_body)
        return refuse(*reply, 413, kInvalidRequest,
                      "expected at most " + std::to_string(options.max_body) + " bytes", std::move(headers));
    // Shared, because std::function wants what can be copied.
    auto held = std::make_shared<Headers>(std::move(headers));
    const bool asked =
        options.port.ask && options.port.ask(std::move(request.body), [reply, held](std::string answer) {
            if (answer.empty()) return reply->send(204, std::move(*held), {});
            const bool later = wants_retry(answer);
            if (later) held->emplace_back("Retry-After", "1");
            reply->send(later ? 429 : 200, std::move(*held), std::move(answer));
        });
    if (asked) return;
    held->emplace_back("Retry-After", "5");
    refuse(*reply, 503, kLimitExceeded, "the chain of this node is not running", std::move(*held));
}

void RpcHandler::Core::web_socket(const LocalRequest& request, const std::shared_ptr<LocalReply>& reply,
                                  Headers headers, bool trusted) {
    const auto bad = [&](unsigned status, const std::string& why) {
        refuse(*reply, status, kInvalidRequest, why, std::move(headers));
    };
    // A browser lets every page open a WebSocket to everywhere; it is for us to look who asks.
    if (!trusted) return bad(403, "pages of this origin may not open a WebSocket here");
    auto key = web_socket_key(request);
    if (!key) {
        for (auto& header : key.error().headers) headers.push_back(std::move(header));
        return bad(key.error().status, key.error().detail);
    }
    const std::shared_ptr<std::atomic<std::size_t>> taken(shared_from_this(), &web_sockets);
    auto seat = std::make_shared<Seat>(taken);
    if (web_sockets.load() > options.max_web_sockets) {
        headers.emplace_back("Retry-After", "5");
        return refuse(*reply, 503, kLimitExceeded, "too many WebSockets are open", std::move(headers));
    }
    WebSocketUpgrade upgrade;
    upgrade.key = *key;
    upgrade.options = options.web_socket;
    upgrade.options.max_message = options.max_body;
    upgrade.open = [core = shared_from_this(),
                    seat](const std::shared_ptr<WebSocket>& client) -> WebSocketUpgrade::Messages {
        const RpcPort& port = core->options.port;
        RpcPort::Ask ask;
        if (port.connect)
            ask = port.connect([client](std::shared_ptr<const std::string> notification) {
                return client->push(std::move(notification));
            });
        if (!ask) ask = port.ask;
        return [client, ask = std::move(ask), seat](std::string message, WebSocketUpgrade::Reply answer) {
            constexpr std::uint16_t kTryAgainLater = 1013;
            if (!ask || !ask(std::move(message), std::move(answer)))
                client->close(kTryAgainLater, "the chain of this node is not running");
        };
    };
    reply->upgrade(std::move(upgrade));
}

RpcHandler::RpcHandler(RpcOptions options) : core_(std::make_shared<Core>(std::move(options))) {}

RpcHandler::~RpcHandler() = default;

void RpcHandler::handle(LocalRequest request, std::shared_ptr<LocalReply> reply) {
    core_->serve(request, reply);
}

void RpcHandler::set_port(std::uint16_t port) {
    core_->guard.set_port(port);
}

}  // namespace grid::web
