#pragma once

#include <compare>
#include <cstdint>

namespace grid::chain {

/// A length of time in seconds.
struct Seconds {
    std::uint64_t count = 0;
    friend auto operator<=>(const Seconds&, const Seconds&) = default;
};

/// A point of chain time: seconds since 1970-01-01T00:00Z, a block's timestamp.
struct Timestamp {
    std::uint64_t seconds = 0;
    friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
    friend Timestamp operator+(Timestamp t, Seconds d) { return {t.seconds + d.count}; }
};

}  // namespace grid::chain
