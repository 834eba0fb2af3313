#include "adapters/podman/events.hpp"

#include "adapters/podman/plan.hpp"

namespace grid::adapters::podman {

using messages::AppEvent;

namespace {
constexpr std::size_t kMaxMessage = 512;
}  // namespace

std::string pod_name(const ContainerRow& row) {
    return row.label(label::kWorkload) + "-" + row.label(label::kReplica);
}

void EventBook::note(const std::string& lease, const std::string& app, Kind kind, const std::string& object,
                     const std::string& reason, const std::string& message) {
    AppEvent event{now_(), kind, object, reason, message.substr(0, kMaxMessage), 1};
    const std::lock_guard lock(mutex_);
    auto& events = events_[{lease, app}];
    if (!events.empty()) {
        auto& last = events.back();
        if (last.object == event.object && last.reason == event.reason && last.message == event.message) {
            last.time = event.time;
            ++last.count;
            return;
        }
    }
    events.push_back(std::move(event));
    if (events.size() > messages::kMaxAppEvents) events.pop_front();
}

void EventBook::note(const ContainerRow& row, Kind kind, const std::string& reason,
                     const std::string& message) {
    note(row.label(label::kLease), row.label(label::kApp), kind, "Pod/" + pod_name(row), reason, message);
}

std::vector<AppEvent> EventBook::of(const std::string& lease, const std::string& app) const {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find({lease, app});
    if (found == events_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

void EventBook::forget(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    std::erase_if(events_, [&](const auto& entry) {
        return entry.first.first == lease && (app.empty() || entry.first.second == app);
    });
}

}  // namespace grid::adapters::podman
