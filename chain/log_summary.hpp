#pragma once

#include "chain/log_filter.hpp"

namespace grid::chain {

/// The addresses and topics of a block's logs as a Bloom filter (Bloom 1970) of the size that they need: 10
/// bits for each distinct one, 4 of them set, so that about one block in a hundred is read in vain. Written
/// once, in sequence, it costs a fraction of an index by value and finds as well: a query reads a few bits of
/// each block of its range instead of all logs.
Bytes summarize_logs(const std::vector<Receipt>& receipts);

/// A filter, prepared to be compared with many summaries.
class SummaryQuery {
public:
    explicit SummaryQuery(const LogFilter& filter);
    /// False: no log of the block matches. A malformed summary may hold anything.
    bool may_match(ByteView summary) const;

private:
    std::vector<std::vector<std::uint64_t>> alternatives_;  ///< one of each must be there
};

}  // namespace grid::chain
