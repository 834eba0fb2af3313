#include "chain/clock_guard.hpp"

namespace grid::chain {

Result<void> ClockGuard::check(std::int64_t wall, std::int64_t boottime) {
    if (last_good_) {
        const std::int64_t passed = boottime - last_good_->boottime;
        const std::int64_t jump = (wall - last_good_->wall) - passed;
        const std::int64_t allowed = kTolerance + passed / 1000;
        if (jump > allowed || jump < -allowed)
            return fail("clock_jumped", "the wall clock jumped by " + std::to_string(jump / 1'000'000'000) +
                                            " s; no blocks are made until it is right again");
    }
    accept(wall, boottime);
    return {};
}

void ClockGuard::accept(std::int64_t wall, std::int64_t boottime) {
    last_good_ = Readings{wall, boottime};
}

std::int64_t ClockGuard::expected_wall(std::int64_t boottime) const {
    return last_good_.value().wall + (boottime - last_good_.value().boottime);
}

}  // namespace grid::chain
