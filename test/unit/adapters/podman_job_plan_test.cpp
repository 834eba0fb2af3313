// What jobs and cron jobs do next, see adapters/podman/job_plan.hpp: values in, values out, no clock.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "adapters/podman/job_plan.hpp"
#include "adapters/podman/run_book.hpp"
#include "test/support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters::podman;
using Outcome = RunStep::Outcome;
using Concurrency = lease::Schedule::Concurrency;

namespace {

lease::Workload job(std::uint32_t completions, std::uint32_t at_once, std::uint32_t backoff_limit = 6) {
    lease::Workload w;
    w.kind = lease::WorkloadKind::job;
    w.replicas = at_once;
    w.completion.completions = completions;
    w.completion.backoff_limit = backoff_limit;
    return w;
}

/// Minutes that a scheduler starts which looks once a second for so long.
std::vector<std::uint64_t> started(lease::Schedule schedule, std::uint64_t from, std::uint64_t until,
                                   const std::function<std::uint32_t(std::uint64_t)>& active,
                                   std::uint64_t step = 1) {
    const auto cron = lease::CronSchedule::parse(schedule.cron).value();
    chain::Timestamp last{from};
    std::vector<std::uint64_t> minutes;
    for (auto now = from; now <= until; now += step) {
        const auto next = next_run(schedule, cron, last, active(now), {now});
        if (next.missed) last = *next.missed;
        if (!next.due) continue;
        last = *next.due;
        minutes.push_back(next.due->seconds);
    }
    return minutes;
}

std::uint32_t nobody(std::uint64_t) {
    return 0;
}

constexpr std::uint64_t kNoon = 1'790'251'200;  // 2026-09-24T12:00Z

}  // namespace

TEST_CASE("a job starts as many pods as may run at once, and no more than are wanted") {
    CHECK(next_step(job(3, 2), {0, 0, 0}, 0).start == 2);
    CHECK(next_step(job(3, 2), {2, 0, 0}, 0).start == 0);
    CHECK(next_step(job(3, 2), {1, 1, 0}, 0).start == 1);
    CHECK(next_step(job(3, 2), {0, 2, 0}, 0).start == 1);
    CHECK(next_step(job(3, 2), {0, 3, 0}, 0).outcome == Outcome::succeeded);
    CHECK(next_step(job(1, 0), {0, 0, 0}, 0).start == 0);  // parallelism 0: it stands still
    CHECK(next_step(job(3, 2), {0, 0, 1, true}, 0).start == 0);
}

TEST_CASE("a job without completions is done when one pod has succeeded and all have ended") {
    CHECK(next_step(job(0, 3), {0, 0, 0}, 0).start == 3);
    CHECK(next_step(job(0, 3), {2, 0, 1}, 0).start == 1);
    CHECK(next_step(job(0, 3), {2, 1, 0}, 0).start == 0);
    CHECK(next_step(job(0, 3), {2, 1, 0}, 0).outcome == Outcome::none);
    CHECK(next_step(job(0, 3), {0, 1, 2}, 0).outcome == Outcome::succeeded);
}

TEST_CASE("a job fails by its backoff limit and by its deadline") {
    CHECK(next_step(job(1, 1, 2), {0, 0, 2}, 0).start == 1);
    CHECK(next_step(job(1, 1, 2), {0, 0, 3}, 0).outcome == Outcome::failed);
    CHECK(next_step(job(1, 1, 0), {0, 0, 1}, 0).outcome == Outcome::failed);
    auto w = job(1, 1);
    w.completion.deadline = chain::Seconds{30};
    CHECK(next_step(w, {1, 0, 0}, 30).outcome == Outcome::none);
    const auto late = next_step(w, {1, 0, 0}, 31);
    CHECK(late.outcome == Outcome::failed);
    CHECK(late.reason.find("30 s") != std::string::npos);
    CHECK(pause_ms(1000, 0) == 0);
    CHECK(pause_ms(1000, 1) == 1000);
    CHECK(pause_ms(1000, 4) == 8000);
    CHECK(pause_ms(1000, 40) == 360'000);
}

TEST_CASE("a cron job starts each minute of its schedule once, however often it is looked at") {
    lease::Schedule schedule;
    schedule.cron = "*/10 * * * *";
    CHECK(started(schedule, kNoon + 1, kNoon + 3600, nobody) ==
          std::vector<std::uint64_t>{kNoon + 600, kNoon + 1200, kNoon + 1800, kNoon + 2400, kNoon + 3000,
                                     kNoon + 3600});
    schedule.suspended = true;
    CHECK(started(schedule, kNoon, kNoon + 3600, nobody).empty());
}

TEST_CASE("of the runs that were missed the last is made up, within its starting deadline") {
    lease::Schedule schedule;
    schedule.cron = "*/10 * * * *";
    const auto cron = lease::CronSchedule::parse(schedule.cron).value();
    // The driver was away from 12:05 to 13:35.
    CHECK(next_run(schedule, cron, {kNoon}, 0, {kNoon + 95 * 60}).due == chain::Timestamp{kNoon + 90 * 60});
    schedule.starting_deadline = chain::Seconds{60};
    const auto late = next_run(schedule, cron, {kNoon}, 0, {kNoon + 95 * 60});
    CHECK_FALSE(late.due);
    CHECK(late.missed == chain::Timestamp{kNoon + 90 * 60});
    CHECK(next_run(schedule, cron, {kNoon}, 0, {kNoon + 90 * 60 + 59}).due ==
          chain::Timestamp{kNoon + 90 * 60});
    // Away for a year.
    schedule.starting_deadline.reset();
    const std::uint64_t year = 365 * 86'400;
    CHECK(next_run(schedule, cron, {kNoon}, 0, {kNoon + year + 5}).due == chain::Timestamp{kNoon + year});
    schedule.cron = "0 12 24 9 *";
    const auto yearly = lease::CronSchedule::parse(schedule.cron).value();
    CHECK(next_run(schedule, yearly, {kNoon - 5}, 0, {kNoon + 200 * 86'400}).due == chain::Timestamp{kNoon});
}

TEST_CASE("what happens while a run before is not done is as the schedule says") {
    lease::Schedule schedule;
    schedule.cron = "* * * * *";
    const auto cron = lease::CronSchedule::parse(schedule.cron).value();
    const auto one_runs_until = [](std::uint64_t end) {
        return [end](std::uint64_t now) { return now < end ? 1u : 0u; };
    };
    schedule.concurrency = Concurrency::forbid;
    // 12:01 and 12:02 wait; of these the last is made up when the run ends at 12:02:30.
    CHECK(started(schedule, kNoon + 1, kNoon + 150, one_runs_until(kNoon + 150)) ==
          std::vector<std::uint64_t>{kNoon + 120});
    schedule.concurrency = Concurrency::replace;
    const auto replaced = next_run(schedule, cron, {kNoon}, 1, {kNoon + 60});
    CHECK(replaced.replace);
    CHECK(replaced.due == chain::Timestamp{kNoon + 60});
    schedule.concurrency = Concurrency::allow;
    schedule.runs_at_once = 2;
    CHECK(next_run(schedule, cron, {kNoon}, 1, {kNoon + 60}).due);
    CHECK_FALSE(next_run(schedule, cron, {kNoon}, 2, {kNoon + 60}).due);
}

TEST_CASE("runs are found again after a restart, and a file that is no such is empty") {
    const test::TemporaryDirectory directory;
    RunBook book;
    book.runs.push_back(
        {"tick", "v1", "28000000", Run::State::failed, 100, 200, 2, 150, "words \"quoted\"\n", true});
    book.runs.push_back({"once", "v2", "", Run::State::running, 300, 0, 0, 0, "", false});
    book.last_minute["tick"] = 1'680'000'000;
    REQUIRE(write_runs(directory / "app/runs", book));
    CHECK(read_runs(directory / "app/runs") == book);
    CHECK(book.find("once", "v2", "") == &book.runs[1]);
    CHECK(book.find("once", "v1", "") == nullptr);
    CHECK(read_runs(directory / "nothing") == RunBook{});
    REQUIRE(write_runs(directory / "app/runs", {}));
    CHECK(read_runs(directory / "app/runs") == RunBook{});
}
