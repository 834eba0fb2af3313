#include <catch2/catch.hpp>

#include "adapters/kubernetes/log_lines.hpp"

using namespace grid::adapters::kubernetes;

namespace {

const std::string kOne = "2026-11-28T06:00:00.5Z one\n";
const std::string kTwo = "2026-11-28T06:00:00.51Z two\n";
const std::string kTwin = "2026-11-28T06:00:00.510000000Z twin\n";
const std::string kLate = "2026-11-28T07:00:01+01:00 three\n";

}  // namespace

TEST_CASE("log lines: times are taken off, wherever a piece is cut") {
    const auto whole = kOne + kTwo + "2026-11-28T06:00:00.6Z \n" + kLate;
    for (std::size_t size = 1; size <= whole.size(); ++size) {
        CAPTURE(size);
        LogLines lines;
        std::string text;
        for (std::size_t at = 0; at < whole.size(); at += size) text += lines.take(whole.substr(at, size));
        CHECK(text == "one\ntwo\n\nthree\n");
        CHECK(lines.place().time == "2026-11-28T07:00:01+01:00");
    }
}

TEST_CASE("log lines: a stream that was cut goes on after its last whole line") {
    LogLines first;
    CHECK(first.take(kOne + kTwo + "2026-11-28T06:00:01Z thr") == "one\ntwo\nthr");
    CHECK(first.place().time == "2026-11-28T06:00:00.51Z");
    // The server tells again from the second on; the line that was cut comes whole.
    LogLines second(first.place());
    CHECK(second.take(kOne + kTwo + kTwin + kLate) == "twin\nthree\n");
    // Of lines of the same moment only those are new that were not told.
    LogLines third;
    CHECK(third.take(kOne + kTwo + kTwin) == "one\ntwo\ntwin\n");
    LogLines fourth(third.place());
    CHECK(fourth.take(kTwo + kTwin).empty());
    CHECK(fourth.place().lines == 2);
    CHECK(fourth.take("2026-11-28T06:00:00.51Z triplet\n" + kLate) == "triplet\nthree\n");
}

TEST_CASE("log lines: what has no time is passed on as it is") {
    LogLines lines;
    CHECK(lines.take("unable to retrieve container logs for x\n") ==
          "unable to retrieve container logs for x\n");
    CHECK(lines.take("\n" + std::string(100, 'x')) == "\n" + std::string(100, 'x'));
    CHECK(lines.take("y\n" + kOne) == "y\none\n");
    CHECK(lines.take("2026-11-28T06:00:00.9Z\n") == "\n");
}
