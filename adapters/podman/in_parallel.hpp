#pragma once

#include <algorithm>
#include <cstddef>
#include <future>
#include <vector>

#include "store/result.hpp"

namespace grid::adapters::podman {

/// Runs `work` for each item, a few at a time; the first error counts.
template <class Items, class Work>
Result<void> in_parallel(Items& items, Work work) {
    constexpr std::size_t kAtOnce = 4;
    Result<void> outcome;
    if (items.size() == 1) return work(items[0]);
    for (std::size_t at = 0; at < items.size() && outcome; at += kAtOnce) {
        std::vector<std::future<Result<void>>> running;
        for (std::size_t i = at; i < std::min(items.size(), at + kAtOnce); ++i)
            running.push_back(std::async(std::launch::async, [&, i] { return work(items[i]); }));
        for (auto& one : running)
            if (auto done = one.get(); !done && outcome) outcome = done;
    }
    return outcome;
}

}  // namespace grid::adapters::podman
