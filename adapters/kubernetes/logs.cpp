/// Logs of an application: the end of each container's log, then with follow everything that comes, over
/// restarts and updates, until the application is gone or nobody wants it.
#include <atomic>
#include <thread>

#include "adapters/kubernetes/driver.hpp"
#include "adapters/kubernetes/log_lines.hpp"
#include "adapters/log_queue.hpp"

namespace grid::adapters::kubernetes {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kRound{1'000};
constexpr unsigned kEmptyRounds = 5;  // without a pod: is the application still there?

/// A run of a container that has a log.
struct Source {
    std::string pod;
    std::string container;
    std::string name;  ///< for the reader
    std::int64_t run = 0;
    bool ended = false;
};

/// One container's stream on a thread of its own.
struct Stream {
    Stream(Stop& parent, std::int64_t run, LogPlace told)
        : stop(parent), of_run(run), lines(std::move(told)) {}
    ~Stream() {
        stop.stop();
        if (thread.joinable()) thread.join();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    Stop stop;
    std::int64_t of_run = 0;
    LogLines lines;      ///< the thread's until it is done
    bool whole = false;  ///< the server ended it: that is all there is. As `lines`
    std::atomic<bool> done{false};
    std::thread thread;
};

/// The containers of a pod that run or have run.
std::vector<Source> sources_of(const json::value& pod, const std::string& workload) {
    std::vector<Source> out;
    const auto of = text_at(pod, {"metadata", "labels", label::kWorkload});
    if (!workload.empty() && of != workload) return out;
    const auto name = text_at(pod, {"metadata", "name"});
    for (const char* list : {"initContainerStatuses", "containerStatuses"})
        for (const auto& status : list_at(pod, {"status", list})) {
            const bool runs = find(status, {"state", "running"}) != nullptr;
            const auto* ended = find(status, {"state", "terminated"});
            const auto restarts = number_at(status, {"restartCount"});
            if (!runs && ended == nullptr && restarts == 0) continue;
            const auto container = text_at(status, {"name"});
            out.push_back({name, container, name + "/" + container, restarts, !runs});
        }
    return out;
}

Query log_query(const Source& source, std::uint32_t tail) {
    Query query{{"container", source.container}};
    if (tail < UINT32_MAX) query.emplace_back("tailLines", std::to_string(tail));
    return query;
}

/// The streams of an application's containers, one thread each.
class Streams {
public:
    Streams(Api& api, Stop& stop, std::string name_space, std::uint32_t tail)
        : api_(api), stop_(stop), name_space_(std::move(name_space)), tail_(tail) {}
    ~Streams() {
        queue_.close();
        streams_.clear();  // stops and joins
    }
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    LogQueue& queue() { return queue_; }

    /// Begins what is new, goes on with what was cut, forgets what is gone.
    void follow(const std::vector<Source>& sources) {
        std::set<std::string> there;
        for (const auto& source : sources) {
            there.insert(source.name);
            follow(source);
        }
        std::erase_if(streams_,
                      [&](const auto& one) { return one.second->done && !there.contains(one.first); });
    }

private:
    void follow(const Source& source) {
        auto& stream = streams_[source.name];
        auto query = log_query(source, stream ? UINT32_MAX : tail_);
        query.insert(query.end(), {{"follow", "true"}, {"timestamps", "true"}});
        LogPlace told;
        if (stream) {
            if (!stream->done) return;
            if (source.run == stream->of_run) {
                if (source.ended && stream->whole) return;
                told = stream->lines.place();
                if (told.time.empty() && tail_ < UINT32_MAX)
                    query.emplace_back("tailLines", std::to_string(tail_));
                else if (!told.time.empty())
                    query.emplace_back("sinceTime", told.time);
            }
        }
        stream = std::make_unique<Stream>(stop_, source.run, std::move(told));
        stream->thread = std::thread([this, s = stream.get(), source, query] {
            const auto told_all = api_.log(
                name_space_, source.pod, query,
                [&](std::string_view piece) {
                    auto text = s->lines.take(piece);
                    return text.empty() || queue_.push(source.name, std::move(text));
                },
                &s->stop);
            s->whole = told_all || !is_unavailable(told_all.error());
            s->done = true;
        });
    }

    Api& api_;
    Stop& stop_;
    const std::string name_space_;
    const std::uint32_t tail_;
    LogQueue queue_;
    std::map<std::string, std::unique_ptr<Stream>> streams_;
};

}  // namespace

void Driver::logs(const messages::LogRequest& request, const LogSink& sink,
                  const std::function<bool()>& wanted) {
    // An empty log and one that cannot be read are two things to whoever reads it.
    const auto cannot = [&](const Error& why) { sink("", "the logs cannot be read: " + why.message + "\n"); };
    const auto found = find_namespace(request.lease_key);
    if (!found) return cannot(found.error());
    if (!*found) return;
    const auto name_space = ownership_.namespace_of(request.lease_key);
    const auto sources = [&]() -> Result<std::vector<Source>> {
        const auto pods = api_.list(core::kPods, name_space, app_query(request.app));
        if (!pods) return tl::unexpected(pods.error());
        std::vector<Source> out;
        for (const auto& pod : pods->items)
            for (auto& source : sources_of(pod, request.workload)) out.push_back(std::move(source));
        return out;
    };
    if (!request.follow || request.previous) {
        const auto all = sources();
        if (!all) return cannot(all.error());
        if (!request.previous && !kept_logs_.print(request, sink)) return;
        for (const auto& source : *all) {
            if (request.previous && source.run == 0) continue;
            auto query = log_query(source, request.tail);
            if (request.previous) query.emplace_back("previous", "true");
            bool more = true;
            (void)api_.log(
                name_space, source.pod, query,
                [&](std::string_view text) { return more = sink(source.name, std::string(text)); }, &stop_);
            if (!more) return;
        }
        return;
    }
    Streams streams(api_, stop_, name_space, request.tail);
    Deadline next_look{};
    unsigned empty = 0;
    for (bool more = true; more && wanted() && !stop_.stopped();) {
        if (steady_clock::now() >= next_look) {
            next_look = steady_clock::now() + kRound;
            const auto all = sources();
            empty = all && all->empty() ? empty + 1 : 0;
            if (all) streams.follow(*all);
            if (empty >= kEmptyRounds) {
                // A cron job has no pods for most of the time.
                const auto record = find_record(name_space, request.app);
                if (record && !*record) return;
                empty = 0;
            }
        }
        LogPiece piece;
        if (streams.queue().pop(piece, milliseconds(100))) more = sink(piece.source, piece.text);
    }
}

}  // namespace grid::adapters::kubernetes
