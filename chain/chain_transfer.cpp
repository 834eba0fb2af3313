// grid chain export and import, as functions on data directories.

#include <filesystem>

#include "chain/block_stream.hpp"

namespace grid::chain {
namespace {

constexpr std::size_t kRunBytes = std::size_t{8} << 20;     ///< made durable together
constexpr std::size_t kFlushBytes = std::size_t{48} << 20;  ///< rows and indexes behind them
constexpr std::size_t kRunBlocks = 1'000;

/// Blocks on their way into a ledger.
class Import {
public:
    Import(LedgerStore& store, Replay replay) : store_(store), replay_(std::move(replay)) {}

    Result<void> add(const BlockPointer& block) {
        const std::uint64_t number = block->block.header.number;
        const std::uint64_t next = replay_.head()->block.header.number + 1;
        if (number < next) return known(*block);
        if (number > next)
            return fail("gap", "expected block " + std::to_string(next) + " next, the stream goes on at " +
                                   std::to_string(number) + "; export from an earlier block");
        if (auto applied = replay_.apply(block); !applied) {
            if (auto kept = write(); !kept) return kept;
            return applied;
        }
        run_.push_back({number, encode_block(block->block)});
        run_bytes_ += run_.back().bytes.size();
        unflushed_.push_back(block);
        ++added;
        return run_bytes_ < kRunBytes && run_.size() < kRunBlocks ? Result<void>{} : write();
    }

    /// What came is durable; what is large is flushed, too.
    Result<void> write(bool flush = false) {
        if (!run_.empty())
            if (auto done = store_.append_all(run_); !done) return done;
        unflushed_bytes_ += std::exchange(run_bytes_, 0);
        run_.clear();
        if (unflushed_.empty() || (!flush && unflushed_bytes_ < kFlushBytes)) return {};
        auto done = store_.flush(unflushed_);
        unflushed_.clear();
        unflushed_bytes_ = 0;
        return done;
    }

    const BlockPointer& head() const { return replay_.head(); }
    std::uint64_t same = 0;
    std::uint64_t added = 0;
    /// Blocks that the ledger had, but not behind them.
    void owe(std::vector<BlockPointer> blocks) { unflushed_ = std::move(blocks); }

private:
    Result<void> known(const StoredBlock& block) {
        const std::uint64_t number = block.block.header.number;
        const auto ours = store_.block(number);
        if (!ours) return tl::unexpected<Error>(ours.error());
        if ((*ours)->hash != block.hash)
            return fail("foreign_chain", "block " + std::to_string(number) + " is " + (*ours)->hash.hex() +
                                             " here and " + block.hash.hex() + " in the stream");
        ++same;
        return {};
    }

    LedgerStore& store_;
    Replay replay_;
    std::vector<LedgerStore::Encoded> run_;
    std::size_t run_bytes_ = 0;
    std::vector<BlockPointer> unflushed_;
    std::size_t unflushed_bytes_ = 0;
};

/// The ledger to import into; made from the stream's block 0 when there is none.
Result<std::unique_ptr<LedgerStore>> open_target(const std::string& directory, const BlockPointer& first) {
    if (first->block.header.number == 0) {
        auto store = LedgerStore::open(directory, first->block);
        if (!store && store.error().code == "genesis_mismatch")
            return fail("foreign_chain", store.error().message);
        return store;
    }
    if (!std::filesystem::exists(directory + "/blocks/data.mdb"))
        return fail("gap", "there is no chain in " + directory + " yet and the stream begins at block " +
                               std::to_string(first->block.header.number) + "; export from block 0");
    return LedgerStore::open_existing(directory);
}

tl::unexpected<Error> foreign(const Hash& ours, const Hash& theirs) {
    return fail("foreign_chain",
                "expected the chain with block 0 " + ours.hex() + ", the stream is of " + theirs.hex());
}

}  // namespace

Result<Exported> export_chain(const std::string& directory, std::uint64_t id, std::uint64_t from,
                              const StreamSink& sink) {
    const auto store = LedgerStore::open_read_only(directory);
    if (!store) return tl::unexpected<Error>(store.error());
    const auto first = (*store)->block(0);
    if (!first) return tl::unexpected<Error>(first.error());
    const auto chain = name_of_chain(**store, id);
    if (!chain) return tl::unexpected<Error>(chain.error());
    const auto last = (*store)->last();
    if (!last) return tl::unexpected<Error>(last.error());
    if (from > *last)
        return fail("not_found",
                    "there is no block " + std::to_string(from) + "; the newest is " + std::to_string(*last));
    Exported exported;
    Bytes piece;
    write_stream_head(piece, {*chain, (*first)->hash, from});
    for (std::uint64_t number = from; number <= *last; ++number) {
        const auto block = (*store)->block(number);
        if (!block) return tl::unexpected<Error>(block.error());
        if (number > from && (*block)->block.header.parent != exported.newest.hash)
            return fail("data_damaged",
                        "block " + std::to_string(number) + " does not follow the one before");
        write_streamed_block(piece, encode_block((*block)->block));
        exported.newest = {number, (*block)->hash};
        ++exported.blocks;
        if (piece.size() < kRunBytes) continue;
        if (!sink(piece)) return fail("write_failed", "the blocks cannot be written; is the disk full?");
        piece.clear();
    }
    write_stream_end(piece, exported.newest);
    if (!sink(piece)) return fail("write_failed", "the blocks cannot be written; is the disk full?");
    return exported;
}

Result<Imported> import_chain(const std::string& directory, StreamReader& stream, const Hash& genesis,
                              const std::function<void(std::uint64_t)>& progress) {
    Imported imported;
    const auto head = stream.head();
    if (!head) return tl::unexpected<Error>(head.error());
    imported.head = *head;
    if (genesis != Hash{} && head->genesis != genesis) return foreign(genesis, head->genesis);
    auto block = stream.next();
    if (!block) return tl::unexpected<Error>(block.error());
    if (!*block) return fail("bad_stream", "there is no block in the stream");
    if ((*block)->block.header.number == 0) {
        if ((*block)->hash != head->genesis) return foreign(head->genesis, (*block)->hash);
        if (auto begun = Replay::begin(head->chain, *block); !begun)
            return tl::unexpected<Error>(begun.error());
    }
    const auto store = open_target(directory, *block);
    if (!store) return tl::unexpected<Error>(store.error());
    const auto ours = (*store)->block(0);
    if (!ours) return tl::unexpected<Error>(ours.error());
    if ((*ours)->hash != head->genesis) return foreign((*ours)->hash, head->genesis);
    const auto chain = recognize_chain((*ours)->block, {head->chain.chain_id});
    if (!chain) return tl::unexpected<Error>(chain.error());
    auto loaded = (*store)->load();
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    Import import(**store, Replay(*chain, std::move(loaded->state), loaded->blocks.back()));
    // The first of what was loaded is flushed already.
    import.owe({loaded->blocks.begin() + 1, loaded->blocks.end()});
    while (*block) {
        if (auto added = import.add(*block); !added) return tl::unexpected<Error>(added.error());
        if (progress && (*block)->block.header.number % 1'000 == 0) progress((*block)->block.header.number);
        block = stream.next();
        if (block) continue;
        if (auto kept = import.write(true); !kept) return tl::unexpected<Error>(kept.error());
        return tl::unexpected<Error>(block.error());
    }
    if (auto done = import.write(true); !done) return tl::unexpected<Error>(done.error());
    imported.known = import.same;
    imported.added = import.added;
    imported.newest = {import.head()->block.header.number, import.head()->hash};
    return imported;
}

}  // namespace grid::chain
