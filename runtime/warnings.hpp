#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace grid::runtime {

/// What the operator should know of this node, by topic: told by its health until it is over. Safe from any
/// thread.
class Warnings {
public:
    /// Empty words: it is over. True when they are new.
    bool set(const std::string& topic, std::string words) {
        const std::lock_guard lock(mutex_);
        auto& now = warnings_[topic];
        const bool changed = now != words;
        now = std::move(words);
        return changed;
    }
    std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> all;
        for (const auto& [topic, words] : warnings_)
            if (!words.empty()) all.push_back(words);
        return all;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> warnings_;
};

}  // namespace grid::runtime
