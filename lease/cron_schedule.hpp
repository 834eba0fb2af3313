#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "chain/time.hpp"
#include "store/result.hpp"

namespace grid::lease {

/// When a cron job runs, in UTC: the schedule of a Kubernetes CronJob, which is that of
/// github.com/robfig/cron's standard parser: five fields (minute, hour, day of the month, month, day of the
/// week) of numbers, names (JAN, MON), ranges, steps and lists; or @hourly, @daily, @midnight, @weekly,
/// @monthly, @yearly, @annually. When both days are given (neither is '*' or '?'), either suffices.
class CronSchedule {
public:
    /// Code `bad_schedule`; the message names the field, what was expected and what came. Prefixes TZ= and
    /// CRON_TZ= and @every are refused.
    static Result<CronSchedule> parse(std::string_view text);

    /// The first run after this moment; nothing when there is none within five years (31st of February).
    std::optional<chain::Timestamp> next_after(chain::Timestamp moment) const;

private:
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;      ///< 1..31
    std::bitset<13> months_;    ///< 1..12
    std::bitset<7> week_days_;  ///< 0 is Sunday
    bool any_day_ = false;      ///< the field is '*' or '?'
    bool any_week_day_ = false;
};

}  // namespace grid::lease
