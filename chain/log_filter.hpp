#pragma once

#include "chain/ledger_store.hpp"

namespace grid::chain {

/// What eth_getLogs asks for.
struct LogFilter {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::vector<Address> addresses;         ///< empty: any
    std::vector<std::vector<Hash>> topics;  ///< by position; an empty list there: any
    bool matches(const Log& log) const;
};

/// A log with its place.
struct FoundLog {
    BlockLog log;
    std::uint64_t block = 0;
    Hash block_hash;
    Timestamp block_time;
    std::uint32_t transaction_index = 0;
};

/// Appends a block's logs that match; the range of the filter does not matter. Without its hash (null) it is
/// computed when it is needed.
void find_logs(const LogFilter& filter, const BlockHeader& header, const Hash* hash,
               const std::vector<Receipt>& receipts, std::vector<FoundLog>& found);
inline void find_logs(const LogFilter& filter, const StoredBlock& block, std::vector<FoundLog>& found) {
    find_logs(filter, block.block.header, &block.hash, block.block.receipts, found);
}

}  // namespace grid::chain
