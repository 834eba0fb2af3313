#include "adapters/exec_actor.hpp"

#include <condition_variable>
#include <mutex>

#include "messages/error.hpp"

namespace grid::adapters {

using namespace messages;

namespace {

constexpr std::chrono::milliseconds kLook{200};

exec_actor::behavior_type take_input(exec_actor::pointer self, const std::shared_ptr<ExecSession>& session) {
    self->attach_functor([session] { session->abandon(); });
    return {[session](input_atom, const std::string& bytes) -> caf::result<ack_atom> {
                if (session->write(bytes)) return ack_atom_v;
                return to_caf({"not_running", "the command takes no more input"});
            },
            [session](finish_atom) { session->finish(); },
            [session](resize_atom, std::uint16_t columns, std::uint16_t rows) {
                session->resize(columns, rows);
            }};
}

ExecChunk end_of(const Result<int>& code) {
    ExecChunk chunk;
    chunk.kind = ExecChunk::Kind::end;
    if (code) {
        chunk.exit_code = *code;
    } else {
        chunk.error_code = code.error().code;
        chunk.error_message = code.error().message;
    }
    return chunk;
}

/// Takes one piece at a time to the sink; the reading thread waits for it, or for the sink's end.
using courier_actor = caf::typed_actor<caf::reacts_to<ExecChunk>>;

class Courier {
public:
    Courier(caf::actor_system& system, const exec_sink_actor& sink) : flow_(std::make_shared<Flow>()) {
        actor_ = system.spawn(
            [sink, flow = flow_](courier_actor::pointer self, caf::unit_t) -> courier_actor::behavior_type {
                self->monitor(sink);
                self->set_down_handler([flow](const caf::down_msg&) { flow->set(true); });
                return {[self, sink, flow](const ExecChunk& chunk) {
                    self->request(sink, caf::infinite, chunk)
                        .then([flow](ack_atom) { flow->set(false); },
                              [flow](const caf::error&) { flow->set(true); });
                }};
            },
            caf::unit);
    }
    ~Courier() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    /// Waits until the sink has it. False: it has gone.
    bool deliver(ExecChunk chunk) {
        std::unique_lock lock(flow_->mutex);
        if (flow_->gone) return false;
        flow_->taken = false;
        caf::anon_send(actor_, std::move(chunk));
        flow_->changed.wait(lock, [&] { return flow_->taken || flow_->gone; });
        return !flow_->gone;
    }
    bool sink_lives() const {
        const std::lock_guard lock(flow_->mutex);
        return !flow_->gone;
    }

private:
    struct Flow {
        std::mutex mutex;
        std::condition_variable changed;
        bool taken = false;
        bool gone = false;
        void set(bool end) {
            const std::lock_guard lock(mutex);
            (end ? gone : taken) = true;
            changed.notify_all();
        }
    };
    std::shared_ptr<Flow> flow_;
    courier_actor actor_;
};

/// Brings output to the sink until either side has gone. The sink's pace is the command's.
void bring_output(ExecSession& session, Courier& courier) {
    using Kind = ExecSession::Piece::Kind;
    while (courier.sink_lives()) {
        auto piece = session.read(kLook);
        if (piece.kind == Kind::end) break;
        if (piece.kind == Kind::nothing) continue;
        ExecChunk chunk;
        chunk.kind = piece.kind == Kind::err ? ExecChunk::Kind::err : ExecChunk::Kind::out;
        chunk.bytes = std::move(piece.bytes);
        if (!courier.deliver(std::move(chunk))) break;
    }
    const bool cut = session.abandoned() || !courier.sink_lives();
    if (cut) {
        session.abandon();
        session.end_command();
    }
    courier.deliver(cut ? end_of(fail("not_running", "the session was ended")) : end_of(session.exit_code()));
}

}  // namespace

exec_actor serve_exec(caf::actor_system& system, std::shared_ptr<ExecSession> session,
                      const exec_sink_actor& sink, std::function<void()> done) {
    const exec_actor input = system.spawn<caf::detached>(take_input, session);
    auto courier = std::make_shared<Courier>(system, sink);
    system.spawn<caf::detached>(
        [session, courier, input, done](caf::blocking_actor*, caf::unit_t) {
            bring_output(*session, *courier);
            caf::anon_send_exit(input, caf::exit_reason::user_shutdown);
            done();
        },
        caf::unit);
    return input;
}

}  // namespace grid::adapters
