#include "adapters/exec_actor.hpp"

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

/// Brings output to the sink until either side has gone. The sink's pace is the command's.
void bring_output(caf::blocking_actor* self, ExecSession& session, const exec_sink_actor& sink) {
    using Kind = ExecSession::Piece::Kind;
    bool sink_lives = true;
    self->monitor(sink);
    const auto send = [&](ExecChunk chunk) {
        self->request(sink, caf::infinite, std::move(chunk))
            .receive([](ack_atom) {}, [&](const caf::error&) { sink_lives = false; });
    };
    while (sink_lives) {
        auto piece = session.read(kLook);
        if (piece.kind == Kind::end) break;
        if (piece.kind != Kind::nothing) {
            ExecChunk chunk;
            chunk.kind = piece.kind == Kind::err ? ExecChunk::Kind::err : ExecChunk::Kind::out;
            chunk.bytes = std::move(piece.bytes);
            send(std::move(chunk));
        }
        for (bool more = true; more;)
            self->receive([&](const caf::down_msg&) { sink_lives = false; },
                          [&](const caf::exit_msg&) { sink_lives = false; },
                          caf::after(std::chrono::milliseconds(0)) >> [&] { more = false; });
    }
    if (!sink_lives || session.abandoned()) {
        session.abandon();
        session.end_command();
        if (sink_lives) send(end_of(fail("not_running", "the session was ended")));
        return;
    }
    send(end_of(session.exit_code()));
}

}  // namespace

exec_actor serve_exec(caf::actor_system& system, std::shared_ptr<ExecSession> session,
                      const exec_sink_actor& sink, std::function<void()> done) {
    const exec_actor input = system.spawn<caf::detached>(take_input, session);
    system.spawn<caf::detached>(
        [session, sink, input, done](caf::blocking_actor* self, caf::unit_t) {
            bring_output(self, *session, sink);
            caf::anon_send_exit(input, caf::exit_reason::user_shutdown);
            done();
        },
        caf::unit);
    return input;
}

}  // namespace grid::adapters
