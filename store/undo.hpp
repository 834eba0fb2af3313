#pragma once

#include "store/batch.hpp"

/// Undo rows: for each block of a finality window, what its changes overwrote. They let a projection return
/// to a fork point when the chain reorganises.
namespace grid::store {

/// Writes the undo row of a block from the rows as they are now; call before the changes are applied. Several
/// batches of one block add up. Drops rows older than the window.
void record_undo(WriteTransaction& transaction, const UndoMark& mark, const std::vector<Change>& changes);

/// Restores the rows as they were after `to_block`. Code `beyond_finality`: the undo row of a block after it
/// has been dropped already; `data_damaged`: an undo row cannot be read.
Result<void> roll_back(WriteTransaction& transaction, const Environment& environment,
                       const Rollback& rollback);

/// Rollback, undo row, changes: one batch inside a transaction.
Result<void> apply(WriteTransaction& transaction, const Environment& environment, const Batch& batch);

}  // namespace grid::store
