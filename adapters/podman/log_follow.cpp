#include "adapters/log_queue.hpp"
#include "adapters/podman/driver.hpp"

/// Logs of an application: the end of each container's log, then with follow everything that comes, over
/// restarts and updates, until the application is gone or nobody wants it.
namespace grid::adapters::podman {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kRound{500};

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

}  // namespace

/// What there is: first of what is gone, then of what is there.
void Driver::print_logs(const messages::LogRequest& request, const std::vector<std::string>& which,
                        const LogSink& sink) {
    const auto rows = api_.containers(which);
    if (!rows) return;
    if (!request.previous && !kept_logs_.print(request, sink)) return;
    for (const auto& row : *rows) {
        bool more = true;
        const auto take = [&](std::string_view text) {
            return more = sink(source_of(row), std::string(text));
        };
        if (!request.previous) {
            (void)api_.follow(row.id, false, request.tail, 0, take, nullptr);
        } else {
            const auto starts = restarts_.of(row.id);
            if (row.ended())
                (void)api_.log_between(row.id, starts.last, 0, request.tail, take);
            else if (starts.last > 0)
                (void)api_.log_between(row.id, starts.before, starts.last, request.tail, take);
        }
        if (!more) return;
    }
}

void Driver::logs(const messages::LogRequest& request, const LogSink& sink,
                  const std::function<bool()>& wanted) {
    auto which = labels(lease_text(request.lease_key), request.app);
    if (!request.workload.empty()) which.push_back(std::string(label::kWorkload) + "=" + request.workload);
    if (!request.follow || request.previous) return print_logs(request, which, sink);
    LogQueue queue;
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
        LogPiece piece;
        if (queue.pop(piece, milliseconds(100))) more = sink(piece.source, piece.text);
    }
    queue.close();
    streams.clear();  // stops and joins
}

}  // namespace grid::adapters::podman
