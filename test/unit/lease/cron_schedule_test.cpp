#include "lease/cron_schedule.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "lease/rfc3339.hpp"

using namespace grid;

namespace {

chain::Timestamp at(const char* text) {
    const auto moment = lease::parse_rfc3339(text);
    REQUIRE(moment);
    return *moment;
}

}  // namespace

// Rows as in the tests of robfig/cron (spec_test.go, TestNext), without time zones.
TEST_CASE("a cron schedule names its next run") {
    const struct {
        const char* schedule;
        const char* moment;
        const char* next;
    } rows[] = {
        {"0/15 * * * *", "2012-07-09T14:45:00Z", "2012-07-09T15:00:00Z"},
        {"0/15 * * * *", "2012-07-09T14:59:00Z", "2012-07-09T15:00:00Z"},
        {"0/15 * * * *", "2012-07-09T14:59:59Z", "2012-07-09T15:00:00Z"},
        {"20-35/15 * * * *", "2012-07-09T15:45:00Z", "2012-07-09T16:20:00Z"},
        {"*/15 * * * *", "2012-07-09T23:46:00Z", "2012-07-10T00:00:00Z"},
        {"20-35/15 * * * *", "2012-07-09T23:45:00Z", "2012-07-10T00:20:00Z"},
        {"20-35/15 1/2 * * *", "2012-07-09T23:35:51Z", "2012-07-10T01:20:00Z"},
        {"20-35/15 10-12 * * *", "2012-07-09T23:35:51Z", "2012-07-10T10:20:00Z"},
        {"20-35/15 1/2 */2 * *", "2012-07-09T23:35:51Z", "2012-07-11T01:20:00Z"},
        {"20-35/15 * 9-20 Jul *", "2012-07-09T23:35:51Z", "2012-07-10T00:20:00Z"},
        {"0 0 9 Apr-Oct ?", "2012-07-09T23:35:00Z", "2012-08-09T00:00:00Z"},
        {"0 0 */5 Apr,Aug,Oct Mon", "2012-07-09T23:35:00Z", "2012-08-01T00:00:00Z"},
        {"0 0 */5 Oct Mon", "2012-07-09T23:35:00Z", "2012-10-01T00:00:00Z"},
        {"0 0 * Feb Mon", "2012-07-09T23:35:00Z", "2013-02-04T00:00:00Z"},
        {"0 0 29 Feb ?", "2012-07-09T23:35:00Z", "2016-02-29T00:00:00Z"},
        {"30 2 * * 1-5", "2026-11-27T02:30:00Z", "2026-11-30T02:30:00Z"},
        {"59 23 31 12 *", "2026-11-28T08:05:00Z", "2026-12-31T23:59:00Z"},
        {"0 0 13 * 5", "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z"},  // the 13th or a Friday
        {"@daily", "2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z"},
        {"@weekly", "2026-11-28T08:00:00Z", "2026-11-29T00:00:00Z"},
        {"@hourly", "2026-11-28T08:00:00Z", "2026-11-28T09:00:00Z"},
    };
    for (const auto& row : rows) {
        INFO(row.schedule << " after " << row.moment);
        const auto schedule = lease::CronSchedule::parse(row.schedule);
        REQUIRE(schedule);
        CHECK(schedule->next_after(at(row.moment)) == at(row.next));
    }
    CHECK_FALSE(lease::CronSchedule::parse("0 0 31 2 *")->next_after(at("2026-11-28T08:00:00Z")));
    CHECK_FALSE(lease::CronSchedule::parse("* * * * *")->next_after({UINT64_MAX}));
}

TEST_CASE("what is no cron schedule is refused") {
    for (const char* text : {"",
                             "* * * *",
                             "* * * * * *",
                             "60 * * * *",
                             "* 24 * * *",
                             "* * 0 * *",
                             "* * 32 * *",
                             "* * * 0 *",
                             "* * * 13 *",
                             "* * * * 7",
                             "*/0 * * * *",
                             "5-1 * * * *",
                             "a * * * *",
                             "-1 * * * *",
                             "1,,2 * * * *",
                             "1- * * * *",
                             "1-2-3 * * * *",
                             "*/ * * * *",
                             "TZ=UTC 0 0 * * *",
                             "CRON_TZ=Asia/Tokyo 0 0 * * *",
                             "@every 1s",
                             "@reboot",
                             "99999999999999999999 * * * *",
                             "* * * JANUARY *"}) {
        INFO(text);
        const auto schedule = lease::CronSchedule::parse(text);
        REQUIRE_FALSE(schedule);
        CHECK(schedule.error().code == "bad_schedule");
    }
    CHECK(lease::CronSchedule::parse("* 24 * * *").error().message ==
          "expected hour from 0 to 23, came \"24\"");
}
