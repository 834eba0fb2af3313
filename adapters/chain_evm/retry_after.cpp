#include "adapters/chain_evm/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace grid::adapters::evm {
namespace {

using std::chrono::seconds;
using Time = std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads a date from left to right; once something is not as expected, nothing is.
class DateReader {
public:
    explicit DateReader(std::string_view text) : text_(text) {}

    void skip(std::string_view expected) {
        ok_ = ok_ && text_.starts_with(expected);
        if (ok_) text_.remove_prefix(expected.size());
    }
    /// So many digits.
    unsigned number(std::size_t digits) {
        unsigned value = 0;
        ok_ = ok_ && text_.size() >= digits;
        if (!ok_) return 0;
        const auto [end, problem] = std::from_chars(text_.data(), text_.data() + digits, value);
        ok_ = problem == std::errc{} && end == text_.data() + digits;
        text_.remove_prefix(digits);
        return value;
    }
    /// A day of two digits, of which the first may be a space.
    unsigned padded_day() {
        if (!text_.starts_with(' ')) return number(2);
        skip(" ");
        return number(1);
    }
    unsigned month() {
        const auto found = std::find(kMonths.begin(), kMonths.end(), text_.substr(0, 3));
        ok_ = ok_ && found != kMonths.end();
        if (!ok_) return 0;
        text_.remove_prefix(3);
        return static_cast<unsigned>(found - kMonths.begin()) + 1;
    }
    seconds time() {
        const auto hours = number(2);
        skip(":");
        const auto minutes = number(2);
        skip(":");
        const auto rest = number(2);
        ok_ = ok_ && hours < 24 && minutes < 60 && rest <= 60;  // 60: a leap second
        return std::chrono::hours(hours) + std::chrono::minutes(minutes) + seconds(rest);
    }
    std::optional<Time> finish(unsigned year, unsigned month, unsigned day, seconds time) const {
        const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                               std::chrono::month(month), std::chrono::day(day)};
        if (!ok_ || !text_.empty() || !date.ok()) return std::nullopt;
        return std::chrono::sys_days(date) + time;
    }

private:
    std::string_view text_;
    bool ok_ = true;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Time> fixed_date(std::string_view text) {
    DateReader in(text);
    const auto day = in.number(2);
    in.skip(" ");
    const auto month = in.month();
    in.skip(" ");
    const auto year = in.number(4);
    in.skip(" ");
    const auto time = in.time();
    in.skip(" GMT");
    return in.finish(year, month, day, time);
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"; of years that seem more than 50 years ahead the past one is meant.
std::optional<Time> rfc850_date(std::string_view text, int this_year) {
    DateReader in(text);
    const auto day = in.number(2);
    in.skip("-");
    const auto month = in.month();
    in.skip("-");
    int year = this_year / 100 * 100 + static_cast<int>(in.number(2));
    if (year > this_year + 50) year -= 100;
    in.skip(" ");
    const auto time = in.time();
    in.skip(" GMT");
    return in.finish(static_cast<unsigned>(year), month, day, time);
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<Time> asctime_date(std::string_view text) {
    DateReader in(text);
    const auto month = in.month();
    in.skip(" ");
    const auto day = in.padded_day();
    in.skip(" ");
    const auto time = in.time();
    in.skip(" ");
    const auto year = in.number(4);
    return in.finish(year, month, day, time);
}

/// The weekday says nothing that the date does not; it is passed over.
std::optional<Time> http_date(std::string_view text, std::chrono::system_clock::time_point now) {
    const auto comma = text.find(", ");
    if (comma == std::string_view::npos) return text.size() > 4 ? asctime_date(text.substr(4)) : std::nullopt;
    const auto date = text.substr(comma + 2);
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    return comma == 3 ? fixed_date(date) : rfc850_date(date, static_cast<int>(today.year()));
}

}  // namespace

std::optional<seconds> retry_after(std::string_view header, std::string_view date,
                                   std::chrono::system_clock::time_point now) {
    std::uint32_t count = 0;
    const auto [end, problem] = std::from_chars(header.data(), header.data() + header.size(), count);
    if (problem == std::errc{} && end == header.data() + header.size()) return seconds{count};
    const auto until = http_date(header, now);
    if (!until) return std::nullopt;
    const auto since = http_date(date, now).value_or(std::chrono::floor<seconds>(now));
    return std::max(seconds{0}, *until - since);
}

tl::unexpected<Error> refused_with(unsigned status) {
    return fail("bad_status", "it answers with status " + std::to_string(status));
}

}  // namespace grid::adapters::evm
