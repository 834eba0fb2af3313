#include "adapters/kubernetes/replaced_logs.hpp"

#include <algorithm>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>

#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kRound{500};
constexpr unsigned kLines = 2'000;  // of each container, from before the change

std::string uid_of(const json::value& pod) {
    return text_at(pod, {"metadata", "uid"});
}

bool is_going(const json::value& pod) {
    return !text_at(pod, {"metadata", "deletionTimestamp"}).empty();
}

}  // namespace

/// One container's log, on a thread of its own.
struct ReplacedLogs::Reader {
    explicit Reader(Stop& parent) : stop(parent) {}
    ~Reader() {
        stop.stop();
        if (thread.joinable()) thread.join();
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Stop stop;
    std::string uid, workload, source;
    LogEnd text{KeptLogs::Limits().container_bytes};  ///< of the thread, until it is joined
    std::thread thread;
};

ReplacedLogs::ReplacedLogs(Api& api, std::string name_space, Stop& stop)
    : api_(api), name_space_(std::move(name_space)), stop_(stop) {}

ReplacedLogs::~ReplacedLogs() = default;

void ReplacedLogs::follow(const std::vector<json::value>& pods) {
    for (const auto& pod : pods) {
        const auto name = text_at(pod, {"metadata", "name"});
        for (const auto& status : list_at(pod, {"status", "containerStatuses"})) {
            if (find(status, {"state", "running"}) == nullptr &&
                find(status, {"state", "terminated"}) == nullptr)
                continue;
            const auto container = text_at(status, {"name"});
            auto reader = std::make_unique<Reader>(stop_);
            reader->uid = uid_of(pod);
            reader->workload = text_at(pod, {"metadata", "labels", label::kWorkload});
            reader->source = name + "/" + container;
            const Query query{
                {"container", container}, {"follow", "true"}, {"tailLines", std::to_string(kLines)}};
            reader->thread = std::thread([this, r = reader.get(), name, query] {
                (void)api_.log(
                    name_space_, name, query,
                    [&](std::string_view text) {
                        r->text.add(text);
                        return true;
                    },
                    &r->stop);
            });
            readers_.push_back(std::move(reader));
        }
    }
}

Result<std::vector<json::value>> ReplacedLogs::pods_of(const std::string& app) const {
    auto pods = api_.list(core::kPods, name_space_, app_query(app));
    if (!pods) return tl::unexpected(pods.error());
    return std::move(pods->items);
}

/// A pod that is read along with is on its way out, or will be.
bool ReplacedLogs::any_goes(const std::vector<json::value>& pods, const AppRecord& wanted) const {
    std::map<std::string, std::uint32_t> living;
    for (const auto& pod : pods)
        if (!is_going(pod)) ++living[text_at(pod, {"metadata", "labels", label::kWorkload})];
    for (const auto& pod : pods) {
        const auto uid = uid_of(pod);
        if (std::none_of(readers_.begin(), readers_.end(), [&](const auto& r) { return r->uid == uid; }))
            continue;
        const auto name = text_at(pod, {"metadata", "labels", label::kWorkload});
        const auto workload = std::find_if(wanted.workloads.begin(), wanted.workloads.end(),
                                           [&](const auto& w) { return w.name == name; });
        if (is_going(pod) || workload == wanted.workloads.end()) return true;
        if (text_at(pod, {"metadata", "labels", label::kTemplate}) != workload->template_) return true;
        const bool serves =
            workload->kind != lease::WorkloadKind::job && workload->kind != lease::WorkloadKind::cron_job;
        if (serves && living[name] > workload->replicas) return true;
    }
    return false;
}

std::vector<KeptLog> ReplacedLogs::take(const AppRecord& wanted, Deadline deadline) {
    std::vector<KeptLog> out;
    if (readers_.empty()) return out;
    auto pods = pods_of(wanted.app);
    while ((!pods || any_goes(*pods, wanted)) && steady_clock::now() < deadline && stop_.sleep(kRound))
        pods = pods_of(wanted.app);
    if (!pods) return out;
    for (const auto& reader : readers_) {
        const bool there = std::any_of(pods->begin(), pods->end(),
                                       [&](const auto& pod) { return uid_of(pod) == reader->uid; });
        if (there) continue;
        // Its stream ends with it.
        reader->stop.stop();
        reader->thread.join();
        out.push_back({reader->workload,
                       reader->source,
                       {static_cast<std::uint64_t>(std::time(nullptr))},
                       reader->text.take()});
    }
    return out;
}

}  // namespace grid::adapters::kubernetes
