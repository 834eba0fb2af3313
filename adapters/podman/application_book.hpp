#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lease/workload.hpp"
#include "store/result.hpp"

namespace grid::adapters::podman {

/// What each application shall be, on disk: written when an apply has gone through, so what is read after a
/// crash has run once as a whole. Safe from any thread.
class ApplicationBook {
public:
    using Key = std::pair<std::string, std::string>;  ///< lease, application
    using Entry = std::shared_ptr<const lease::Application>;

    /// In `directory`/<lease>/<app>/application; what cannot be read (another version of ours wrote it) is as
    /// if it had never been.
    explicit ApplicationBook(std::string directory) : directory_(std::move(directory)) {}

    void load();
    /// Null: never applied as a whole.
    Entry of(const std::string& lease, const std::string& app) const;
    /// Durable when it returns. Codes not_written, podman_error.
    Result<void> keep(const std::string& lease, const std::string& app,
                      const lease::Application& application);
    /// An empty application: all of the lease.
    void forget(const std::string& lease, const std::string& app);
    std::vector<std::pair<Key, Entry>> all() const;

private:
    std::string path_of(const Key& key) const;

    const std::string directory_;
    mutable std::mutex mutex_;
    std::map<Key, Entry> entries_;
};

}  // namespace grid::adapters::podman
