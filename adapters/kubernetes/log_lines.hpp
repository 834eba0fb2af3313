#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace grid::adapters::kubernetes {

/// How far a container's log has been told.
struct LogPlace {
    std::uint64_t seconds = 0;      ///< since 1970, of the last whole line
    std::uint32_t nanoseconds = 0;  ///< of the last whole line
    std::uint32_t lines = 0;        ///< whole lines of just that time that were told
    std::string time;               ///< as the server wrote it; empty: nothing was told yet

    bool same_time(const LogPlace& other) const {
        return seconds == other.seconds && nanoseconds == other.nanoseconds;
    }
    bool before(const LogPlace& other) const {
        return seconds != other.seconds ? seconds < other.seconds : nanoseconds < other.nanoseconds;
    }
};

/// Takes the times off the lines of a log that was asked for with `timestamps=true`, and leaves out what was
/// told before: a stream that was cut goes on with the next line, none lost, none twice. A line that was cut
/// itself is told again, whole. Lines without a time (the kubelet's own words) are passed on as they are.
class LogLines {
public:
    /// What an earlier stream of the same run of a container has told.
    explicit LogLines(LogPlace told = {}) : told_(std::move(told)), place_(told_) {}

    /// What of a piece is to be told; pieces are cut anywhere.
    std::string take(std::string_view piece);
    const LogPlace& place() const { return place_; }

private:
    enum class At : std::uint8_t { time, text };
    void begin_text();
    void end_line();

    const LogPlace told_;
    LogPlace place_;
    LogPlace line_;            ///< the time of the line that is read
    std::uint32_t again_ = 0;  ///< lines of the time of `told_` that came again
    At at_ = At::time;
    bool quiet_ = false;  ///< the line was told before
    std::string head_;    ///< of a line, until its time is known
};

}  // namespace grid::adapters::kubernetes
