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

/// What the driver saw happen to applications, newest last: at most kMaxAppEvents of each, in files, which
/// outlive a kill of ours (not a loss of the machine's power). Safe from any thread.
class EventBook {
public:
    using Kind = messages::AppEvent::Kind;

    /// In `directory`/<lease>/<app>/events. `now` answers the seconds since 1970.
    EventBook(std::function<messages::Timestamp()> now, std::string directory)
        : now_(std::move(now)), directory_(std::move(directory)) {}

    void load();
    /// Only of what has begun events are noted: who is late with one brings nothing back that was removed.
    void begin(const std::string& lease, const std::string& app);
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
    struct Journal {
        std::deque<messages::AppEvent> events;
        std::size_t lines = 0;  ///< of its file

        void add(messages::AppEvent event);
    };

    std::string path_of(const Key& key) const;
    void write(const Key& key, Journal& journal, const messages::AppEvent& last) const;

    const std::function<messages::Timestamp()> now_;
    const std::string directory_;
    mutable std::mutex mutex_;
    std::map<Key, Journal> journals_;
};

/// "web-0": a pod as people call it.
std::string pod_name(const ContainerRow& row);
/// "web-0/nginx": whose log it is.
std::string source_of(const ContainerRow& row);

}  // namespace grid::adapters::podman
