#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include "chain/execution.hpp"
#include "chain/history.hpp"
#include "chain/ledger_store.hpp"
#include "chain/log_filter.hpp"
#include "chain/pool.hpp"

namespace grid::chain {

/// Runs a task on another thread, soon.
using Executor = std::function<void(std::function<void()>)>;

struct LedgerOptions {
    std::string directory;
    Genesis genesis;
    /// Where transactions are decoded and their senders recovered.
    Executor executor;
    /// Where the state is flushed: long work that nobody waits for; empty: the executor.
    Executor background = {};
    /// There is work for produce(). Called from any thread; must not block or call back.
    std::function<void()> wake;
    /// The state is flushed behind the blocks when so many bytes of blocks wait for it. A restart replays at
    /// most about this much.
    std::size_t flush_bytes = std::size_t{8} << 20;
    /// A follower makes no blocks: it takes over those of another ledger (adopt) and hands transactions to
    /// this function, which answers when the other ledger has them; empty: refused, `not_the_leader`.
    bool follower = false;
    std::function<void(Bytes raw, std::function<void(Result<struct Submission>)> done)> forward = {};
};

/// What became of a transaction that was submitted.
struct Submission {
    Hash hash;
    BlockPointer block;       ///< durable; null while it waits in memory for an earlier nonce
    std::uint32_t index = 0;  ///< within the block
};

/// Where a transaction was mined.
struct TransactionPlace {
    BlockPointer block;
    std::uint32_t index = 0;
};

/// The embedded chain: state, blocks, and the way from a raw transaction to a durable receipt.
/// It has no thread and no clock: one thread of its owner calls produce() with the time whenever there is
/// work; decoding and recovery run on the executor. Everything else may be called from any thread. A block is
/// a group commit: what arrived while the last one was written forms the next; when idle there are no blocks.
class Ledger {
public:
    static constexpr std::uint64_t kMaxLogBlocks = 10'000;  ///< range of a log query
    static constexpr std::size_t kMaxLogs = 10'000;         ///< answers of a query over several blocks
    static constexpr std::size_t kMaxRawTransaction = 128 * 1024;
    static constexpr std::size_t kMaxArrivals = 16'384;  ///< transactions between submit() and their block
    static constexpr std::size_t kMaxArrivalBytes = std::size_t{64} << 20;
    static constexpr std::size_t kMaxBlockTransactions = 2'000;
    static constexpr std::size_t kMaxBlockBytes = std::size_t{4} << 20;

    /// Loads the flushed state and replays the blocks after it. Codes: those of LedgerStore::open.
    static Result<std::unique_ptr<Ledger>> open(LedgerOptions options);
    /// Waits for tasks on the executor, answers what still waits with `shutting_down` and flushes.
    ~Ledger();
    Ledger(const Ledger&) = delete;

    // --- writing

    /// Called once: on the producing thread (a refusal may come at once on the caller's) when the block is
    /// durable, or when the transaction waits for an earlier nonce, or with the reason why not:
    /// `bad_transaction`, `bad_rlp`, `bad_signature`, those of check_transaction, `already_known`,
    /// `replacement_underpriced`, `not_the_leader`, `pool_full`, `disk_full`, `shutting_down`, or that of
    /// halt(). Must not block.
    using Submitted = std::function<void(Result<Submission>)>;
    /// Order is kept: of two calls one after the other the first is executed first.
    void submit(Bytes raw, Submitted done);

    /// Makes one block of what has arrived, if anything has; answers and publishes it. `wall` is the time
    /// now. Returns whether it did something: call again until it returns false.
    bool produce(Timestamp wall);

    /// Stops making blocks; what arrives is refused with this error.
    void halt(Error reason);
    void resume();
    std::optional<Error> halted() const;

    /// Development chains only: a block although there may be nothing for it. `done` as in submit().
    void mine(std::function<void(Result<void>)> done);
    /// Development chains only: moves chain time ahead of the wall clock. It stays ahead by so much.
    void advance_time(Seconds by) { offset_ += static_cast<std::int64_t>(by.count); }
    /// Development chains only: the next block has this time, and time goes on from there. Code `bad_time`:
    /// before the newest block.
    Result<void> set_next_time(Timestamp time, Timestamp wall);
    /// After a restart of a development chain whose time was ahead: it goes on from the newest block.
    void adopt_time(Timestamp wall);

    /// Followers of the chain can take back so many blocks.
    static constexpr std::uint64_t kMaxRevertBlocks = 64;
    static constexpr std::size_t kMaxSnapshots = 1'000;  ///< the oldest ones are forgotten
    /// Development chains only: names the chain as it is now, until the end of this run.
    std::uint64_t snapshot();
    /// Development chains only: takes back every block after a snapshot, durably, and forgets it, later ones
    /// and what waits in the pool. `done` on the producing thread: false when there is no such snapshot; code
    /// `beyond_finality`, or that of the store.
    void revert(std::uint64_t snapshot, std::function<void(Result<bool>)> done);

    /// Who is told of what happened, from the producing thread, in order. Must not block or call produce().
    struct Listener {
        std::function<void(const BlockPointer&)> block = {};  ///< it is durable; may be empty
        /// These blocks, oldest first, are no longer of the chain (development chains only); may be empty.
        std::function<void(const std::vector<BlockPointer>& dropped)> rewound = {};
    };
    /// Hears of everything from now on, as long as the ledger lives.
    void listen(Listener listener);
    void on_block(std::function<void(const BlockPointer&)> block) { listen({std::move(block), {}}); }
    /// Runs a task on the executor; the ledger waits for it at its end.
    void defer(std::function<void()> task);

    /// Writes the state behind the blocks now.
    Result<void> flush();

    // --- following another ledger (chain/ledger_follower.cpp)

    bool follower() const noexcept { return options_.follower; }
    /// Followers only, from one thread, which is the producing one: executes blocks that follow the head and
    /// whose contents were checked (check_contents), makes all that agree durable together, and publishes
    /// them. Code `block_differs` names the height and the difference (those before it are taken over); with
    /// another code (`disk_full`, ...) nothing has changed, and it may be tried again.
    Result<void> adopt(const std::vector<BlockPointer>& blocks);
    /// Followers of development chains only: takes back the blocks after a number, because the other ledger
    /// did. Code `beyond_finality`: more than kMaxRevertBlocks.
    Result<void> take_back_to(std::uint64_t number);

    /// Durable blocks for a follower, as a stream (block_stream.hpp) from `from` on: at most about
    /// `max_bytes` of them, or one. Codes: `other_branch` (the block before is not `parent`), `ahead` (there
    /// is no block before).
    Result<Bytes> stream_from(std::uint64_t from, const std::optional<Hash>& parent,
                              std::size_t max_bytes) const;

    // --- reading

    const Genesis& genesis() const noexcept { return options_.genesis; }
    BlockPointer head() const;
    /// The time of a block that would be made now: max(head, wall).
    Timestamp pending_time(Timestamp wall) const;
    /// Code `not_found`.
    Result<BlockPointer> block(std::uint64_t number) const;
    Result<BlockPointer> block(const Hash& hash) const;
    Result<TransactionPlace> transaction(const Hash& hash) const;
    struct PendingTransaction {
        SignedTransaction transaction;
        Address sender;
    };
    std::optional<PendingTransaction> waiting(const Hash& hash) const;
    /// Codes: `range_too_large`, `too_many_logs`, `not_found` (from or to is beyond the head).
    Result<std::vector<FoundLog>> logs(const LogFilter& filter) const;
    /// The next nonce of an account; with those that wait in an unbroken run when `pending`.
    std::uint64_t nonce(const Address& account, bool pending) const;

    /// When a call runs: at the head's number and time, or as the next block would at this wall time.
    BlockContext latest() const;
    BlockContext pending(Timestamp wall) const;
    /// Runs a message on the newest state and takes its changes back.
    CallResult call(const BlockContext& context, const Message& message) const;

    /// The same as of an earlier block, and an account's next nonce there: the last 128 blocks, fewer when
    /// they changed much (History). Code `state_not_available`.
    Result<CallResult> call_at(const StoredBlock& block, const Message& message) const;
    Result<std::uint64_t> nonce_at(const StoredBlock& block, const Address& account) const;
    bool has_state(const StoredBlock& block) const;

    /// The blocks after a number, in order, at most `max` and about 10,000 logs together.
    Result<std::vector<BlockUpdate>> updates_after(std::uint64_t number, std::size_t max) const;

    /// Every row of the state, sorted: to compare two ledgers.
    WriteSet rows() const;

private:
    struct Arrival;
    struct Round;
    class Tasks;
    Ledger(LedgerOptions options, std::unique_ptr<LedgerStore> store, LedgerStore::Loaded loaded);

    bool take_up_decoding();
    void decode();
    bool gathered() const;
    std::vector<std::shared_ptr<Arrival>> take_arrivals();
    void admit(Round& round, Arrival& arrival);
    void run(Round& round, SignedTransaction transaction, const Address& sender);
    Result<BlockPointer> seal(Round& round);
    void publish(const BlockPointer& block);
    void add_recent(BlockPointer block);
    bool reaches(const StoredBlock& block, std::uint64_t newest) const;
    Timestamp time_after(const StoredBlock& newest, Timestamp wall) const;
    Result<bool> revert_now(std::uint64_t snapshot);
    Result<void> go_back(std::uint64_t number, const std::vector<BlockPointer>& dropped);
    void tell(const BlockPointer& block);
    void recover_from_failed_commit(Timestamp wall, const Error& error);
    void deliver(Round& round, const Result<BlockPointer>& block);
    void flush_behind();

    LedgerOptions options_;
    std::unique_ptr<LedgerStore> store_;
    std::mutex listeners_mutex_;
    std::vector<Listener> listeners_;
    std::atomic<std::int64_t> offset_{0};       ///< of chain time to the wall clock
    std::atomic<std::uint64_t> exact_time_{0};  ///< of the next block; 0: as it comes

    struct Snapshot {
        std::uint64_t number = 0;
        Hash hash;
        std::int64_t offset = 0;
    };
    std::mutex snapshots_mutex_;
    std::map<std::uint64_t, Snapshot> snapshots_;
    std::uint64_t last_snapshot_ = 0;
    /// The head after the last revert, and the number of the newest block that was told before it. Of the
    /// producing thread.
    std::optional<std::pair<Hash, std::uint64_t>> reverted_;

    mutable std::mutex arrivals_mutex_;
    std::deque<std::shared_ptr<Arrival>> arrivals_;  ///< in their order
    std::deque<std::shared_ptr<Arrival>> encoded_;   ///< those of them that no task decodes yet
    std::size_t decoders_ = 0;                       ///< tasks that do
    bool producing_ = false;                         ///< a block is being made
    std::size_t ready_ = 0;                          ///< how many of them are decoded
    std::size_t arrival_bytes_ = 0;
    std::vector<std::function<void(Result<void>)>> mine_requests_;
    std::vector<std::pair<std::uint64_t, std::function<void(Result<bool>)>>> reverts_;
    std::optional<Error> halted_;
    bool stopping_ = false;

    /// Held while a block is executed and committed: what readers see is durable.
    mutable std::mutex state_mutex_;
    mutable State state_;
    History history_;
    WaitingPool pool_;
    std::optional<std::pair<Timestamp, Error>> broken_;  ///< the last commit failed at that time

    mutable std::mutex chain_mutex_;
    std::deque<BlockPointer>
        recent_;  ///< without gaps, up to the head: all that are not flushed and some more
    /// What of recent_ cannot be found in the store yet. While a flush runs it belongs to the flush, which
    /// then lets go of it as a whole: taking it apart would keep everybody waiting who reads.
    struct Unflushed {
        boost::unordered_flat_map<Hash, LedgerStore::Place, std::hash<Hash>> transactions;
        boost::unordered_flat_map<Hash, std::uint64_t, std::hash<Hash>> blocks;
        std::size_t bytes = 0;
    };
    Unflushed unflushed_;
    Unflushed being_flushed_;
    bool flushing_ = false;

    std::mutex flush_mutex_;
    std::shared_ptr<Tasks> tasks_;
};

}  // namespace grid::chain
