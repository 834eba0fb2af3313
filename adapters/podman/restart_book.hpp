#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/podman/api.hpp"
#include "messages/data.hpp"

namespace grid::adapters::podman {

/// How often each container was started again, and when: podman tells only of the last start. On disk, so
/// that a job's failures are not counted anew after a restart of ours. Safe from any thread.
class RestartBook {
public:
    /// Times are nanoseconds since 1970, each taken between the end of one run and the start of the next; 0:
    /// there was no such start.
    struct Entry {
        std::uint32_t restarts = 0;  ///< after crashes
        std::int64_t before = 0;     ///< the start before the last one
        std::int64_t last = 0;       ///< the last start that was not the first
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    /// In `directory`/<lease>/<app>/restarts.
    explicit RestartBook(std::string directory) : directory_(std::move(directory)) {}

    void load();
    /// Call it before the start: it is durable when this returns, so that a start is never without its count.
    /// Answers what stood there before. Code not_written.
    Result<Entry> begin(const ContainerRow& row, bool after_crash, std::int64_t now);
    /// The start came to nothing.
    Result<void> put_back(const ContainerRow& row, const Entry& before);
    Entry of(const std::string& id) const;
    void forget(const ContainerRow& row);
    /// An empty application: all of the lease.
    void forget(const std::string& lease, const std::string& app);
    /// Forgets all containers that are not in the list.
    void keep_only(const std::vector<ContainerRow>& rows);

private:
    using Key = std::pair<std::string, std::string>;  ///< lease, application
    using Containers = std::map<std::string, Entry>;  ///< by id

    Result<void> set(const Key& key, const std::string& id, const Entry& entry);
    Result<void> write(const Key& key);
    std::string path_of(const Key& key) const;

    const std::string directory_;
    mutable std::mutex mutex_;
    std::map<Key, Containers> apps_;
};

}  // namespace grid::adapters::podman
