#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "chain/block_codec.hpp"
#include "chain/genesis.hpp"
#include "store/environment.hpp"

namespace grid::chain {

/// A block with its name.
struct StoredBlock {
    Block block;
    Hash hash;
    std::size_t size = 0;  ///< bytes of its encoding
};
/// Shared by the ledger, its readers and the flush behind it.
using BlockPointer = std::shared_ptr<const StoredBlock>;

/// Block 0 of a genesis: no transactions, its rows as write set. The commitment in its header also covers
/// chain id and the development flag, so that two chains never share a hash.
Block make_genesis_block(const Genesis& genesis);

/// What the state commitment of block 0 starts from.
Hash commitment_seed(std::uint64_t chain_id, bool development);

/// A block from its encoding, with its name. Code `data_damaged` names the number that it should have.
Result<BlockPointer> decode_stored(std::uint64_t number, ByteView encoded);

class SummaryQuery;

/// The durable side of the ledger: blocks, one appended value each, synced before anybody is answered; behind
/// them in an environment of their own the rows of the state and the indexes, with the number of the block
/// that they are flushed up to. Orders have a table of their own, in the order of ids. Thread-safe.
class LedgerStore {
public:
    /// The row of the marks: number and hash of the block that rows and indexes are flushed up to.
    static constexpr std::string_view kFlushedKey = "flushed";
    /// Versions of the meaning of what the two environments hold.
    static constexpr std::uint32_t kBlockSchema = 3;
    static constexpr std::uint32_t kStateSchema = 3;

    /// Makes block 0 when the directory is empty. Codes: those of store::Environment::open,
    /// `genesis_mismatch`, `data_damaged`.
    static Result<std::unique_ptr<LedgerStore>> open(const std::string& directory, const Genesis& genesis);

    /// The same with a block 0 from elsewhere (import).
    static Result<std::unique_ptr<LedgerStore>> open(const std::string& directory, const Block& first);
    /// What is there already, whatever its genesis; code `not_found` when nothing is.
    static Result<std::unique_ptr<LedgerStore>> open_existing(const std::string& directory);
    /// For readers, also beside the process that writes. Codes: those of store::Environment::open,
    /// `data_damaged`.
    static Result<std::unique_ptr<LedgerStore>> open_read_only(const std::string& directory);

    /// Durable when it returns. Code `disk_full`, `store_failed`, `data_damaged`.
    Result<void> append(std::uint64_t number, ByteView encoded);
    /// Several at once, in order: all or none.
    struct Encoded {
        std::uint64_t number = 0;
        Bytes bytes;
    };
    Result<void> append_all(const std::vector<Encoded>& blocks);

    /// The number of the newest block.
    Result<std::uint64_t> last() const;
    /// Up to which block rows and indexes are flushed.
    std::uint64_t flushed() const { return flushed_; }

    /// The flushed rows and, on top, the write sets of the blocks after them; those blocks, oldest first (at
    /// least the newest block). Checks number, parent and commitment of each; code `data_damaged`.
    struct Loaded {
        State state;
        std::vector<BlockPointer> blocks;
    };
    Result<Loaded> load() const;

    /// Writes the rows and indexes of these blocks, which follow the flushed ones.
    Result<void> flush(const std::vector<BlockPointer>& blocks);

    /// Removes the blocks after a number (all of them are given) with their rows and indexes. Cut short, it
    /// leaves the chain as it was before, to be truncated again.
    Result<void> truncate(std::uint64_t last, const std::vector<BlockPointer>& dropped);

    /// Code `not_found`.
    Result<BlockPointer> block(std::uint64_t number) const;
    /// Encoded blocks from one number on, until visit answers false.
    Result<void> scan(std::uint64_t from, const std::function<bool(std::uint64_t, ByteView)>& visit) const;

    /// The encoded blocks from <= number <= to whose logs may match, in order, until visit answers false. Of
    /// flushed blocks only those are read whose summary says so.
    Result<void> scan_logs(const SummaryQuery& query, std::uint64_t from, std::uint64_t to,
                           const std::function<bool(std::uint64_t, ByteView)>& visit) const;

    struct Place {
        std::uint64_t block = 0;
        std::uint32_t index = 0;
    };
    /// Of flushed blocks only.
    Result<std::optional<Place>> find_transaction(const Hash& hash) const;
    Result<std::optional<std::uint64_t>> find_block(const Hash& hash) const;

    /// Compares rows and indexes, in one view of them, with what they should be. `replayed` is asked once,
    /// for the state after the block that they are flushed up to. Code `flushed_differs` says where.
    using StateAfter = std::function<Result<const State*>(std::uint64_t number)>;
    Result<void> check_flushed(const StateAfter& replayed) const;

private:
    struct Tables;
    static Result<std::unique_ptr<LedgerStore>> open_tables(const std::string& directory, bool read_only);
    Result<void> take_mark(const std::string& directory, bool may_write);
    Result<void> check_indexes(const store::ReadTransaction& state, std::uint64_t last) const;
    LedgerStore(std::unique_ptr<store::Environment> blocks, std::unique_ptr<store::Environment> state,
                const Tables& tables);
    Result<State> load_rows() const;
    Result<void> unflush(std::uint64_t last, const std::vector<BlockPointer>& dropped);

    std::unique_ptr<store::Environment> block_environment_;
    std::unique_ptr<store::Environment> state_environment_;
    store::Table blocks_;
    store::Table rows_;    ///< of the state, but its orders
    store::Table orders_;  ///< id -> order
    store::Table transactions_;
    store::Table hashes_;
    store::Table summaries_;  ///< of the logs of each block
    store::Table marks_;
    std::atomic<std::uint64_t> flushed_{0};
};

}  // namespace grid::chain
