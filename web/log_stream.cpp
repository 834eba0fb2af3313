#include "web/log_stream.hpp"

namespace grid::web {

namespace {

using namespace messages;

class log_sink_state {
public:
    static constexpr const char* name = "log_sink";

    log_sink_state(log_sink_actor::stateful_pointer<log_sink_state> self) : self_(self) {}  // NOLINT
    log_sink_state(const log_sink_state&) = delete;
    log_sink_state& operator=(const log_sink_state&) = delete;
    /// Also when nobody refers to this actor any more: then nothing can come.
    ~log_sink_state() {
        if (reply_) reply_->finish();
    }

    log_sink_actor::behavior_type start(const leases_actor& source,
                                        const std::shared_ptr<LocalReply>& reply) {
        reply_ = reply;
        self_->set_down_handler([this](caf::down_msg&) { self_->quit(); });
        self_->monitor(source);
        return {[this](const LogChunk& chunk) -> caf::result<ack_atom> {
            const bool written = chunk.text.empty() || reply_->write(chunk.text);
            if (chunk.end || !written) self_->quit();
            return ack_atom_v;
        }};
    }

private:
    log_sink_actor::stateful_pointer<log_sink_state> self_;
    std::shared_ptr<LocalReply> reply_;
};

log_sink_actor::behavior_type log_sink(log_sink_actor::stateful_pointer<log_sink_state> self,
                                       const leases_actor& source, const std::shared_ptr<LocalReply>& reply) {
    return self->state.start(source, reply);
}

}  // namespace

void stream_logs(caf::actor_system& system, const leases_actor& source, LogRequest request, Headers headers,
                 std::shared_ptr<LocalReply> reply) {
    headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    reply->begin(200, std::move(headers));
    const log_sink_actor sink = system.spawn(log_sink, source, reply);
    // Weak: the reply must not keep the sink alive, which keeps the reply.
    reply->on_close([weak = caf::actor_cast<caf::weak_actor_ptr>(sink)] {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
            caf::anon_send_exit(caf::actor_cast<caf::actor>(strong), caf::exit_reason::user_shutdown);
    });
    caf::anon_send(source, logs_atom_v, std::move(request), sink);
}

}  // namespace grid::web
