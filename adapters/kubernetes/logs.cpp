/// Logs of an application: the end of each container's log, then with follow everything that comes, over
/// restarts and updates, until the application is gone or nobody wants it.
#include <condition_variable>
#include <deque>
#include <thread>

#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxQueued = 1024;  // a slow reader slows the streams, nothing piles up
constexpr milliseconds kRound{1'000};
constexpr unsigned kEmptyRounds = 5;  // without a pod, and the application is gone

/// A run of a container that has a log.
struct Source {
    std::string pod;
    std::string container;
    std::string name;  ///< for the reader
    std::int64_t run = 0;
    bool ended = false;
};

/// Pieces on their way from the streams' threads to the one reader.
class Queue {
public:
    bool push(const std::string& source, std::string text) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return closed_ || pieces_.size() < kMaxQueued; });
        if (closed_) return false;
        pieces_.emplace_back(source, std::move(text));
        data_.notify_one();
        return true;
    }
    bool pop(std::pair<std::string, std::string>& piece, milliseconds limit) {
        std::unique_lock lock(mutex_);
        if (!data_.wait_for(lock, limit, [this] { return !pieces_.empty(); })) return false;
        piece = std::move(pieces_.front());
        pieces_.pop_front();
        room_.notify_one();
        return true;
    }
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        room_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable room_, data_;
    std::deque<std::pair<std::string, std::string>> pieces_;
    bool closed_ = false;
};

/// One container's stream on a thread of its own.
struct Stream {
    explicit Stream(Stop& parent) : stop(parent) {}
    ~Stream() {
        stop.stop();
        if (thread.joinable()) thread.join();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    Stop stop;
    std::atomic<bool> done{false};
    std::atomic<Deadline> heard{steady_clock::now()};  ///< the last piece
    std::int64_t of_run = 0;
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

Query log_query(const Source& source, bool follow, bool previous, std::uint32_t tail) {
    Query query{{"container", source.container}};
    if (follow) query.emplace_back("follow", "true");
    if (previous) query.emplace_back("previous", "true");
    if (tail < UINT32_MAX) query.emplace_back("tailLines", std::to_string(tail));
    return query;
}

}  // namespace

void Driver::logs(const messages::LogRequest& request, const LogSink& sink,
                  const std::function<bool()>& wanted) {
    const auto found = find_namespace(request.lease_key);
    if (!found || !*found) return;
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
        if (!all) return;
        for (const auto& source : *all) {
            bool more = true;
            (void)api_.log(
                name_space, source.pod, log_query(source, false, request.previous, request.tail),
                [&](std::string_view text) { return more = sink(source.name, std::string(text)); }, &stop_);
            if (!more) return;
        }
        return;
    }
    Queue queue;
    std::map<std::string, std::unique_ptr<Stream>> streams;
    Deadline next_look{};
    bool more = true;
    for (unsigned empty = 0; more && wanted() && !stop_.stopped() && empty < kEmptyRounds;) {
        if (steady_clock::now() >= next_look) {
            next_look = steady_clock::now() + kRound;
            const auto all = sources();
            empty = all && all->empty() ? empty + 1 : 0;
            for (const auto& source : all.value_or(std::vector<Source>{})) {
                auto& stream = streams[source.name];
                const bool first = !stream;
                const bool same_run = !first && source.run == stream->of_run;
                if (!first && (!stream->done || (same_run && source.ended))) continue;
                auto query = log_query(source, true, false, first ? request.tail : UINT32_MAX);
                // A stream that was cut goes on from its last piece; rather a line twice than one lost.
                if (same_run)
                    query.emplace_back("sinceSeconds",
                                       std::to_string(std::chrono::ceil<std::chrono::seconds>(
                                                          steady_clock::now() - stream->heard.load())
                                                          .count() +
                                                      1));
                stream = std::make_unique<Stream>(stop_);
                stream->of_run = source.run;
                stream->thread = std::thread([this, &queue, name_space, s = stream.get(), source, query] {
                    (void)api_.log(
                        name_space, source.pod, query,
                        [&](std::string_view text) {
                            s->heard = steady_clock::now();
                            return queue.push(source.name, std::string(text));
                        },
                        &s->stop);
                    s->done = true;
                });
            }
        }
        std::pair<std::string, std::string> piece;
        if (queue.pop(piece, milliseconds(100))) more = sink(piece.first, piece.second);
    }
    queue.close();
    streams.clear();  // stops and joins
}

}  // namespace grid::adapters::kubernetes
