#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

namespace grid::adapters {

/// A piece of a container's log.
struct LogPiece {
    std::string source;  ///< "pod/container"
    std::string text;
};

/// Pieces on their way from many streams' threads to the one reader. Bounded: a slow reader slows the
/// streams, nothing piles up.
class LogQueue {
public:
    /// Waits for room; false once the reader has gone.
    bool push(const std::string& source, std::string text) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return closed_ || pieces_.size() < kMaxQueued; });
        if (closed_) return false;
        pieces_.push_back({source, std::move(text)});
        data_.notify_one();
        return true;
    }
    /// False when none comes within the limit.
    bool pop(LogPiece& piece, std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        if (!data_.wait_for(lock, limit, [this] { return !pieces_.empty(); })) return false;
        piece = std::move(pieces_.front());
        pieces_.pop_front();
        room_.notify_one();
        return true;
    }
    /// The reader goes: whoever waits for room is let go.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        room_.notify_all();
    }

private:
    static constexpr std::size_t kMaxQueued = 1024;

    std::mutex mutex_;
    std::condition_variable room_, data_;
    std::deque<LogPiece> pieces_;
    bool closed_ = false;
};

}  // namespace grid::adapters
