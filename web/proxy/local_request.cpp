#include "web/proxy/connection.hpp"

// How a Connection serves a request by our own handler: the body as a whole, the reply as it comes.
namespace grid::web::proxy {

namespace {

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

// Answers are made outside the coroutines: g++ 12 fails on braced lists within a co_await expression.
OwnAnswer too_slow() {
    return {504, "Too slow", "The server did not answer in time. Try again.", {{"Retry-After", "5"}}, {}};
}

OwnAnswer too_large(std::size_t limit) {
    return {413, "Body too large", "At most " + std::to_string(limit) + " bytes are taken here.", {}, {}};
}

/// Tells the handler that nobody listens any more, also when the coroutine is dropped with its io_context.
struct CloseReply {
    explicit CloseReply(ReplyState& reply) : state(reply) {}
    ~CloseReply() { state.close(); }
    CloseReply(const CloseReply&) = delete;
    CloseReply& operator=(const CloseReply&) = delete;
    ReplyState& state;
};

}  // namespace

Task<bool> Connection::read_local_body(std::string& body) {
    const auto limit = shared_.options.max_local_body;
    if (head_.content_length && *head_.content_length > limit) {
        co_await answer(too_large(limit));
        co_return false;
    }
    if (head_.expects_continue && !request_framing_.complete() && in_.size() == 0) {
        if (!co_await send_to_client("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return false;
    }
    while (!request_framing_.complete()) {
        if (in_.size() > 0) {
            const auto step = request_framing_.feed(in_.view(), &body);
            in_.consume(step.used);
            record_.bytes_in += step.used;
            if (step.state == Framing::State::bad) {
                co_await refuse(400, request_framing_.reason());
                co_return false;
            }
            if (body.size() > limit) {
                co_await answer(too_large(limit));
                co_return false;
            }
            if (step.state == Framing::State::complete) break;
        }
        touch(shared_.options.body_timeout, Expire::client_read);
        const auto space = in_.prepare();
        auto [error, n] = co_await client_.async_read_some(space, use_tuple);
        if (error) {
            if (expired_) co_await refuse(408, "the request body took too long");
            co_return false;
        }
        in_.commit(n);
    }
    co_return true;
}

LocalRequest Connection::local_request(Destination& to) {
    LocalRequest request;
    request.method = head_.method;
    request.target = head_.target;
    request.path = head_.path;
    request.query = head_.query;
    request.host = std::move(to.host);
    request.port = to.port;
    request.headers.reserve(head_.fields.size());
    for (const auto& field : head_.fields) request.headers.emplace_back(lower_case(field.name), field.value);
    request.client = record_.client;
    request.upgrade = head_.upgrade && !head_.has_body();
    request.https = shared_.trusts(peer_) && equal_ignoring_case(head_.value("x-forwarded-proto"), "https");
    request.application = std::move(to.route);
    return request;
}

Task<bool> Connection::serve_local(Destination to) {
    count(shared_.counters.local);
    record_.local = true;
    LocalRequest request = local_request(to);
    if (!co_await read_local_body(request.body)) co_return false;

    const std::weak_ptr<Connection> weak = weak_from_this();
    auto state =
        std::make_shared<ReplyState>(shared_.options.reply_queue_limit, [weak, mailbox = worker_.mailbox()] {
            mailbox->post([weak] {
                if (const auto self = weak.lock()) self->wake();
            });
        });
    const CloseReply guard{*state};
    try {
        shared_.handler.handle(std::move(request), make_local_reply(state));
    } catch (const std::exception&) {
        // The reply went with the exception, so the client gets the 500 of a reply that was let go.
    }
    co_return co_await send_local(*state);
}

Task<bool> Connection::send_local(ReplyState& state) {
    touch(shared_.options.local_timeout, Expire::wake);
    bool chunked = false;
    bool bodiless = to_head_;
    bool keep = client_keeps_;
    ReplyState::Ready ready;
    for (;;) {
        if (aborted_) co_return false;
        if (!state.take(ready)) {
            if (expired_) {
                if (answered_) co_return false;
                co_return co_await answer(too_slow());
            }
            watching_ = true;
            co_await wait_event();
            watching_ = false;
            continue;
        }
        if (ready.upgrade) co_return co_await serve_web_socket(std::move(*ready.upgrade));
        out_.clear();
        if (ready.head) {
            answered_ = true;
            record_.status = ready.status;
            append_answer_head(ready.status, ready.headers, worker_.date(), out_);
            const bool no_body = ready.status < 200 || ready.status == 204 || ready.status == 304;
            bodiless = bodiless || no_body;
            if (ready.streaming && !no_body) {
                chunked = head_.minor == 1;
                keep = keep && chunked;
                if (chunked) out_ += "Transfer-Encoding: chunked\r\n";
            } else if (!no_body) {
                out_ += "Content-Length: " + std::to_string(ready.body.size()) + "\r\n";
            }
            if (!keep) {
                out_ += "Connection: close\r\n";
            } else if (head_.minor == 0) {
                out_ += "Connection: keep-alive\r\n";
            }
            out_ += "\r\n";
        }
        std::string_view body = bodiless ? std::string_view{} : std::string_view(ready.body);
        std::string joined;
        if (chunked && !bodiless) {
            if (!body.empty()) {
                char size[20];
                std::snprintf(size, sizeof size, "%zx\r\n", body.size());
                joined.append(size).append(body).append("\r\n");
            }
            if (ready.finished) joined.append("0\r\n\r\n");
            body = joined;
        }
        touch(shared_.options.body_timeout, Expire::all);
        if (!co_await send_to_client(out_, body)) co_return false;
        if (ready.broken) co_return false;
        if (ready.finished) co_return keep;
        // A stream may be silent for as long as its handler likes; the client's leaving is noticed by the
        // sweep.
        touch(std::chrono::hours(24 * 365), Expire::wake);
    }
}

}  // namespace grid::web::proxy
