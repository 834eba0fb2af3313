#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace grid::test {

/// What a loss of power did to the files of a process that died under the shim (test/crash/shim).
struct LostWrites {
    std::uint64_t writes = 0;  ///< in the journal
    std::uint64_t lost = 0;    ///< of these were not synced and have been taken back
};

/// Takes back the writes in a journal that were not synced, and removes the journal: all of them, or with
/// `some` each or not, since a disk writes in any order. Throws std::runtime_error when it cannot.
LostWrites lose_unsynced_writes(const std::string& journal, std::mt19937_64* some = nullptr);

}  // namespace grid::test
