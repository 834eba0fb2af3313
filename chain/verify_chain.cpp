#include "chain/replay.hpp"

namespace grid::chain {
namespace {

constexpr std::uint64_t kProgressEvery = 1'000;

/// Ids that the chain may have: the one that is given, or what its first transaction names, and the default.
Result<std::vector<std::uint64_t>> possible_ids(const LedgerStore& store, std::uint64_t id) {
    if (id != 0) return std::vector<std::uint64_t>{id};
    std::vector<std::uint64_t> ids;
    Result<void> readable;
    auto read = store.scan(1, [&](std::uint64_t number, ByteView encoded) {
        const auto block = decode_stored(number, encoded);
        if (!block) {
            readable = tl::unexpected<Error>(block.error());
            return false;
        }
        if ((*block)->block.transactions.empty()) return true;
        ids.push_back((*block)->block.transactions.front().transaction.chain_id);
        return false;
    });
    if (!read) return tl::unexpected<Error>(read.error());
    if (!readable) return tl::unexpected<Error>(readable.error());
    if (ids.empty() || ids.front() != kEmbeddedChainId) ids.push_back(kEmbeddedChainId);
    return ids;
}

class Verification {
public:
    Verification(const LedgerStore& store, Replay replay, const std::function<void(std::uint64_t)>& progress)
        : store_(store), replay_(std::move(replay)), progress_(progress) {}

    /// One short look into the store for each block: a node beside us can reuse its pages meanwhile.
    Result<void> replay_to(std::uint64_t number) {
        while (replay_.head()->block.header.number < number) {
            auto block = store_.block(replay_.head()->block.header.number + 1);
            if (!block) return tl::unexpected<Error>(block.error());
            if (auto applied = replay_.apply(std::move(*block)); !applied) return applied;
            const std::uint64_t height = replay_.head()->block.header.number;
            if (progress_ && height % kProgressEvery == 0) progress_(height);
        }
        return {};
    }

    Result<VerifiedChain> run() {
        if (auto done = replay_to(store_.flushed()); !done) return tl::unexpected<Error>(done.error());
        std::uint64_t flushed = 0;
        auto same = store_.check_flushed([&](std::uint64_t number) -> Result<const State*> {
            flushed = number;
            if (auto done = replay_to(number); !done) return tl::unexpected<Error>(done.error());
            if (replay_.head()->block.header.number != number)
                return fail("store_failed", "blocks were taken back meanwhile; try again");
            return &replay_.state();
        });
        if (!same) return tl::unexpected<Error>(same.error());
        const auto last = store_.last();
        if (!last) return tl::unexpected<Error>(last.error());
        if (auto done = replay_to(*last); !done) return tl::unexpected<Error>(done.error());
        return VerifiedChain{std::move(replay_), flushed};
    }

private:
    const LedgerStore& store_;
    Replay replay_;
    const std::function<void(std::uint64_t)>& progress_;
};

}  // namespace

Result<ChainName> name_of_chain(const LedgerStore& store, std::uint64_t id) {
    const auto ids = possible_ids(store, id);
    if (!ids) return tl::unexpected<Error>(ids.error());
    const auto first = store.block(0);
    if (!first) return tl::unexpected<Error>(first.error());
    return recognize_chain((*first)->block, *ids);
}

Result<VerifiedChain> verify_chain(const std::string& directory, std::uint64_t id,
                                   const std::function<void(std::uint64_t)>& progress) {
    const auto store = LedgerStore::open_read_only(directory);
    if (!store) return tl::unexpected<Error>(store.error());
    const auto chain = name_of_chain(**store, id);
    if (!chain) return tl::unexpected<Error>(chain.error());
    auto first = (*store)->block(0);
    if (!first) return tl::unexpected<Error>(first.error());
    auto replay = Replay::begin(*chain, std::move(*first));
    if (!replay) return tl::unexpected<Error>(replay.error());
    return Verification(**store, std::move(*replay), progress).run();
}

}  // namespace grid::chain
