#include "lease/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace grid::lease {
namespace {

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

/// Takes fixed pieces off the front of a text; the first mismatch makes it bad for good.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}
    unsigned digits(std::size_t count) {
        unsigned value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
                bad_ = true;
                return 0;
            }
            value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }
    char one_of(std::string_view choices) {
        if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) {
            bad_ = true;
            return 0;
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void skip_fraction() {
        if (!rest_.starts_with('.')) return;
        rest_.remove_prefix(1);
        digits(1);
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
    }
    bool bad() const { return bad_; }
    bool done() const { return !bad_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool bad_ = false;
};

}  // namespace

std::string format_rfc3339(chain::Timestamp time) {
    using namespace std::chrono;
    const auto point = sys_seconds(seconds(std::min(time.seconds, kLastSecond)));
    const auto day = floor<days>(point);
    const year_month_day date(day);
    const hh_mm_ss clock(point - day);
    std::array<char, 64> text;
    const int length =
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(length)};
}

Result<chain::Timestamp> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    const auto bad = [] {
        return fail("bad_time", "expected an RFC 3339 date-time like 2026-11-20T12:00:00Z");
    };
    if (text.size() > 64) return bad();
    Cursor cursor(text);
    const unsigned y = cursor.digits(4);
    cursor.one_of("-");
    const unsigned mo = cursor.digits(2);
    cursor.one_of("-");
    const unsigned d = cursor.digits(2);
    cursor.one_of("Tt");
    const unsigned h = cursor.digits(2);
    cursor.one_of(":");
    const unsigned mi = cursor.digits(2);
    cursor.one_of(":");
    const unsigned s = cursor.digits(2);
    cursor.skip_fraction();
    const char zone = cursor.one_of("Zz+-");
    if (cursor.bad()) return bad();
    std::int64_t offset = 0;
    if (zone == '+' || zone == '-') {
        const unsigned offset_hours = cursor.digits(2);
        cursor.one_of(":");
        const unsigned offset_minutes = cursor.digits(2);
        if (offset_hours > 23 || offset_minutes > 59) return bad();
        offset = static_cast<std::int64_t>(offset_hours) * 3600 + offset_minutes * 60;
        if (zone == '-') offset = -offset;
    }
    const year_month_day date(year(static_cast<int>(y)), month(mo), day(d));
    if (!cursor.done() || !date.ok() || h > 23 || mi > 59 || s > 59) return bad();
    const std::int64_t since_epoch =
        sys_days(date).time_since_epoch().count() * std::int64_t{86400} + h * 3600 + mi * 60 + s - offset;
    if (since_epoch < 0) return bad();
    return chain::Timestamp{static_cast<std::uint64_t>(since_epoch)};
}

}  // namespace grid::lease
