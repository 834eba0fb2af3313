#include "adapters/cluster_driver.hpp"

#include <map>
#include <mutex>

#include "adapters/exec_actor.hpp"
#include "messages/error.hpp"

namespace grid::adapters {

using namespace messages;

namespace {

constexpr unsigned kMaxJobs = 256;
/// Logs and commands last as long as users like: they have places of their own, so that they never keep the
/// driver from looking after leases, and no lease takes those of all others.
constexpr unsigned kMaxStreams = 256;
constexpr unsigned kMaxStreamsOfLease = 48;
constexpr std::chrono::seconds kSinkLimit{30};

/// Places for logs and commands. Thread-safe.
class Streams : public std::enable_shared_from_this<Streams> {
public:
    /// A place, held as long as what is answered; null when there is none.
    std::shared_ptr<void> take(const Hash& lease) {
        const std::lock_guard lock(mutex_);
        const auto found = by_lease_.find(lease);
        const bool full = found != by_lease_.end() && found->second >= kMaxStreamsOfLease;
        if (full || total_ >= kMaxStreams) return nullptr;
        ++total_;
        ++by_lease_[lease];
        return {this, [all = shared_from_this(), lease](void*) { all->give_back(lease); }};
    }

private:
    void give_back(const Hash& lease) {
        const std::lock_guard lock(mutex_);
        --total_;
        if (--by_lease_[lease] == 0) by_lease_.erase(lease);
    }

    std::mutex mutex_;
    unsigned total_ = 0;
    std::map<Hash, unsigned> by_lease_;
};

/// What runs in one job; counted, so that nobody can make threads without end.
struct Jobs {
    explicit Jobs(std::shared_ptr<ClusterDriver> of) : driver(std::move(of)) {}
    std::shared_ptr<ClusterDriver> driver;
    std::atomic<unsigned> running{0};
    std::shared_ptr<Streams> streams = std::make_shared<Streams>();
};

struct cluster_state {
    cluster_state() = default;
    cluster_state(const cluster_state&) = delete;
    /// CAF destroys the state before it tells anybody that the actor is gone: who waits for that may start
    /// the next driver, which must not adopt what is just being ended.
    ~cluster_state() {
        if (jobs) jobs->driver->end();
    }
    std::shared_ptr<Jobs> jobs;
};

/// Does one blocking piece of work on a thread of its own and is gone.
template <class T>
using job_actor = caf::typed_actor<caf::replies_to<tick_atom>::with<T>>;

template <class T, class Work>
caf::result<T> run(cluster_actor::stateful_pointer<cluster_state> self, Work work) {
    auto jobs = self->state.jobs;
    if (jobs->running >= kMaxJobs) return to_caf({"overloaded", "the driver has too much to do; try again"});
    ++jobs->running;
    // The unit: CAF 0.17 binds a reference through a null pointer for function actors without arguments.
    auto job = self->spawn<caf::detached>(
        [jobs, work = std::move(work)](typename job_actor<T>::pointer job_self, caf::unit_t) ->
        typename job_actor<T>::behavior_type {
            job_self->attach_functor([jobs] { --jobs->running; });
            return {[job_self, jobs, work](tick_atom) -> caf::result<T> {
                job_self->quit();
                // Whoever asked gets an answer even so: CAF would end the actor without one.
                try {
                    return work(*jobs->driver);
                } catch (const std::exception& e) {
                    return to_caf({"cluster_unavailable", std::string("the driver failed: ") + e.what()});
                }
            }};
        },
        caf::unit);
    return self->delegate(job, tick_atom_v);
}

/// CAF makes an empty message of a plain caf::unit, which no handler that takes a caf::unit_t would get.
caf::result<caf::unit_t> done(const Result<void>& result) {
    if (!result) return to_caf(result.error());
    caf::result<caf::unit_t> answer_unit{caf::unit};
    answer_unit.value = caf::make_message(caf::unit);
    return answer_unit;
}

/// Sends a log to its sink, piece by piece as the sink acknowledges.
void stream_logs(caf::blocking_actor* self, ClusterDriver& driver, const LogRequest& request,
                 const log_sink_actor& sink) {
    bool sink_lives = true;
    self->monitor(sink);
    const auto send = [&](LogChunk chunk) {
        self->request(sink, kSinkLimit, std::move(chunk))
            .receive([](ack_atom) {}, [&](const caf::error&) { sink_lives = false; });
        return sink_lives;
    };
    const auto wanted = [&] {
        bool more = true;
        while (more)
            self->receive([&](const caf::down_msg&) { sink_lives = false; },
                          [&](const caf::exit_msg&) { sink_lives = false; },
                          caf::after(std::chrono::milliseconds(0)) >> [&] { more = false; });
        return sink_lives;
    };
    try {
        driver.logs(
            request,
            [&](const std::string& source, const std::string& text) {
                return send({source, text, false});
            },
            wanted);
    } catch (const std::exception& e) {
        if (sink_lives) send({"", std::string("the logs cannot be read: ") + e.what() + "\n", false});
    }
    if (sink_lives) send({"", "", true});
}

cluster_actor::behavior_type cluster_front(cluster_actor::stateful_pointer<cluster_state> self,
                                           std::shared_ptr<ClusterDriver> driver) {
    self->state.jobs = std::make_shared<Jobs>(std::move(driver));
    return {
        [self](apply_atom, const Hash& lease, const std::string& app, const lease::Application& application,
               const Resources& resources) -> caf::result<AppStatus> {
            return run<AppStatus>(
                self, [=](ClusterDriver& d) { return answer(d.apply(lease, app, application, resources)); });
        },
        [self](status_atom, const Hash& lease, const std::string& app) -> caf::result<AppStatus> {
            // Too much to do is no sign of bad health.
            if (self->state.jobs->running >= kMaxJobs)
                return AppStatus{Health::unknown, "the driver has too much to do", {}};
            return run<AppStatus>(
                self, [=](ClusterDriver& d) { return caf::result<AppStatus>(d.status(lease, app)); });
        },
        [self](events_atom, const Hash& lease, const std::string& app) -> caf::result<std::vector<AppEvent>> {
            return run<std::vector<AppEvent>>(self,
                                              [=](ClusterDriver& d) { return answer(d.events(lease, app)); });
        },
        [self](remove_atom, const Hash& lease, const std::string& app) -> caf::result<caf::unit_t> {
            if (app.empty()) return to_caf({"bad_application", "which application? (none was named)"});
            return run<caf::unit_t>(self, [=](ClusterDriver& d) { return done(d.remove(lease, app)); });
        },
        [self](remove_atom, const Hash& lease) -> caf::result<caf::unit_t> {
            return run<caf::unit_t>(self, [=](ClusterDriver& d) { return done(d.remove(lease, {})); });
        },
        [self](list_atom) -> caf::result<std::vector<RunningApp>> {
            return run<std::vector<RunningApp>>(self, [](ClusterDriver& d) { return answer(d.list()); });
        },
        [self](collect_atom, const std::vector<Hash>& living) -> caf::result<std::vector<std::string>> {
            return run<std::vector<std::string>>(self,
                                                 [=](ClusterDriver& d) { return answer(d.collect(living)); });
        },
        [self](logs_atom, const LogRequest& request, const log_sink_actor& sink) {
            auto jobs = self->state.jobs;
            const auto place = jobs->streams->take(request.lease_key);
            if (!place) {
                caf::anon_send(
                    sink, LogChunk{"", "too many logs and commands are open; close one of yours\n", true});
                return;
            }
            self->system().spawn<caf::detached>(
                [jobs, request, sink, place](caf::blocking_actor* job, caf::unit_t) {
                    stream_logs(job, *jobs->driver, request, sink);
                },
                caf::unit);
        },
        [self](exec_atom, const ExecRequest& request, const exec_sink_actor& sink) {
            return run<exec_actor>(
                self,
                [jobs = self->state.jobs, system = &self->system(), request,
                 sink](ClusterDriver& d) -> caf::result<exec_actor> {
                    if (request.command.empty())
                        return to_caf({"bad_command", "which command? (none was given)"});
                    auto place = jobs->streams->take(request.lease_key);
                    if (!place)
                        return to_caf(
                            {"overloaded", "too many logs and commands are open; close one of yours"});
                    auto session = d.exec(request);
                    if (!session) return to_caf(session.error());
                    // Its driver outlives a session, whoever lets go of it last.
                    auto* const bare = session->get();
                    std::shared_ptr<ExecSession> kept(
                        bare, [held = std::pair{jobs, std::move(*session)}](ExecSession*) mutable {
                            held.second.reset();
                        });
                    return serve_exec(*system, std::move(kept), sink, [place]() mutable { place.reset(); });
                });
        },
        [self](inv_atom) -> caf::result<Inventory> {
            return run<Inventory>(self, [](ClusterDriver& d) { return answer(d.inventory()); });
        },
        [self](probe_atom) -> caf::result<std::vector<Capability>> {
            return run<std::vector<Capability>>(
                self, [](ClusterDriver& d) { return caf::result<std::vector<Capability>>(d.probe()); });
        },
    };
}

}  // namespace

cluster_actor spawn_cluster(caf::actor_system& system, std::shared_ptr<ClusterDriver> driver) {
    return system.spawn<caf::detached>(cluster_front, std::move(driver));
}

}  // namespace grid::adapters
