// What users ask about their applications: how each pod is, what happened, a command inside, and what was
// printed before the end.
#include "actors/lease.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr auto kAskTimeout = 10s;
constexpr auto kLogTimeout = 15s;
constexpr std::size_t kKeptBytes = 256 * 1024;  ///< of each application
constexpr std::uint32_t kKeptLines = 10'000;

Error unknown_app(const std::string& name) {
    return {"not_found", "this lease has no application " + name.substr(0, 40)};
}

/// Collects the end of a log, then tells it once: when it ends, or when this actor does.
class log_keeper_state {
public:
    using Done = std::function<void(std::string text, bool whole)>;
    log_keeper_state() = default;
    log_keeper_state(const log_keeper_state&) = delete;
    ~log_keeper_state() { tell(false); }

    void take(const LogChunk& chunk) {
        text_ += chunk.text;
        if (text_.size() > 2 * kKeptBytes) text_.erase(0, text_.size() - kKeptBytes);
    }
    void tell(bool whole) {
        if (!done) return;
        if (text_.size() > kKeptBytes) {
            text_.erase(0, text_.size() - kKeptBytes);
            text_.erase(0, text_.find('\n') + 1);  // whole lines
        }
        std::exchange(done, nullptr)(std::move(text_), whole);
    }
    Done done;

private:
    std::string text_;
};

log_sink_actor::behavior_type log_keeper(log_sink_actor::stateful_pointer<log_keeper_state> self,
                                         const log_keeper_state::Done& done) {
    self->state.done = done;
    return {[self](const LogChunk& chunk) {
        self->state.take(chunk);
        if (chunk.end) {
            self->state.tell(true);
            self->quit();
        }
        return ack_atom_v;
    }};
}

}  // namespace

const lease_state::App* lease_state::known(const std::string& name) const {
    const auto found = apps_.find(name);
    return found == apps_.end() || found->second.row.state == AppState::removed ? nullptr : &found->second;
}

caf::typed_response_promise<AppDetail> lease_state::detail(const std::string& name) {
    auto promise = self_->make_response_promise<AppDetail>();
    if (!known(name) || ending()) {
        promise.deliver(to_caf(unknown_app(name)));
        return promise;
    }
    auto& waiting = details_[name];
    waiting.push_back(promise);
    if (waiting.size() > 1) return promise;
    self_->request(context_.parts.cluster, kAskTimeout, status_atom_v, row_.lease_key, name)
        .then([this, name](const AppStatus& status) { tell_detail(name, status); },
              [this, name](const caf::error& error) {
                  tell_detail(name, AppStatus{Health::unknown, from_caf(error).message, {}});
              });
    return promise;
}

void lease_state::tell_detail(const std::string& name, const AppStatus& status) {
    observe(name, status);
    auto waiting = std::exchange(details_[name], {});
    details_.erase(name);
    const auto* app = known(name);
    for (auto& promise : waiting) {
        if (!app) {
            promise.deliver(to_caf(unknown_app(name)));
            continue;
        }
        AppDetail answer{info(*app), app->row.version.revision, {}, status.pods};
        for (const auto& workload : app->application.workloads)
            answer.workloads.push_back({workload.name, workload.replicas});
        promise.deliver(std::move(answer));
    }
}

caf::result<std::vector<AppEvent>> lease_state::events(const std::string& name) {
    if (!known(name)) return to_caf(unknown_app(name));
    return self_->delegate(context_.parts.cluster, events_atom_v, row_.lease_key, name);
}

caf::result<exec_actor> lease_state::exec(const ExecRequest& request, const exec_sink_actor& sink) {
    if (ending()) return to_caf({"ended", "the order of this lease has ended"});
    const auto* app = known(request.app);
    if (!app) return to_caf(unknown_app(request.app));
    if (app->idle()) return to_caf({"not_running", "the application is stopped"});
    return self_->delegate(context_.parts.cluster, exec_atom_v, request, sink);
}

void lease_state::keep_logs(std::function<void()> then) {
    if (logs_kept_ || apps_.empty()) return then();
    // Once is enough to try: a cluster that is silent now is no reason to let the applications run on.
    logs_kept_ = true;
    auto left = std::make_shared<std::size_t>(apps_.size());
    auto batch = std::make_shared<store::Batch>();
    for (const auto& [name, app] : apps_) {
        const auto keep = [this, name = name, left, batch, then](const std::string& text) {
            if (!text.empty())
                context_.rows.put(*batch, row_.lease_key, name, KeptLog{context_.parts.clock(), text});
            if (--*left == 0) persist(std::move(*batch), then);
        };
        const auto sink = self_->spawn(log_keeper, [post = inbox_.poster(), keep](std::string text, bool) {
            post([keep, text = std::move(text)] { keep(text); });
        });
        LogRequest request;
        request.lease_key = row_.lease_key;
        request.app = name;
        request.tail = kKeptLines;
        self_->send(context_.parts.cluster, logs_atom_v, request, sink);
        inbox_.after(kLogTimeout, [sink] { caf::anon_send_exit(sink, caf::exit_reason::user_shutdown); });
    }
}

}  // namespace grid::actors
