#include "web/log_stream.hpp"

namespace grid::web {

namespace {

using namespace messages;

using log_client_actor = log_sink_actor::extend<caf::reacts_to<tick_atom>>;

class log_sink_state {
public:
    static constexpr const char* name = "log_sink";
    using Pointer = log_client_actor::stateful_pointer<log_sink_state>;

    log_sink_state(Pointer self) : self_(self) {}  // NOLINT
    log_sink_state(const log_sink_state&) = delete;
    log_sink_state& operator=(const log_sink_state&) = delete;
    /// Also when nobody refers to this actor any more: then nothing can come.
    ~log_sink_state() {
        if (reply_) reply_->finish();
    }

    log_client_actor::behavior_type start(const LogStream& stream, const std::shared_ptr<LocalReply>& reply) {
        reply_ = reply;
        stream_ = stream;
        self_->set_down_handler([this](caf::down_msg&) { self_->quit(); });
        self_->monitor(stream.source);
        check_again();
        return {[this](const LogChunk& chunk) -> caf::result<ack_atom> {
                    const bool written = chunk.text.empty() || reply_->write(chunk.text);
                    if (chunk.end || !written) self_->quit();
                    return ack_atom_v;
                },
                [this](tick_atom) {
                    if (!stream_.allowed()) return self_->quit();
                    check_again();
                }};
    }

private:
    void check_again() {
        self_->delayed_send(caf::actor_cast<log_client_actor>(self_), stream_.check_allowed, tick_atom_v);
    }

    Pointer self_;
    LogStream stream_;
    std::shared_ptr<LocalReply> reply_;
};

log_client_actor::behavior_type log_sink(log_sink_state::Pointer self, const LogStream& stream,
                                         const std::shared_ptr<LocalReply>& reply) {
    return self->state.start(stream, reply);
}

}  // namespace

void LogStream::send(caf::actor_system& system, LogRequest request,
                     const std::shared_ptr<LocalReply>& reply) const {
    auto fields = headers;
    fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
    reply->begin(200, std::move(fields));
    const log_sink_actor sink = system.spawn(log_sink, *this, reply);
    // Weak: the reply must not keep the sink alive, which keeps the reply.
    reply->on_close([weak = caf::actor_cast<caf::weak_actor_ptr>(sink)] {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
            caf::anon_send_exit(caf::actor_cast<caf::actor>(strong), caf::exit_reason::user_shutdown);
    });
    caf::anon_send(source, logs_atom_v, std::move(request), sink);
}

}  // namespace grid::web
