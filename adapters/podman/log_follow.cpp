#include <deque>

#include "adapters/podman/driver.hpp"

/// Logs of an application: the end of each container's log, then with follow everything that comes, over
/// restarts and updates, until the application is gone or nobody wants it.
namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxQueued = 1024;  // a slow reader slows the streams, nothing piles up
constexpr milliseconds kRound{500};

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
    runtime::HttpStop stop;
    std::atomic<bool> done{false};
    std::int64_t of_start = 0;  ///< which start of the container it reads
    std::thread thread;

    ~Stream() {
        stop.stop();
        if (thread.joinable()) thread.join();
    }
};

std::string source_of(const ContainerRow& row) {
    return row.label(label::kWorkload) + "-" + row.label(label::kReplica) + "/" +
           row.label(label::kContainer);
}

}  // namespace

void Driver::logs(const messages::LogRequest& request, const LogSink& sink,
                  const std::function<bool()>& wanted) {
    auto which = labels(lease_text(request.lease_key), request.app);
    if (!request.workload.empty()) which.push_back(std::string(label::kWorkload) + "=" + request.workload);
    if (!request.follow || request.previous) {
        const auto rows = api_.containers(which);
        if (!rows) return;
        for (const auto& row : *rows) {
            bool more = true;
            const auto take = [&](std::string_view text) {
                return more = sink(source_of(row), std::string(text));
            };
            if (request.previous)
                (void)api_.log_before_end(row.id, request.tail, take);
            else
                (void)api_.follow(row.id, false, request.tail, 0, take, nullptr);
            if (!more) return;
        }
        return;
    }
    Queue queue;
    std::map<std::string, std::unique_ptr<Stream>> streams;
    SteadyTime next_look{};
    bool more = true;
    for (unsigned empty = 0; more && wanted() && !ending_ && empty < 3;) {
        if (steady_clock::now() >= next_look) {
            next_look = steady_clock::now() + kRound;
            const auto rows = api_.containers(which);
            empty = rows && rows->empty() ? empty + 1 : 0;
            for (const auto& row : rows.value_or(std::vector<ContainerRow>{})) {
                auto& stream = streams[row.id];
                const bool first = !stream;
                // After a restart the stream begins with it; what was before has been read.
                if (!first && (!stream->done || row.started_at == stream->of_start)) continue;
                if (row.state == "created") {
                    if (first) streams.erase(row.id);
                    continue;
                }
                stream = std::make_unique<Stream>();
                stream->of_start = row.started_at;
                const auto since = first ? 0 : row.started_at;
                log_readers_.begin(row.id);
                stream->thread = std::thread([this, &queue, s = stream.get(), row, since,
                                              tail = request.tail] {
                    (void)api_.follow(
                        row.id, true, tail, since,
                        [&](std::string_view text) { return queue.push(source_of(row), std::string(text)); },
                        &s->stop);
                    log_readers_.end(row.id);
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

}  // namespace grid::adapters::podman
