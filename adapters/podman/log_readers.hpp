#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace grid::adapters::podman {

/// Whose logs are being followed. Deleting a container cuts them off: what it said last would be lost to
/// those who wait for it.
class LogReaders {
public:
    void begin(const std::string& container) {
        const std::lock_guard lock(mutex_);
        ++readers_[container];
    }
    void end(const std::string& container) {
        const std::lock_guard lock(mutex_);
        if (--readers_[container] == 0) readers_.erase(container);
        ended_.notify_all();
    }
    /// Waits until nobody reads of a container that has ended, at most so long: a slow reader holds up
    /// nothing.
    void await_end(const std::string& container, std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        ended_.wait_for(lock, limit, [&] { return !readers_.contains(container); });
    }

private:
    std::mutex mutex_;
    std::condition_variable ended_;
    std::map<std::string, unsigned> readers_;
};

}  // namespace grid::adapters::podman
