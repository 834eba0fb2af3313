#include "adapters/kubernetes/log_lines.hpp"

#include <algorithm>

#include "lease/rfc3339.hpp"

namespace grid::adapters::kubernetes {

namespace {

constexpr std::size_t kMaxTime = 40;  // "2026-11-28T06:00:00.123456789+01:00"

/// The time of a line; none (an empty text) when it is none.
LogPlace place_of(const std::string& time) {
    const auto seconds = lease::parse_rfc3339(time);
    if (!seconds) return {};
    LogPlace place{seconds->seconds, 0, 0, time};
    if (const auto point = time.find('.'); point != std::string::npos) {
        std::uint32_t unit = 100'000'000;
        for (auto i = point + 1; i < time.size() && time[i] >= '0' && time[i] <= '9'; ++i, unit /= 10)
            place.nanoseconds += static_cast<std::uint32_t>(time[i] - '0') * unit;
    }
    return place;
}

}  // namespace

std::string LogLines::take(std::string_view piece) {
    std::string out;
    while (!piece.empty()) {
        if (at_ == At::time) {
            const auto end = piece.find_first_of(" \n");
            const auto size = std::min({end, piece.size(), kMaxTime + 1 - head_.size()});
            head_ += piece.substr(0, size);
            piece.remove_prefix(size);
            if (size != end && head_.size() <= kMaxTime) return out;
            begin_text();
            if (line_.time.empty()) {
                out += head_;
            } else if (!piece.empty() && piece.front() == ' ') {
                piece.remove_prefix(1);
            }
            head_.clear();
        }
        const auto end = piece.find('\n');
        const auto size = end == std::string_view::npos ? piece.size() : end + 1;
        if (!quiet_) out += piece.substr(0, size);
        piece.remove_prefix(size);
        if (end != std::string_view::npos) end_line();
    }
    return out;
}

void LogLines::begin_text() {
    at_ = At::text;
    line_ = place_of(head_);
    quiet_ = false;
    if (line_.time.empty() || told_.time.empty()) return;
    quiet_ = line_.before(told_) || (line_.same_time(told_) && ++again_ <= told_.lines);
}

void LogLines::end_line() {
    at_ = At::time;
    if (quiet_ || line_.time.empty()) return;
    const auto lines = place_.same_time(line_) && !place_.time.empty() ? place_.lines : 0;
    place_ = line_;
    place_.lines = lines + 1;
}

}  // namespace grid::adapters::kubernetes
