#pragma once

#include <optional>
#include <vector>

#include "store/environment.hpp"

namespace grid::store {

/// One row to write, or to erase where there is no value.
struct Change {
    Table table;
    Bytes key;
    std::optional<Bytes> value;
};

/// Asks the writer to remember what `changes` overwrite, so that block `block` can be taken back.
struct UndoMark {
    Table undo;  ///< the projection's table of undo rows; one row a block
    std::uint64_t block = 0;
    std::uint64_t window = 64;  ///< undo rows of older blocks (block - window) are dropped
};

/// Asks the writer to take back all blocks after `to_block` first.
struct Rollback {
    Table undo;
    std::uint64_t to_block = 0;
};

/// What is committed together: first the rollback, then the changes with their undo row.
/// Rows that do not come from the chain belong into a batch without an undo mark.
struct Batch {
    std::optional<Rollback> rollback;
    std::optional<UndoMark> undo;
    std::vector<Change> changes;
    bool patient = false;  ///< waits while the disk is full (Writer::submit)

    void put(const Table& table, ByteView key, ByteView value) {
        changes.push_back({table, {key.begin(), key.end()}, Bytes(value.begin(), value.end())});
    }
    void erase(const Table& table, ByteView key) {
        changes.push_back({table, {key.begin(), key.end()}, std::nullopt});
    }
};

}  // namespace grid::store
