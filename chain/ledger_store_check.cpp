// What is flushed behind the blocks, compared with what it should be.

#include <algorithm>

#include "chain/ledger_store.hpp"
#include "chain/log_summary.hpp"

namespace grid::chain {
namespace {

tl::unexpected<Error> differs(const std::string& what) {
    return fail("flushed_differs", "what is flushed behind the blocks differs from a replay: " + what);
}

std::string value_text(const std::optional<ByteView>& value) {
    return value ? to_hex(*value) : std::string("nothing");
}

/// As LedgerStore::flush writes it.
Bytes encode_place(std::uint64_t block, std::uint32_t index) {
    const auto number = store::number_key(block);
    Bytes value(number.begin(), number.end());
    for (int shift = 24; shift >= 0; shift -= 8) value.push_back(static_cast<std::uint8_t>(index >> shift));
    return value;
}

/// Walks a table beside the rows that should be there, both in the order of keys.
class Comparison {
public:
    explicit Comparison(std::vector<Row> expected) : expected_(std::move(expected)) {
        std::sort(expected_.begin(), expected_.end(), [](const Row& a, const Row& b) {
            return std::tie(a.table, a.key) < std::tie(b.table, b.key);
        });
    }
    /// False: the first difference was found.
    bool next(std::uint8_t table, ByteView key, ByteView value) {
        if (at_ == expected_.size()) return stop(table, key, std::nullopt, value);
        const Row& row = expected_[at_];
        const bool same_key =
            row.table == table && std::equal(row.key.begin(), row.key.end(), key.begin(), key.end());
        if (!same_key) {
            const bool surplus =
                std::lexicographical_compare(key.begin(), key.end(), row.key.begin(), row.key.end());
            if (table < row.table || (table == row.table && surplus))
                return stop(table, key, std::nullopt, value);
            return stop(row.table, row.key, ByteView(*row.value), std::nullopt);
        }
        if (!std::equal(row.value->begin(), row.value->end(), value.begin(), value.end()))
            return stop(table, key, ByteView(*row.value), value);
        ++at_;
        return true;
    }
    Result<void> finish() {
        if (problem_.empty() && at_ < expected_.size()) {
            const Row& row = expected_[at_];
            stop(row.table, row.key, ByteView(*row.value), std::nullopt);
        }
        if (problem_.empty()) return {};
        return differs(problem_);
    }

private:
    bool stop(std::uint8_t table, ByteView key, std::optional<ByteView> expected,
              std::optional<ByteView> came) {
        problem_ = "table " + std::to_string(table) + ", key " + to_hex(key) + ": expected " +
                   value_text(expected) + ", came " + value_text(came);
        return false;
    }
    std::vector<Row> expected_;
    std::size_t at_ = 0;
    std::string problem_;
};

}  // namespace

Result<void> LedgerStore::check_flushed(const StateAfter& replayed) const {
    Result<void> outcome;
    auto read = state_environment_->read([&](const store::ReadTransaction& state) {
        outcome = [&]() -> Result<void> {
            const auto mark = state.get(marks_, as_bytes(kFlushedKey));
            if (!mark) return {};  // a chain that was never opened to the end: nothing is flushed yet
            const std::uint64_t last = store::number_of(mark->first(std::min<std::size_t>(8, mark->size())));
            const auto expected = replayed(last);
            if (!expected) return tl::unexpected<Error>(expected.error());
            std::vector<Row> rows;
            std::vector<Row> orders;
            (*expected)->for_each_row([&](Row row) {
                const bool order = row.table == static_cast<std::uint8_t>(Table::orders);
                (order ? orders : rows).push_back(std::move(row));
            });
            Comparison in_rows(std::move(rows));
            state.scan(rows_, {}, {}, [&](ByteView key, ByteView value) {
                return in_rows.next(key[0], key.subspan(1), value);
            });
            if (auto fine = in_rows.finish(); !fine) return fine;
            Comparison in_orders(std::move(orders));
            state.scan(orders_, {}, {}, [&](ByteView key, ByteView value) {
                return in_orders.next(static_cast<std::uint8_t>(Table::orders), key, value);
            });
            if (auto fine = in_orders.finish(); !fine) return fine;
            return check_indexes(state, last);
        }();
    });
    return read ? outcome : read;
}

/// Transactions, hashes and summaries of every block up to the last one, and no others.
Result<void> LedgerStore::check_indexes(const store::ReadTransaction& state, std::uint64_t last) const {
    Result<void> outcome;
    std::uint64_t transactions = 0;
    const auto check = [&](std::uint64_t number, ByteView encoded) -> Result<void> {
        const std::string where = "block " + std::to_string(number);
        const auto block = decode_receipts(encoded);
        if (!block) return fail("data_damaged", where + ": " + block.error().message);
        const auto key = store::number_key(number);
        const auto named = state.get(hashes_, block->header.hash().bytes);
        if (!named || store::number_of(*named) != number)
            return differs("the index of hashes misses " + where);
        std::uint32_t index = 0;
        for (const Receipt& receipt : block->receipts) {
            const auto place = state.get(transactions_, receipt.transaction_hash.bytes);
            const Bytes expected = encode_place(number, index);
            if (!place || !std::equal(place->begin(), place->end(), expected.begin(), expected.end()))
                return differs("the index of transactions misses " + receipt.transaction_hash.hex() + " of " +
                               where);
            ++index;
            ++transactions;
        }
        // Blocks from before there were summaries have none.
        const auto summary = state.get(summaries_, key);
        const Bytes expected = summarize_logs(block->receipts);
        if (summary && !std::equal(summary->begin(), summary->end(), expected.begin(), expected.end()))
            return differs("the summary of the logs of " + where);
        return {};
    };
    auto read = scan(0, [&](std::uint64_t number, ByteView encoded) {
        outcome = check(number, encoded);
        return outcome.has_value() && number < last;
    });
    if (!read) return read;
    if (!outcome) return outcome;
    if (state.count(hashes_) != last + 1)
        return differs("the index of hashes has " + std::to_string(state.count(hashes_)) +
                       " rows, expected " + std::to_string(last + 1));
    if (state.count(transactions_) != transactions)
        return differs("the index of transactions has " + std::to_string(state.count(transactions_)) +
                       " rows, expected " + std::to_string(transactions));
    return {};
}

}  // namespace grid::chain
