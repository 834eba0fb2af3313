#include "web/exec_stream.hpp"

#include "messages/error.hpp"
#include "web/json.hpp"
#include "web/json_write.hpp"
#include "web/problem.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::chrono::seconds kStartTimeout{30};
constexpr std::chrono::seconds kInputTimeout{120};
constexpr std::size_t kPiece = std::size_t{64} * 1024;
constexpr std::uint16_t kNormal = 1000;
constexpr std::uint16_t kPolicy = 1008;

enum Channel : char { kInput = 0, kOutput = 1, kErrors = 2, kEnd = 3, kSize = 4, kFinish = 5 };

using terminal_actor = exec_sink_actor::extend<caf::reacts_to<input_atom, std::string>,
                                               caf::reacts_to<ack_atom>, caf::reacts_to<tick_atom>>;

std::string end_message(const ExecChunk& end) {
    JsonText json;
    json.begin_object();
    if (end.error_code.empty()) {
        json.number("exit_code", static_cast<unsigned>(end.exit_code));
    } else {
        json.text("code", end.error_code);
        json.text("detail", end.error_message);
    }
    json.end_object();
    return json.take();
}

ExecChunk end_of(const Error& error) {
    ExecChunk end;
    end.kind = ExecChunk::Kind::end;
    end.error_code = error.code;
    end.error_message = error.message;
    return end;
}

/// Between the client's WebSocket and the command. One piece of output is under way at a time; input is
/// answered for when the command has it, so that either side slows the other.
class terminal_state {
public:
    static constexpr const char* name = "terminal";
    using Pointer = terminal_actor::stateful_pointer<terminal_state>;

    terminal_state(Pointer self) : self_(self) {}  // NOLINT: CAF makes it so
    terminal_state(const terminal_state&) = delete;
    terminal_state& operator=(const terminal_state&) = delete;

    terminal_actor::behavior_type start(const ExecStream& stream, const std::shared_ptr<WebSocket>& client,
                                        const std::shared_ptr<WebSocketUpgrade::Reply>& reply) {
        stream_ = stream;
        client_ = client;
        reply_ = reply;
        self_->set_down_handler([this](const caf::down_msg&) {
            end(end_of({"unavailable", "the command's side has gone"}));
        });
        self_->delayed_send(caf::actor_cast<terminal_actor>(self_), stream_.check_allowed, tick_atom_v);
        return {
            [this](const ExecChunk& chunk) -> caf::result<ack_atom> {
                if (chunk.kind == ExecChunk::Kind::end) {
                    end(chunk);
                    return ack_atom_v;
                }
                promise_ = self_->make_response_promise<ack_atom>();
                const char channel = chunk.kind == ExecChunk::Kind::err ? kErrors : kOutput;
                const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self_);
                const bool queued =
                    client_->push(std::make_shared<const std::string>(channel + chunk.bytes), [weak] {
                        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
                            caf::anon_send(caf::actor_cast<terminal_actor>(strong), ack_atom_v);
                    });
                if (!queued) self_->quit();
                return promise_;
            },
            [this](input_atom, const std::string& message) { take(message); },
            [this](ack_atom) { promise_.deliver(ack_atom_v); },
            [this](tick_atom) {
                if (!stream_.allowed()) {
                    client_->close(kPolicy, "the session has ended");
                    return self_->quit();
                }
                self_->delayed_send(caf::actor_cast<terminal_actor>(self_), stream_.check_allowed,
                                    tick_atom_v);
            },
        };
    }

private:
    void take(const std::string& message) {
        if (over_) return;
        if (!begun_) {
            begun_ = true;
            return begin(message);
        }
        if (!command_) return bad("nothing may be sent before the command has begun");
        if (message.empty()) return bad("expected a first byte of 0, 4 or 5");
        const auto rest = message.substr(1);
        switch (message[0]) {
            case kInput:
                if (rest.size() > kPiece) return bad("expected at most 64 KiB of input in a message");
                // While input waits nothing is read, and a client that has gone is not noticed.
                self_->request(command_, kInputTimeout, input_atom_v, rest)
                    .then([this](ack_atom) { answered(); },
                          [this](const caf::error& error) {
                              if (error == caf::sec::request_timeout)
                                  return end(end_of({"timeout", "the command takes no input"}));
                              answered();
                          });
                return;
            case kSize:
                try {
                    auto size = JsonObject::parse(rest);
                    const auto columns = static_cast<std::uint16_t>(size.integer("columns", 1, 9999));
                    const auto rows = static_cast<std::uint16_t>(size.integer("rows", 1, 9999));
                    self_->send(command_, resize_atom_v, columns, rows);
                } catch (const Refusal& refusal) {
                    return bad(refusal.problem().detail);
                }
                return answered();
            case kFinish:
                self_->send(command_, finish_atom_v);
                return answered();
            default:
                return bad("expected a first byte of 0, 4 or 5");
        }
    }

    void begin(const std::string& message) {
        ExecRequest request;
        request.lease_key = stream_.lease_key;
        request.app = stream_.app;
        try {
            auto asked = JsonObject::parse(message);
            request.command = asked.texts("command", 256, 32 * 1024);
            request.pod = asked.text_or("pod", "", 253);
            request.container = asked.text_or("container", "", 253);
            request.tty = asked.flag_or("tty", false);
            request.columns = static_cast<std::uint16_t>(asked.integer_or("columns", 80, 1, 9999));
            request.rows = static_cast<std::uint16_t>(asked.integer_or("rows", 24, 1, 9999));
            asked.done();
        } catch (const Refusal& refusal) {
            return end(end_of({refusal.problem().code, refusal.problem().detail}));
        }
        // What comes meanwhile is not read: this message is answered when the command runs.
        self_
            ->request(stream_.leases, kStartTimeout, exec_atom_v, request,
                      exec_sink_actor{caf::actor_cast<terminal_actor>(self_)})
            .then(
                [this](const exec_actor& command) {
                    command_ = command;
                    self_->monitor(command_);
                    answered();
                },
                [this](const caf::error& error) { end(end_of(from_caf(error))); });
    }

    void bad(const std::string& detail) { end(end_of({"bad_message", detail})); }
    /// The next message may come, and with it the next reply, while this one is called.
    void answered() {
        const auto reply = *reply_;
        reply({});
    }
    void end(const ExecChunk& chunk) {
        if (std::exchange(over_, true)) return;
        client_->push(std::make_shared<const std::string>(static_cast<char>(kEnd) + end_message(chunk)));
        client_->close(kNormal, "");
        self_->quit();
    }

    Pointer self_;
    ExecStream stream_;
    std::shared_ptr<WebSocket> client_;
    std::shared_ptr<WebSocketUpgrade::Reply> reply_;
    exec_actor command_;
    caf::typed_response_promise<ack_atom> promise_;
    bool begun_ = false;
    bool over_ = false;
};

terminal_actor::behavior_type terminal(terminal_state::Pointer self, const ExecStream& stream,
                                       const std::shared_ptr<WebSocket>& client,
                                       const std::shared_ptr<WebSocketUpgrade::Reply>& reply) {
    return self->state.start(stream, client, reply);
}

/// Ends the actor with the client.
struct Held {
    explicit Held(terminal_actor of) : actor(std::move(of)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }
    terminal_actor actor;
};

}  // namespace

WebSocketOptions ExecStream::options() {
    WebSocketOptions options;
    options.binary = true;
    options.max_message = kPiece + 1;
    // The first message is answered when the command runs, input when the command has it.
    options.max_unanswered = 1;
    return options;
}

WebSocketUpgrade::Messages ExecStream::open(caf::actor_system& system,
                                            const std::shared_ptr<WebSocket>& client) const {
    auto reply = std::make_shared<WebSocketUpgrade::Reply>();
    auto held = std::make_shared<Held>(system.spawn(terminal, *this, client, reply));
    return [held, reply](std::string message, WebSocketUpgrade::Reply answer) {
        *reply = std::move(answer);  // one message is under way at a time
        caf::anon_send(held->actor, input_atom_v, std::move(message));
    };
}

}  // namespace grid::web
