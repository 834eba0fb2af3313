#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/writer.hpp"

namespace grid::runtime {

/// Where a stateful part keeps its rows: it reads the environment itself and hands what it writes to the one
/// writer. `submit` has the contract of store::Writer::submit; tests put a writer of their own there.
struct Storage {
    store::Environment* environment = nullptr;
    std::function<void(store::Batch, store::Writer::Done)> submit;
};

Storage storage_of(store::Environment& environment, store::Writer& writer);

using BlockHash = std::array<std::uint8_t, 32>;

struct BlockPoint {
    std::uint64_t number = 0;
    BlockHash hash{};
    friend bool operator==(const BlockPoint&, const BlockPoint&) = default;
};

/// A run of blocks becomes rows: the rows, their undo row and the cursor of a block are one commit, and a run
/// is acknowledged when its last block is durable. A block whose parent is not the newest block here, but an
/// older one, takes everything behind that back first. Knows nothing of what the rows mean.
/// Not thread-safe: belongs to one actor, which `post` brings answers of the writer back to.
class Projection {
public:
    /// Runs the function in the owner's turn.
    using Post = std::function<void(std::function<void()>)>;
    /// The number of the newest block of the run, or why it was not taken. Codes: `gap` (blocks are missing;
    /// the message says which number is expected), `unknown_parent` (go back further), `projection_failed`
    /// (the store refused; this projection takes nothing any more), and those of store::Writer.
    using Acknowledge = std::function<void(Result<std::uint64_t>)>;

    /// One block as its owner gives it. `changes` is called when it is this block's turn: it applies the
    /// block to the owner's memory and answers the rows that changed.
    struct Step {
        BlockPoint block;
        BlockHash parent{};
        std::function<std::vector<store::Change>()> changes;
    };

    /// Undo rows and block hashes are kept for so many blocks.
    static constexpr std::uint64_t kWindow = 64;

    /// Opens "<name>.blocks" and "<name>.undo" and reads the cursor. `reload` makes the owner's memory equal
    /// to its tables; it is called after a roll-back (not here). Codes: those of store::Environment. Takes
    /// back what lies behind a block that never became durable (the disk was full).
    static Result<std::unique_ptr<Projection>> open(Storage storage, const std::string& name, Post post,
                                                    std::function<Result<void>()> reload);

    Projection(const Projection&) = delete;

    /// Applies a run in order. Blocks that are known already are skipped, so a run may be sent twice.
    void apply(std::vector<Step> run, Acknowledge acknowledge);

    /// The newest block in memory; number 0 before the first. What to follow the chain after.
    const BlockPoint& cursor() const noexcept { return cursor_; }
    /// The number of the newest durable block.
    std::uint64_t durable() const noexcept { return durable_; }

private:
    struct Run {
        std::vector<Step> steps;
        Acknowledge acknowledge;
    };
    enum class Verdict { next, known, fork, gap, unknown_parent };

    Projection(Storage storage, store::Table blocks, store::Table undo, Post post,
               std::function<Result<void>()> reload);
    Verdict judge(const Step& step) const;
    void work();
    void commit(const Step& step);
    void roll_back(std::uint64_t to_block);
    void finish(Run run);
    Result<void> read_blocks();
    void fail_all(const Error& error);

    Storage storage_;
    store::Table blocks_;  ///< number -> hash, of the last kWindow blocks; the last row is the cursor
    store::Table undo_;
    Post post_;
    std::function<Result<void>()> reload_;
    std::map<std::uint64_t, BlockHash> recent_;
    BlockPoint cursor_;
    std::uint64_t durable_ = 0;
    std::deque<Run> waiting_;
    bool rolling_back_ = false;
    std::optional<Error> broken_;
};

}  // namespace grid::runtime
