// A ledger that follows another one, and what the other one gives it.

#include "chain/block_stream.hpp"
#include "chain/ledger.hpp"

namespace grid::chain {

Result<void> Ledger::adopt(const std::vector<BlockPointer>& blocks) {
    const ChainName name{options_.genesis.chain_id, options_.genesis.development};
    Result<void> agreed;
    std::vector<State::Undo> undos;
    {
        std::lock_guard lock(state_mutex_);
        std::vector<LedgerStore::Encoded> encoded;
        BlockPointer parent = head();
        for (const BlockPointer& block : blocks) {
            State::Undo undo;
            agreed = reexecute(state_, name, *parent, *block, undo);
            if (!agreed) break;
            undos.push_back(std::move(undo));
            encoded.push_back({block->block.header.number, encode_block(block->block)});
            parent = block;
        }
        if (encoded.empty()) return agreed;
        if (auto durable = store_->append_all(encoded); !durable) {
            for (std::size_t i = undos.size(); i-- > 0;) state_.take_back(undos[i]);
            return durable;
        }
        for (std::size_t i = 0; i < undos.size(); ++i) {
            history_.add(blocks[i], std::move(undos[i]));
            publish(blocks[i]);
        }
    }
    for (std::size_t i = 0; i < undos.size(); ++i) tell(blocks[i]);
    flush_behind();
    return agreed;
}

Result<void> Ledger::take_back_to(std::uint64_t number) {
    const std::uint64_t newest = head()->block.header.number;
    if (newest <= number) return {};
    if (newest - number > kMaxRevertBlocks)
        return fail("beyond_finality", "expected at most " + std::to_string(kMaxRevertBlocks) +
                                           " blocks to take back, came " + std::to_string(newest - number));
    std::vector<BlockPointer> dropped;
    for (std::uint64_t gone = number + 1; gone <= newest; ++gone) {
        auto there = block(gone);
        if (!there) return tl::unexpected<Error>(there.error());
        dropped.push_back(std::move(*there));
    }
    if (auto done = go_back(number, dropped); !done) return done;
    std::lock_guard lock(listeners_mutex_);
    for (const Listener& listener : listeners_)
        if (listener.rewound) listener.rewound(dropped);
    return {};
}

Result<Bytes> Ledger::stream_from(std::uint64_t from, const std::optional<Hash>& parent,
                                  std::size_t max_bytes) const {
    const BlockPointer newest = head();
    const std::uint64_t last = newest->block.header.number;
    if (from > last + 1) return fail("ahead", "the newest block here is " + std::to_string(last));
    if (from > 0 && parent) {
        const auto before = block(from - 1);
        if (!before) return tl::unexpected<Error>(before.error());
        if ((*before)->hash != *parent)
            return fail("other_branch", "block " + std::to_string(from - 1) + " is " + (*before)->hash.hex() +
                                            " here, not " + parent->hex());
    }
    const auto first = block(0);
    if (!first) return tl::unexpected<Error>(first.error());
    Bytes stream;
    write_stream_head(stream,
                      {{options_.genesis.chain_id, options_.genesis.development}, (*first)->hash, from});
    auto read = store_->scan(from, [&](std::uint64_t number, ByteView encoded) {
        if (number > last) return false;
        write_streamed_block(stream, encoded);
        return stream.size() < max_bytes;
    });
    if (!read) return tl::unexpected<Error>(read.error());
    write_stream_end(stream, {last, newest->hash});
    return stream;
}

}  // namespace grid::chain
