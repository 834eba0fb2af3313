#pragma once

#include <cstdint>
#include <optional>

#include "store/result.hpp"

namespace grid::chain {

/// Watches the wall clock against a clock that nobody sets (CLOCK_BOOTTIME, which also runs while the machine
/// sleeps). A jump of one that the other does not explain is a fault of time service: blocks made at such a
/// time would complete every order. Pure: readings are arguments, in nanoseconds.
class ClockGuard {
public:
    /// What a correct clock may gain or lose between two readings: a fixed part, and what slewing allows
    /// (1/1000).
    static constexpr std::int64_t kTolerance = 5'000'000'000;

    /// Compares a pair of readings taken at the same moment with the last good pair. Code `clock_jumped`: the
    /// wall clock moved by more than the tolerance. It stays so until the clock is right again or accept() is
    /// called; the first pair is always accepted.
    Result<void> check(std::int64_t wall, std::int64_t boottime);

    /// The operator says that the wall clock is right as it is now.
    void accept(std::int64_t wall, std::int64_t boottime);

    /// What the wall clock would show if it had gone on from the last good pair: chain time while it is
    /// wrong. Needs an accepted pair.
    std::int64_t expected_wall(std::int64_t boottime) const;

private:
    struct Readings {
        std::int64_t wall;
        std::int64_t boottime;
    };
    std::optional<Readings> last_good_;
};

}  // namespace grid::chain
