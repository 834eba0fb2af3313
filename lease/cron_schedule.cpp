#include "lease/cron_schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <string>

namespace grid::lease {
namespace {

struct FieldKind {
    std::string_view name;
    unsigned least;
    unsigned most;
    std::span<const std::string_view> words;  ///< words[i] stands for least + i
};
constexpr std::string_view kMonths[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                        "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view kWeekDays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr FieldKind kMinute{"minute", 0, 59, {}};
constexpr FieldKind kHour{"hour", 0, 23, {}};
constexpr FieldKind kDay{"day of the month", 1, 31, {}};
constexpr FieldKind kMonth{"month", 1, 12, kMonths};
constexpr FieldKind kWeekDay{"day of the week", 0, 6, kWeekDays};

constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};

std::optional<unsigned> read_number(std::string_view text) {
    unsigned value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A number or a word of the field.
std::optional<unsigned> read_value(std::string_view text, const FieldKind& kind) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const auto word = std::find(kind.words.begin(), kind.words.end(), upper);
    if (word != kind.words.end()) return kind.least + static_cast<unsigned>(word - kind.words.begin());
    return read_number(text);
}

/// One element of a list: *, a, a-b, each perhaps with /step. False when it is malformed or out of range.
template <std::size_t N>
bool read_range(std::string_view text, const FieldKind& kind, std::bitset<N>& bits) {
    unsigned step = 1;
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        const auto number = read_number(text.substr(slash + 1));
        if (!number || *number == 0) return false;
        step = *number;
        text = text.substr(0, slash);
    }
    unsigned first = kind.least, last = kind.most;
    if (text != "*" && text != "?") {
        const auto hyphen = text.find('-');
        const auto from = read_value(text.substr(0, hyphen), kind);
        if (!from) return false;
        first = *from;
        if (hyphen != std::string_view::npos) {
            const auto to = read_value(text.substr(hyphen + 1), kind);
            if (!to) return false;
            last = *to;
        } else if (slash == std::string_view::npos) {
            last = first;
        }
    }
    if (first < kind.least || last > kind.most || first > last) return false;
    for (std::uint64_t value = first; value <= last; value += step) bits.set(value);
    return true;
}

template <std::size_t N>
Result<void> read_field(std::string_view text, const FieldKind& kind, std::bitset<N>& bits) {
    std::string_view rest = text;
    while (true) {
        const auto comma = rest.find(',');
        if (!read_range(rest.substr(0, comma), kind, bits))
            return fail("bad_schedule", "expected " + std::string(kind.name) + " from " +
                                            std::to_string(kind.least) + " to " + std::to_string(kind.most) +
                                            ", came \"" + std::string(text.substr(0, 64)) + "\"");
        if (comma == std::string_view::npos) return {};
        rest.remove_prefix(comma + 1);
    }
}

/// Whether an element of the list stands for every value.
bool wild(std::string_view field) {
    while (true) {
        const auto comma = field.find(',');
        const std::string_view element = field.substr(0, comma);
        if (element == "*" || element == "?" || element == "*/1" || element == "?/1") return true;
        if (comma == std::string_view::npos) return false;
        field.remove_prefix(comma + 1);
    }
}

/// The words of a text; nothing when there are not five.
std::optional<std::array<std::string_view, 5>> split(std::string_view text) {
    std::array<std::string_view, 5> fields;
    std::size_t count = 0;
    while (true) {
        const auto begin = text.find_first_not_of(" \t");
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        if (count == fields.size()) return std::nullopt;
        fields[count++] = text.substr(0, text.find_first_of(" \t"));
        text.remove_prefix(fields[count - 1].size());
    }
    if (count != fields.size()) return std::nullopt;
    return fields;
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
    const auto named = std::find_if(std::begin(kNamed), std::end(kNamed),
                                    [&](const auto& known) { return known.first == text; });
    const auto fields = split(named == std::end(kNamed) ? text : named->second);
    if (!fields || text.size() > 256)
        return fail("bad_schedule",
                    "expected five fields (minute, hour, day of the month, month, day of the week) or "
                    "@hourly, @daily, @weekly, @monthly, @yearly, came \"" +
                        std::string(text.substr(0, 64)) + "\"");
    CronSchedule schedule;
    if (auto ok = read_field((*fields)[0], kMinute, schedule.minutes_); !ok)
        return tl::unexpected(ok.error());
    if (auto ok = read_field((*fields)[1], kHour, schedule.hours_); !ok) return tl::unexpected(ok.error());
    if (auto ok = read_field((*fields)[2], kDay, schedule.days_); !ok) return tl::unexpected(ok.error());
    if (auto ok = read_field((*fields)[3], kMonth, schedule.months_); !ok) return tl::unexpected(ok.error());
    if (auto ok = read_field((*fields)[4], kWeekDay, schedule.week_days_); !ok)
        return tl::unexpected(ok.error());
    schedule.any_day_ = wild((*fields)[2]);
    schedule.any_week_day_ = wild((*fields)[4]);
    return schedule;
}

std::optional<chain::Timestamp> CronSchedule::next_after(chain::Timestamp moment) const {
    using namespace std::chrono;
    constexpr std::uint64_t kFarthest = 1ull << 40;  // seconds; far beyond any order
    if (moment.seconds >= kFarthest) return std::nullopt;
    const std::uint64_t start = moment.seconds / 60 * 60 + 60;
    const sys_days first = floor<days>(sys_seconds(seconds(start)));
    for (sys_days day = first; day < first + days(5 * 366 + 1); day += days(1)) {
        const year_month_day date(day);
        if (!months_.test(static_cast<unsigned>(date.month()))) continue;
        const bool day_fits = days_.test(static_cast<unsigned>(date.day()));
        const bool week_day_fits = week_days_.test(weekday(day).c_encoding());
        const bool fits = any_day_ || any_week_day_ ? day_fits && week_day_fits : day_fits || week_day_fits;
        if (!fits) continue;
        const auto midnight =
            static_cast<std::uint64_t>(duration_cast<seconds>(day.time_since_epoch()).count());
        for (unsigned hour = 0; hour < 24; ++hour)
            for (unsigned minute = 0; hours_.test(hour) && minute < 60; ++minute)
                if (const std::uint64_t at = midnight + hour * 3600 + minute * 60;
                    minutes_.test(minute) && at >= start)
                    return chain::Timestamp{at};
    }
    return std::nullopt;
}

}  // namespace grid::lease
