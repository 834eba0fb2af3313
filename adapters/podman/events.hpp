#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "adapters/podman/api.hpp"
#include "messages/data.hpp"

namespace grid::adapters::podman {

/// What the driver saw happen to applications, newest last. Lost at a restart of ours: what is so still is
/// told by the status. Safe from any thread.
class EventBook {
public:
    using Kind = messages::AppEvent::Kind;

    /// `now` answers the seconds since 1970.
    explicit EventBook(std::function<messages::Timestamp()> now) : now_(std::move(now)) {}

    /// The same again, right after itself, only counts.
    void note(const std::string& lease, const std::string& app, Kind kind, const std::string& object,
              const std::string& reason, const std::string& message);
    /// About the pod of a container.
    void note(const ContainerRow& row, Kind kind, const std::string& reason, const std::string& message);
    std::vector<messages::AppEvent> of(const std::string& lease, const std::string& app) const;
    /// An empty application: all of the lease.
    void forget(const std::string& lease, const std::string& app);

private:
    using Key = std::pair<std::string, std::string>;
    const std::function<messages::Timestamp()> now_;
    mutable std::mutex mutex_;
    std::map<Key, std::deque<messages::AppEvent>> events_;
};

/// "web-0": a pod as people call it.
std::string pod_name(const ContainerRow& row);

}  // namespace grid::adapters::podman
