#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "messages/data.hpp"

namespace grid::adapters {

/// The last lines of a container that is gone.
struct KeptLog {
    std::string workload;
    std::string source;  ///< "pod/container"
    messages::Timestamp ended;
    std::string text;
    friend bool operator==(const KeptLog&, const KeptLog&) = default;
};

/// What containers printed that an update, a restart or a smaller number of replicas took away. In files, so
/// that a restart of ours loses nothing; bounded for each application, and gone with it. What cannot be
/// written is lost without further harm. Safe from any thread.
class KeptLogs {
public:
    struct Limits {
        std::size_t container_bytes = 64 * 1024;
        std::size_t app_bytes = 256 * 1024;  ///< the oldest make room
        std::size_t app_containers = 32;
        std::chrono::hours life{24};
    };

    /// In `directory`/<lease>/<app>/lines. `now` answers the seconds since 1970.
    KeptLogs(std::string directory, std::function<messages::Timestamp()> now, Limits limits)
        : directory_(std::move(directory)), now_(std::move(now)), limits_(limits) {}
    KeptLogs(std::string directory, std::function<messages::Timestamp()> now)
        : KeptLogs(std::move(directory), std::move(now), Limits()) {}

    /// Of a text that is too long the end. Nothing is kept of an empty one.
    void keep(const std::string& lease, const std::string& app, KeptLog log);
    /// Oldest first; an empty workload: all.
    std::vector<KeptLog> of(const std::string& lease, const std::string& app,
                            const std::string& workload) const;
    /// Hands on what was asked for, each under a line that says whose it is, as tail(1) does; false when the
    /// sink has enough.
    bool print(const messages::LogRequest& request,
               const std::function<bool(const std::string& source, const std::string& text)>& sink) const;
    /// An empty application: all of the lease.
    void forget(const std::string& lease, const std::string& app);

private:
    std::string path_of(const std::string& lease, const std::string& app) const;
    std::vector<KeptLog> read(const std::string& path) const;

    const std::string directory_;
    const std::function<messages::Timestamp()> now_;
    const Limits limits_;
    mutable std::mutex mutex_;
};

/// The end of a text that grows: at most so many bytes, from the beginning of a line on.
class LogEnd {
public:
    explicit LogEnd(std::size_t bytes) : bytes_(bytes) {}
    void add(std::string_view text);
    std::string take();

private:
    const std::size_t bytes_;
    std::string text_;
    bool cut_ = false;
};

/// The last lines of a text.
std::string_view last_lines_of(std::string_view text, std::uint32_t lines);

}  // namespace grid::adapters
