// How podman's answers are read.
#include "adapters/podman/answers.hpp"

#include <catch2/catch.hpp>

using namespace grid::adapters::podman;

TEST_CASE("podman's times are nanoseconds, and zero when they are none that counts") {
    struct Row {
        const char* text;
        std::int64_t nanoseconds;
    };
    const Row rows[] = {
        {"1970-01-01T00:00:01Z", 1'000'000'000},
        {"2026-11-20T13:01:28.434327182Z", 1'795'179'688'434'327'182},
        {"2026-11-20T14:01:28.434327182+01:00", 1'795'179'688'434'327'182},
        {"2026-11-20T13:01:28.4Z", 1'795'179'688'400'000'000},
        {"0001-01-01T00:00:00Z", 0},
        {"9999-12-31T23:59:59Z", 0},
        {"2262-04-11T23:47:15.999999999Z", 9'223'372'035'999'999'999},
        {"2262-04-11T23:47:16.999999999Z", 0},
        {"soon", 0},
        {"", 0},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        CHECK(nanoseconds_of(row.text) == row.nanoseconds);
        if (row.nanoseconds != 0) CHECK(nanoseconds_of(time_text(row.nanoseconds)) == row.nanoseconds);
    }
}
