#include "chain/ledger_store.hpp"

#include <algorithm>
#include <future>

#include "chain/commitment.hpp"
#include "chain/keccak.hpp"
#include "chain/log_summary.hpp"
#include "chain/trie_root.hpp"

namespace grid::chain {
namespace {

tl::unexpected<Error> damaged(std::uint64_t number, const std::string& why) {
    return fail("data_damaged",
                "block " + std::to_string(number) + " of the ledger is damaged: " + why + "; restore a copy");
}

/// The key of a row in `rows`: its table comes first.
Bytes row_key(const Row& row) {
    Bytes key(1 + row.key.size());
    key[0] = row.table;
    std::copy(row.key.begin(), row.key.end(), key.begin() + 1);
    return key;
}

Bytes encode_place(std::uint64_t block, std::uint32_t index) {
    const auto number = store::number_key(block);
    Bytes value(number.begin(), number.end());
    for (int shift = 24; shift >= 0; shift -= 8) value.push_back(static_cast<std::uint8_t>(index >> shift));
    return value;
}

/// A row and what sorts it mostly, so that sorting hardly looks at the row itself: its table and the first 15
/// bytes of its key as two numbers.
struct SortedRow {
    explicit SortedRow(const Row& r) : row(&r) {
        std::uint8_t prefix[16] = {r.table};
        std::copy_n(r.key.begin(), std::min<std::size_t>(r.key.size(), 15), prefix + 1);
        first = store::number_of(ByteView(prefix).first(8));
        second = store::number_of(ByteView(prefix).last(8));
    }
    friend bool operator<(const SortedRow& a, const SortedRow& b) {
        if (a.first != b.first) return a.first < b.first;
        if (a.second != b.second) return a.second < b.second;
        return a.row->key < b.row->key;  // the prefix has the table
    }
    friend bool operator==(const SortedRow& a, const SortedRow& b) {
        return a.first == b.first && a.second == b.second && a.row->key == b.row->key;
    }
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    const Row* row;
};

/// The newest version of each row that the blocks wrote, in the order of keys: sorted writes touch each page
/// once.
std::vector<SortedRow> newest_rows(const std::vector<BlockPointer>& blocks) {
    std::vector<SortedRow> rows;
    for (const BlockPointer& block : blocks)
        for (const Row& row : block->block.writes) rows.emplace_back(row);
    std::stable_sort(rows.begin(), rows.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (i + 1 == rows.size() || !(rows[i + 1] == rows[i])) rows[kept++] = rows[i];
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end());
    return rows;
}

/// New orders have ids behind all others, so their pages are packed full; a changed one has the size that it
/// had.
class OrderFlush {
public:
    OrderFlush(store::WriteTransaction& transaction, const store::Table& table)
        : transaction_(transaction), table_(table) {
        transaction.scan_backwards(table, {}, {}, [&](ByteView key, ByteView) {
            last_.assign(key.begin(), key.end());
            return false;
        });
    }
    void put(const Row& row) {
        if (row.key <= last_) return transaction_.put(table_, row.key, *row.value);
        transaction_.append(table_, row.key, *row.value);
        last_ = row.key;
    }

private:
    store::WriteTransaction& transaction_;
    const store::Table& table_;
    Bytes last_;
};

bool is_order(const Row& row) {
    return row.table == static_cast<std::uint8_t>(Table::orders);
}

void flush_rows(store::WriteTransaction& transaction, const store::Table& table, const store::Table& orders,
                const std::vector<BlockPointer>& blocks) {
    OrderFlush order_flush(transaction, orders);
    for (const SortedRow& sorted : newest_rows(blocks)) {
        const Row& row = *sorted.row;
        if (is_order(row))
            order_flush.put(row);  // orders are never erased
        else if (row.value)
            transaction.put(table, row_key(row), *row.value);
        else
            transaction.erase(table, row_key(row));
    }
}

void flush_transactions(store::WriteTransaction& transaction, const store::Table& table,
                        const std::vector<BlockPointer>& blocks) {
    struct Entry {
        const Hash* hash;
        std::uint64_t block;
        std::uint32_t index;
    };
    std::vector<Entry> entries;
    for (const BlockPointer& block : blocks) {
        std::uint32_t index = 0;
        for (const Receipt& receipt : block->block.receipts)
            entries.push_back({&receipt.transaction_hash, block->block.header.number, index++});
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return *a.hash < *b.hash; });
    for (const Entry& entry : entries)
        transaction.put(table, entry.hash->bytes, encode_place(entry.block, entry.index));
}

/// Rows and indexes are those of this block.
void put_mark(store::WriteTransaction& transaction, const store::Table& marks, const StoredBlock& block) {
    const auto number = store::number_key(block.block.header.number);
    Bytes mark(number.begin(), number.end());
    mark.insert(mark.end(), block.hash.bytes.begin(), block.hash.bytes.end());
    transaction.put(marks, as_bytes(LedgerStore::kFlushedKey), mark);
}

}  // namespace

Hash commitment_seed(std::uint64_t chain_id, bool development) {
    const auto id = store::number_key(chain_id);
    const std::uint8_t flag = development ? 1 : 0;
    return keccak256({as_bytes("GRID embedded chain"), id, ByteView(&flag, 1)});
}

Result<BlockPointer> decode_stored(std::uint64_t number, ByteView encoded) {
    auto block = decode_block(encoded);
    if (!block) return damaged(number, block.error().message);
    if (block->header.number != number) return damaged(number, "it bears another number");
    auto stored = std::make_shared<StoredBlock>();
    stored->hash = block->header.hash();
    stored->block = std::move(*block);
    stored->size = encoded.size();
    return stored;
}

Block make_genesis_block(const Genesis& genesis) {
    Block block;
    make_genesis_state(genesis).for_each_row([&](Row row) { block.writes.push_back(std::move(row)); });
    std::sort(block.writes.begin(), block.writes.end(),
              [](const Row& a, const Row& b) { return std::tie(a.table, a.key) < std::tie(b.table, b.key); });
    block.header.time = genesis.timestamp;
    block.header.transactions_root = transactions_root({});
    block.header.receipts_root = receipts_root({}, {});
    block.header.state_commitment =
        next_commitment(commitment_seed(genesis.chain_id, genesis.development), block.writes);
    return block;
}

struct LedgerStore::Tables {
    store::Table blocks, rows, orders, transactions, hashes, summaries, marks;
};

LedgerStore::LedgerStore(std::unique_ptr<store::Environment> blocks,
                         std::unique_ptr<store::Environment> state, const Tables& tables)
    : block_environment_(std::move(blocks)),
      state_environment_(std::move(state)),
      blocks_(tables.blocks),
      rows_(tables.rows),
      orders_(tables.orders),
      transactions_(tables.transactions),
      hashes_(tables.hashes),
      summaries_(tables.summaries),
      marks_(tables.marks) {}

Result<std::unique_ptr<LedgerStore>> LedgerStore::open_tables(const std::string& directory, bool read_only) {
    const auto environment = [&](const char* part, std::uint32_t schema) {
        return store::Environment::open(directory + part, {.schema_version = schema, .read_only = read_only});
    };
    auto blocks = environment("/blocks", kBlockSchema);
    if (!blocks) return tl::unexpected<Error>(blocks.error());
    auto state = environment("/state", kStateSchema);
    if (!state) return tl::unexpected<Error>(state.error());
    const auto block_table = (*blocks)->table("blocks");
    if (!block_table) return tl::unexpected<Error>(block_table.error());
    std::vector<store::Table> tables;
    for (const char* name : {"rows", "orders", "transactions", "hashes", "log_summaries", "marks"}) {
        const auto table = (*state)->table(name);
        if (!table) return tl::unexpected<Error>(table.error());
        tables.push_back(*table);
    }
    return std::unique_ptr<LedgerStore>(new LedgerStore(
        std::move(*blocks), std::move(*state),
        Tables{*block_table, tables[0], tables[1], tables[2], tables[3], tables[4], tables[5]}));
}

Result<std::unique_ptr<LedgerStore>> LedgerStore::open(const std::string& directory, const Genesis& genesis) {
    if (auto fine = check_genesis(genesis); !fine) return tl::unexpected<Error>(fine.error());
    return open(directory, make_genesis_block(genesis));
}

Result<std::unique_ptr<LedgerStore>> LedgerStore::open(const std::string& directory, const Block& first) {
    auto opened = open_tables(directory, false);
    if (!opened) return opened;
    LedgerStore& ledger = **opened;
    const auto there = ledger.block_environment_->get(ledger.blocks_, store::number_key(0));
    if (!there) return tl::unexpected<Error>(there.error());
    if (!*there) {
        if (auto done = ledger.append(0, encode_block(first)); !done)
            return tl::unexpected<Error>(done.error());
    } else {
        const auto header = decode_receipts(**there);
        if (!header) return damaged(0, header.error().message);
        if (header->header.hash() != first.header.hash())
            return fail("genesis_mismatch", "the data in " + directory +
                                                " belong to a chain with another genesis (block 0 is " +
                                                header->header.hash().hex() + ", expected " +
                                                first.header.hash().hex() + "); choose another directory");
    }
    if (auto done = ledger.take_mark(directory, true); !done) return tl::unexpected<Error>(done.error());
    return opened;
}

Result<std::unique_ptr<LedgerStore>> LedgerStore::open_existing(const std::string& directory) {
    auto opened = open_tables(directory, false);
    if (!opened) return opened;
    const auto there = (*opened)->block_environment_->get((*opened)->blocks_, store::number_key(0));
    if (!there) return tl::unexpected<Error>(there.error());
    if (!*there) return fail("not_found", "there is no chain in " + directory);
    if (auto done = (*opened)->take_mark(directory, true); !done) return tl::unexpected<Error>(done.error());
    return opened;
}

Result<std::unique_ptr<LedgerStore>> LedgerStore::open_read_only(const std::string& directory) {
    auto opened = open_tables(directory, true);
    if (!opened) return opened;
    if (auto done = (*opened)->take_mark(directory, false); !done) return tl::unexpected<Error>(done.error());
    return opened;
}

/// Reads up to where rows and indexes are flushed; the first time it flushes block 0.
Result<void> LedgerStore::take_mark(const std::string& directory, bool may_write) {
    const auto mark = state_environment_->get(marks_, as_bytes(kFlushedKey));
    if (!mark) return tl::unexpected<Error>(mark.error());
    if (*mark) {
        if ((*mark)->size() != 40)
            return fail("data_damaged", "the mark of the flushed state cannot be read");
        flushed_ = store::number_of(ByteView(**mark).first(8));
        const auto newest = block(flushed_);
        const ByteView hash = ByteView(**mark).subspan(8);
        if (!newest || !std::equal(hash.begin(), hash.end(), (*newest)->hash.bytes.begin()))
            return fail("data_damaged", "state and blocks in " + directory + " do not belong together");
        return {};
    }
    if (!may_write) return {};
    auto first = block(0);
    if (!first) return tl::unexpected<Error>(first.error());
    return flush({*first});
}

Result<void> LedgerStore::append(std::uint64_t number, ByteView encoded) {
    return block_environment_->write([&](store::WriteTransaction& transaction) -> Result<void> {
        transaction.append(blocks_, store::number_key(number), encoded);
        return {};
    });
}

Result<void> LedgerStore::append_all(const std::vector<Encoded>& blocks) {
    return block_environment_->write([&](store::WriteTransaction& transaction) -> Result<void> {
        for (const Encoded& block : blocks)
            transaction.append(blocks_, store::number_key(block.number), block.bytes);
        return {};
    });
}

Result<std::uint64_t> LedgerStore::last() const {
    std::uint64_t number = 0;
    auto done = block_environment_->read([&](const store::ReadTransaction& transaction) {
        transaction.scan_backwards(blocks_, {}, {}, [&](ByteView key, ByteView) {
            number = store::number_of(key);
            return false;
        });
    });
    if (!done) return tl::unexpected<Error>(done.error());
    return number;
}

Result<State> LedgerStore::load_rows() const {
    State state;
    std::uint64_t orders = 0;
    Result<void> loaded_orders;
    const auto load_orders = [&] {
        return state_environment_->read([&](const store::ReadTransaction& transaction) {
            transaction.scan(orders_, {}, {}, [&](ByteView key, ByteView value) {
                loaded_orders = state.load_order(key, value);
                return loaded_orders.has_value();
            });
        });
    };
    std::future<Result<void>> orders_read;
    Result<void> loaded;
    auto done = state_environment_->read([&](const store::ReadTransaction& transaction) {
        constexpr std::size_t kRowsOfAccount = 3;  // nonce, tokens, credits
        constexpr std::uint64_t kMany = 10'000;
        orders = transaction.count(orders_);
        state.reserve(orders, transaction.count(rows_) / kRowsOfAccount);
        orders_read = std::async(orders < kMany ? std::launch::deferred : std::launch::async, load_orders);
        transaction.scan(rows_, {}, {}, [&](ByteView key, ByteView value) {
            loaded = state.load(key[0], key.subspan(1), value);
            return loaded.has_value();
        });
    });
    if (!done) return tl::unexpected<Error>(done.error());
    if (auto read = orders_read.get(); !read) return tl::unexpected<Error>(read.error());
    for (const auto& result : {loaded, loaded_orders})
        if (!result) return fail("data_damaged", "a row of the state is damaged: " + result.error().message);
    state.index_orders();
    return state;
}

Result<LedgerStore::Loaded> LedgerStore::load() const {
    auto state = load_rows();
    if (!state) return tl::unexpected<Error>(state.error());
    Loaded result{std::move(*state), {}};
    Result<void> replayed;
    auto done = scan(flushed_, [&](std::uint64_t number, ByteView encoded) {
        replayed = [&]() -> Result<void> {
            const auto block = decode_stored(number, encoded);
            if (!block) return tl::unexpected<Error>(block.error());
            if (!result.blocks.empty()) {
                const StoredBlock& parent = *result.blocks.back();
                const BlockHeader& header = (*block)->block.header;
                if (header.number != parent.block.header.number + 1 || header.parent != parent.hash)
                    return damaged(number, "it does not follow the block before it");
                if (header.state_commitment !=
                    next_commitment(parent.block.header.state_commitment, (*block)->block.writes))
                    return damaged(number, "its rows do not give the state commitment in its header");
                for (const Row& row : (*block)->block.writes)
                    if (auto loaded = result.state.load(row); !loaded)
                        return damaged(number, loaded.error().message);
            }
            result.blocks.push_back(*block);
            return {};
        }();
        return replayed.has_value();
    });
    if (!done) return tl::unexpected<Error>(done.error());
    if (!replayed) return tl::unexpected<Error>(replayed.error());
    if (result.blocks.empty()) return damaged(flushed_, "it is missing");
    return result;
}

Result<void> LedgerStore::flush(const std::vector<BlockPointer>& blocks) {
    if (blocks.empty()) return {};
    const StoredBlock& last = *blocks.back();
    auto done = state_environment_->write([&](store::WriteTransaction& transaction) -> Result<void> {
        flush_rows(transaction, rows_, orders_, blocks);
        flush_transactions(transaction, transactions_, blocks);
        for (const BlockPointer& block : blocks) {
            const auto key = store::number_key(block->block.header.number);
            transaction.put(hashes_, block->hash.bytes, key);
            transaction.put(summaries_, key, summarize_logs(block->block.receipts));
        }
        put_mark(transaction, marks_, last);
        return {};
    });
    if (done) flushed_ = last.block.header.number;
    return done;
}

/// Makes rows and indexes those of an earlier block, by writing those of every block from the first on:
/// nothing else remembers them.
Result<void> LedgerStore::unflush(std::uint64_t last, const std::vector<BlockPointer>& dropped) {
    constexpr std::size_t kRunBytes = std::size_t{48} << 20;
    const auto newest = block(last);
    if (!newest) return tl::unexpected<Error>(newest.error());
    auto done = state_environment_->write([&](store::WriteTransaction& transaction) -> Result<void> {
        transaction.clear(rows_);
        transaction.clear(orders_);
        Result<void> fine;
        std::vector<BlockPointer> run;
        std::size_t bytes = 0;
        auto read = scan(0, [&](std::uint64_t number, ByteView encoded) {
            auto block = decode_stored(number, encoded);
            if (!block) {
                fine = tl::unexpected<Error>(block.error());
                return false;
            }
            run.push_back(std::move(*block));
            bytes += encoded.size();
            if (number < last && bytes < kRunBytes) return true;
            flush_rows(transaction, rows_, orders_, run);
            run.clear();
            bytes = 0;
            return number < last;
        });
        if (!read) return read;
        if (!fine) return fine;
        for (const BlockPointer& block : dropped) {
            transaction.erase(hashes_, block->hash.bytes);
            transaction.erase(summaries_, store::number_key(block->block.header.number));
            for (const Receipt& receipt : block->block.receipts)
                transaction.erase(transactions_, receipt.transaction_hash.bytes);
        }
        put_mark(transaction, marks_, **newest);
        return {};
    });
    if (done) flushed_ = last;
    return done;
}

Result<void> LedgerStore::truncate(std::uint64_t last, const std::vector<BlockPointer>& dropped) {
    // First the state: one that is behind its blocks catches up at the next start.
    if (flushed_ > last)
        if (auto done = unflush(last, dropped); !done) return done;
    return block_environment_->write([&](store::WriteTransaction& transaction) -> Result<void> {
        for (const BlockPointer& block : dropped)
            transaction.erase(blocks_, store::number_key(block->block.header.number));
        return {};
    });
}

Result<BlockPointer> LedgerStore::block(std::uint64_t number) const {
    const auto encoded = block_environment_->get(blocks_, store::number_key(number));
    if (!encoded) return tl::unexpected<Error>(encoded.error());
    if (!*encoded) return fail("not_found", "there is no block " + std::to_string(number));
    return decode_stored(number, **encoded);
}

Result<void> LedgerStore::scan(std::uint64_t from,
                               const std::function<bool(std::uint64_t, ByteView)>& visit) const {
    return block_environment_->read([&](const store::ReadTransaction& transaction) {
        transaction.scan(blocks_, store::number_key(from), {},
                         [&](ByteView key, ByteView value) { return visit(store::number_of(key), value); });
    });
}

}  // namespace grid::chain
