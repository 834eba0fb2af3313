// What the Podman driver remembers in files: events, restarts.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "adapters/podman/events.hpp"
#include "adapters/podman/restart_book.hpp"
#include "adapters/podman/run_book.hpp"
#include "adapters/whole_file.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters::podman;
using Kind = EventBook::Kind;

namespace {

struct Clock {
    std::uint64_t seconds = 1'700'000'000;
};

EventBook book_at(const test::TemporaryDirectory& directory, Clock& clock) {
    return EventBook([&clock] { return messages::Timestamp{clock.seconds}; }, directory.path());
}

ContainerRow row_of(const std::string& id, const std::string& app = "app") {
    ContainerRow row;
    row.id = id;
    row.labels = {{"grid.lease", "aa"}, {"grid.app", app}, {"grid.workload", "web"}, {"grid.replica", "0"}};
    return row;
}

}  // namespace

TEST_CASE("podman: events stand as they were in a book that is read anew", "[podman]") {
    const test::TemporaryDirectory directory;
    Clock clock;
    auto first = book_at(directory, clock);
    first.load();
    first.begin("aa", "app");
    first.note("aa", "app", Kind::normal, "Application/app", "Starting", "a \"new\" version\n\x01");
    ++clock.seconds;
    first.note(row_of("c1"), Kind::warning, "Crashed", "exited with code 1");
    first.note(row_of("c1"), Kind::warning, "Crashed", "exited with code 1");
    const auto told = first.of("aa", "app");
    REQUIRE(told.size() == 2);
    CHECK(told[1].object == "Pod/web-0");
    CHECK(told[1].count == 2);

    auto second = book_at(directory, clock);
    second.load();
    CHECK(second.of("aa", "app") == told);
    second.note("aa", "app", Kind::normal, "Application/app", "Updated", "done");
    auto third = book_at(directory, clock);
    third.load();
    CHECK(third.of("aa", "app") == second.of("aa", "app"));
    CHECK(third.of("aa", "app").size() == 3);
}

TEST_CASE("podman: a line of events that a kill cut is left out, and what follows it stands", "[podman]") {
    const test::TemporaryDirectory directory;
    Clock clock;
    auto first = book_at(directory, clock);
    first.begin("aa", "app");
    first.note("aa", "app", Kind::normal, "Application/app", "Starting", "one");
    const auto path = directory / "aa/app/events";
    std::ofstream(path, std::ios::app) << "{\"t\":17,\"w\":0,\"o\":\"Appl";

    auto second = book_at(directory, clock);
    second.load();
    REQUIRE(second.of("aa", "app").size() == 1);
    second.note("aa", "app", Kind::normal, "Application/app", "Updated", "two");
    auto third = book_at(directory, clock);
    third.load();
    REQUIRE(third.of("aa", "app").size() == 2);
    CHECK(third.of("aa", "app")[1].message == "two");
}

TEST_CASE("podman: events are bounded, in memory and on disk", "[podman]") {
    const test::TemporaryDirectory directory;
    Clock clock;
    auto book = book_at(directory, clock);
    book.begin("aa", "app");
    for (int i = 0; i < 5'000; ++i)
        book.note("aa", "app", Kind::warning, "Pod/web-0", i % 2 ? "Ready" : "Unready",
                  std::string(2'000, 'x'));
    CHECK(book.of("aa", "app").size() == messages::kMaxAppEvents);
    CHECK(book.of("aa", "app").back().message.size() == 512);
    CHECK(std::filesystem::file_size(directory / "aa/app/events") < 600 * 2 * (messages::kMaxAppEvents + 1));
    auto again = book_at(directory, clock);
    again.load();
    CHECK(again.of("aa", "app") == book.of("aa", "app"));
}

TEST_CASE("podman: events go with their application, and one that comes late brings nothing back",
          "[podman]") {
    const test::TemporaryDirectory directory;
    Clock clock;
    auto book = book_at(directory, clock);
    for (const char* app : {"one", "two"}) {
        book.begin("aa", app);
        book.note("aa", app, Kind::normal, "Application/x", "Starting", "a new version");
    }
    book.forget("aa", "one");
    book.note(row_of("c1", "one"), Kind::warning, "Crashed", "too late");
    CHECK(book.of("aa", "one").empty());
    CHECK_FALSE(std::filesystem::exists(directory / "aa/one/events"));
    CHECK(book.of("aa", "two").size() == 1);
    book.forget("aa", "");
    CHECK(book.of("aa", "two").empty());
    CHECK_FALSE(std::filesystem::exists(directory / "aa/two/events"));
}

TEST_CASE("podman: restarts are counted over a book that is read anew", "[podman]") {
    const test::TemporaryDirectory directory;
    RestartBook first(directory.path());
    first.load();
    CHECK(first.of("c1") == RestartBook::Entry());
    CHECK(first.begin(row_of("c1"), true, 1'000).value() == RestartBook::Entry());
    CHECK(first.begin(row_of("c1"), true, 2'000).value() == RestartBook::Entry{1, 0, 1'000});
    CHECK(first.begin(row_of("c2"), false, 3'000));

    RestartBook second(directory.path());
    second.load();
    CHECK(second.of("c1") == RestartBook::Entry{2, 1'000, 2'000});
    CHECK(second.of("c2") == RestartBook::Entry{0, 0, 3'000});

    // A start that came to nothing is none.
    const auto before = second.begin(row_of("c1"), true, 4'000);
    REQUIRE(before);
    REQUIRE(second.put_back(row_of("c1"), *before));
    CHECK(second.of("c1") == RestartBook::Entry{2, 1'000, 2'000});
}

TEST_CASE("podman: the book of restarts leaves nothing behind of containers and applications that are gone",
          "[podman]") {
    const test::TemporaryDirectory directory;
    RestartBook book(directory.path());
    for (const char* id : {"c1", "c2", "c3"}) REQUIRE(book.begin(row_of(id), true, 1'000));
    book.forget(row_of("c1"));
    CHECK(book.of("c1").restarts == 0);
    book.keep_only({row_of("c3")});
    CHECK(book.of("c2").restarts == 0);
    CHECK(book.of("c3").restarts == 1);
    book.keep_only({});
    CHECK_FALSE(std::filesystem::exists(directory / "aa"));

    // Who is late, and starts what has been removed.
    const auto before = book.begin(row_of("c9"), true, 1'000);
    REQUIRE(before);
    REQUIRE(book.put_back(row_of("c9"), *before));
    CHECK_FALSE(std::filesystem::exists(directory / "aa"));

    REQUIRE(book.begin(row_of("c1"), true, 1'000));
    REQUIRE(adapters::write_whole(directory / "aa/app/lines", "[]"));
    book.forget("aa", "");
    CHECK_FALSE(std::filesystem::exists(directory / "aa/app/restarts"));
    CHECK(std::filesystem::exists(directory / "aa/app/lines"));
}

TEST_CASE("podman: a start whose count cannot be written is refused", "[podman]") {
    const test::TemporaryDirectory directory;
    REQUIRE(adapters::write_whole(directory / "aa", "a file where the lease's directory should be"));
    RestartBook book(directory.path());
    const auto begun = book.begin(row_of("c1"), true, 1'000);
    REQUIRE_FALSE(begun);
    CHECK(begun.error().code == "not_written");
    CHECK(book.of("c1").restarts == 0);
}

TEST_CASE("podman: the runs of jobs stand as they were in a book that is read anew", "[podman]") {
    const test::TemporaryDirectory directory;
    RunBook book;
    Run run;
    run.workload = "nightly";
    run.version = "0123456789abcdef";
    run.run = "28000000";
    run.state = Run::State::failed;
    run.started = 1'700'000'000;
    run.ended = 1'700'000'060;
    run.failed_starts = 2;
    run.last_failure = 1'700'000'050;
    run.reason = "a \"reason\"";
    run.cleared = true;
    run.succeeded = 400;
    run.failed = 3;
    run.next = 412;
    run.going = {"28000000-7", "28000000-9"};
    book.runs = {run, Run()};
    book.last_minute["nightly"] = 1'680'000'000;
    REQUIRE(write_runs(directory / "aa/app/runs", book));
    CHECK(read_runs(directory / "aa/app/runs") == book);
    CHECK(read_runs(directory / "nothing") == RunBook());
}
