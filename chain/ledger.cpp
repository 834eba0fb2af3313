#include "chain/ledger.hpp"

#include <algorithm>
#include <future>

#include "chain/commitment.hpp"
#include "chain/senders.hpp"
#include "chain/trie_root.hpp"

namespace grid::chain {
namespace {

/// Blocks that stay in memory although they are flushed.
constexpr std::size_t kRecentBlocks = 64;
/// When the flush falls so far behind, block production waits for it.
constexpr std::size_t kFlushBacklog = 6;
/// While transactions are being decoded, a block waits until so many are ready: it costs two syncs, and
/// nothing is gained by making it before the processors are free. Nobody waits longer than that takes.
constexpr std::size_t kGathered = 64;
/// So many transactions a task decodes at a time. Eight share the lanes of the processor, and more share an
/// inversion; a task for each so many that wait keeps all cores busy.
constexpr std::size_t kDecodedTogether = 32;
constexpr std::size_t kLanes = 8;
/// Receipts of a block with so many logs are hashed beside its rows, on a thread for that long.
constexpr std::size_t kManyLogs = 16'384;

std::size_t count_logs(const Block& block) {
    std::size_t count = 0;
    for (const Receipt& receipt : block.receipts) count += receipt.logs.size();
    return count;
}

Error shutting_down() {
    return {"shutting_down", "the ledger is shutting down; send the transaction again later"};
}

}  // namespace

/// A transaction between submit() and its block.
struct Ledger::Arrival {
    Bytes raw;
    Submitted done;
    std::size_t size = 0;
    bool ready =
        false;  ///< guarded by arrivals_mutex_; the rest belongs to the task before, to produce() after
    Result<SentTransaction> sent = fail("bad_transaction", "not decoded");
};

/// A block in the making and those who wait for it.
struct Ledger::Round {
    struct Answer {
        Submitted done;
        Hash hash;
        std::optional<Error> error;
        std::optional<std::uint32_t> index;  ///< none without error: it waits for an earlier nonce
    };
    BlockContext context;
    Timestamp wall;
    Block block;
    std::vector<Answer> answers;
    std::unordered_map<Hash, std::uint32_t> promoted;  ///< had waited; run in this block
};

/// Tasks on the executor that still use the ledger.
class Ledger::Tasks {
public:
    void start() {
        std::lock_guard lock(mutex_);
        ++running_;
    }
    void finish() {
        // Notified under the lock: the waiter destroys this object as soon as it can take it.
        std::lock_guard lock(mutex_);
        if (--running_ == 0) idle_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return running_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable idle_;
    std::size_t running_ = 0;
};

Result<std::unique_ptr<Ledger>> Ledger::open(LedgerOptions options) {
    auto store = LedgerStore::open(options.directory, options.genesis);
    if (!store) return tl::unexpected<Error>(store.error());
    auto loaded = (*store)->load();
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    return std::unique_ptr<Ledger>(new Ledger(std::move(options), std::move(*store), std::move(*loaded)));
}

Ledger::Ledger(LedgerOptions options, std::unique_ptr<LedgerStore> store, LedgerStore::Loaded loaded)
    : options_(std::move(options)),
      store_(std::move(store)),
      state_(std::move(loaded.state)),
      tasks_(std::make_shared<Tasks>()) {
    for (BlockPointer& block : loaded.blocks) add_recent(std::move(block));
}

Ledger::~Ledger() {
    std::vector<std::function<void(Result<void>)>> mine_requests;
    {
        std::lock_guard lock(arrivals_mutex_);
        stopping_ = true;
        mine_requests.swap(mine_requests_);
    }
    tasks_->wait();
    for (const auto& arrival : arrivals_) arrival->done(tl::unexpected<Error>(shutting_down()));
    for (const auto& done : mine_requests) done(tl::unexpected<Error>(shutting_down()));
    for (const auto& [snapshot, done] : reverts_) done(tl::unexpected<Error>(shutting_down()));
    static_cast<void>(flush());  // what is not flushed is replayed at the next start
}

void Ledger::submit(Bytes raw, Submitted done) {
    if (follower()) {
        if (options_.forward) return options_.forward(std::move(raw), std::move(done));
        return done(fail("not_the_leader", "this node follows another one; send transactions there"));
    }
    if (raw.size() > kMaxRawTransaction)
        return done(fail("bad_transaction", "expected at most " + std::to_string(kMaxRawTransaction) +
                                                " bytes, came " + std::to_string(raw.size())));
    auto arrival = std::make_shared<Arrival>();
    arrival->size = raw.size();
    arrival->raw = std::move(raw);
    arrival->done = std::move(done);
    std::optional<Error> refused;
    bool start = false;
    {
        std::lock_guard lock(arrivals_mutex_);
        if (stopping_)
            refused = shutting_down();
        else if (halted_)
            refused = halted_;
        else if (arrivals_.size() >= kMaxArrivals || arrival_bytes_ + arrival->size > kMaxArrivalBytes)
            refused = Error{"pool_full", "too many transactions wait for their block; try again"};
        else {
            arrivals_.push_back(arrival);
            encoded_.push_back(arrival);
            arrival_bytes_ += arrival->size;
            start = take_up_decoding();
        }
    }
    if (refused) return arrival->done(tl::unexpected<Error>(*refused));
    if (start) options_.executor([this] { decode(); });
}

/// Whether another task shall decode what has arrived, which is then counted: one for each kDecodedTogether,
/// but none for fewer than the lanes take while a block is being made, since the next one will not begin
/// before. Needs arrivals_mutex_.
bool Ledger::take_up_decoding() {
    if (encoded_.empty() || (producing_ && encoded_.size() < kLanes)) return false;
    if (encoded_.size() <= decoders_ * kDecodedTogether) return false;
    ++decoders_;
    tasks_->start();
    return true;
}

/// One of several tasks that decode what has arrived, some at a time. It ends when there is nothing left, and
/// queues up again after each turn: the executor has other work, too.
void Ledger::decode() {
    std::vector<std::shared_ptr<Arrival>> turn;
    {
        std::lock_guard lock(arrivals_mutex_);
        std::size_t count = std::min(encoded_.size(), kDecodedTogether);
        if (count > kLanes) count -= count % kLanes;
        turn.assign(std::make_move_iterator(encoded_.begin()),
                    std::make_move_iterator(encoded_.begin() + static_cast<std::ptrdiff_t>(count)));
        encoded_.erase(encoded_.begin(), encoded_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    std::vector<Bytes> raws;
    for (const auto& arrival : turn) raws.push_back(std::move(arrival->raw));
    auto sent = decode_each(raws);
    for (std::size_t i = 0; i < turn.size(); ++i) turn[i]->sent = std::move(sent[i]);
    bool enough;
    bool more;
    {
        std::lock_guard lock(arrivals_mutex_);
        for (const auto& arrival : turn) arrival->ready = true;
        ready_ += turn.size();
        enough = gathered();
        --decoders_;
        more = take_up_decoding();
    }
    if (enough) options_.wake();
    if (more) options_.executor([this] { decode(); });
    tasks_->finish();
}

void Ledger::halt(Error reason) {
    std::lock_guard lock(arrivals_mutex_);
    halted_ = std::move(reason);
}

void Ledger::resume() {
    std::lock_guard lock(arrivals_mutex_);
    halted_.reset();
}

std::optional<Error> Ledger::halted() const {
    std::lock_guard lock(arrivals_mutex_);
    return halted_;
}

void Ledger::mine(std::function<void(Result<void>)> done) {
    {
        std::lock_guard lock(arrivals_mutex_);
        mine_requests_.push_back(std::move(done));
    }
    options_.wake();
}

/// Whether a block is worth making. Needs arrivals_mutex_.
bool Ledger::gathered() const {
    return !arrivals_.empty() && arrivals_.front()->ready &&
           (ready_ == arrivals_.size() || ready_ >= kGathered);
}

std::vector<std::shared_ptr<Ledger::Arrival>> Ledger::take_arrivals() {
    std::vector<std::shared_ptr<Arrival>> taken;
    if (!gathered()) return taken;
    std::size_t bytes = 0;
    while (!arrivals_.empty() && arrivals_.front()->ready && taken.size() < kMaxBlockTransactions &&
           bytes < kMaxBlockBytes) {
        bytes += arrivals_.front()->size;
        taken.push_back(std::move(arrivals_.front()));
        arrivals_.pop_front();
    }
    ready_ -= taken.size();
    arrival_bytes_ -= bytes;
    return taken;
}

bool Ledger::produce(Timestamp wall) {
    std::vector<std::shared_ptr<Arrival>> arrivals;
    std::vector<std::function<void(Result<void>)>> mine_requests;
    std::vector<std::pair<std::uint64_t, std::function<void(Result<bool>)>>> reverts;
    std::optional<Error> refused;
    {
        std::lock_guard lock(arrivals_mutex_);
        arrivals = take_arrivals();
        mine_requests.swap(mine_requests_);
        reverts.swap(reverts_);
        refused = halted_;
        producing_ = !arrivals.empty();
    }
    for (const auto& [snapshot, done] : reverts) done(revert_now(snapshot));
    if (arrivals.empty() && mine_requests.empty()) return !reverts.empty();

    Round round;
    Result<BlockPointer> sealed{nullptr};
    {
        std::lock_guard lock(state_mutex_);
        if (broken_ && !refused && wall <= broken_->first) refused = broken_->second;
        round.context = pending(wall);
        round.wall = wall;
        for (const auto& arrival : arrivals) {
            if (refused)
                round.answers.push_back({std::move(arrival->done), {}, refused, {}});
            else
                admit(round, *arrival);
        }
        if (refused) sealed = tl::unexpected<Error>(*refused);
        if (!refused && (!round.block.transactions.empty() || !mine_requests.empty())) {
            sealed = seal(round);
            if (sealed)
                publish(*sealed);
            else
                recover_from_failed_commit(wall, sealed.error());
        }
    }
    if (sealed && *sealed) tell(*sealed);
    deliver(round, sealed);
    for (const auto& done : mine_requests)
        done(sealed ? Result<void>{} : tl::unexpected<Error>(sealed.error()));
    flush_behind();
    bool start = false;
    {
        std::lock_guard lock(arrivals_mutex_);
        producing_ = false;
        start = take_up_decoding();
    }
    if (start) options_.executor([this] { decode(); });
    return true;
}

void Ledger::admit(Round& round, Arrival& arrival) {
    Round::Answer answer{std::move(arrival.done), {}, {}, {}};
    if (!arrival.sent) {
        answer.error = arrival.sent.error();
        round.answers.push_back(std::move(answer));
        return;
    }
    auto& [transaction, sender] = *arrival.sent;
    answer.hash = transaction.hash;
    const auto fit = check_transaction(state_, transaction.transaction, sender, options_.genesis.chain_id);
    if (fit) {
        answer.index = static_cast<std::uint32_t>(round.block.transactions.size());
        const std::uint64_t next = transaction.transaction.nonce + 1;
        run(round, std::move(transaction), sender);
        for (std::uint64_t nonce = next;; ++nonce) {
            auto waited = pool_.take(sender, nonce);
            if (!waited || !check_transaction(state_, waited->transaction, sender, options_.genesis.chain_id))
                break;
            round.promoted.emplace(waited->hash, static_cast<std::uint32_t>(round.block.transactions.size()));
            run(round, std::move(*waited), sender);
        }
    } else if (fit.error().code == "nonce_too_high") {
        const auto added = pool_.add(std::move(transaction), sender, round.wall);
        if (!added) answer.error = added.error();
    } else {
        answer.error = fit.error();
    }
    round.answers.push_back(std::move(answer));
}

void Ledger::run(Round& round, SignedTransaction transaction, const Address& sender) {
    round.block.receipts.push_back(execute(state_, round.context, transaction, sender));
    round.block.senders.push_back(sender);
    round.block.transactions.push_back(std::move(transaction));
}

Result<BlockPointer> Ledger::seal(Round& round) {
    const BlockPointer parent = head();
    auto stored = std::make_shared<StoredBlock>();
    stored->block = std::move(round.block);
    Block& block = stored->block;
    auto receipts = std::async(
        count_logs(block) > kManyLogs ? std::launch::async | std::launch::deferred : std::launch::deferred,
        [&block] { return receipts_root(block.transactions, block.receipts); });
    State::Undo undo;
    block.writes = state_.take_write_set(&undo, History::kMaxBlockChanges);
    block.header.parent = parent->hash;
    block.header.number = round.context.number;
    block.header.time = round.context.time;
    block.header.transactions_root = transactions_root(block.transactions);
    block.header.state_commitment = next_commitment(parent->block.header.state_commitment, block.writes);
    block.header.receipts_root = receipts.get();
    stored->hash = block.header.hash();
    const Bytes encoded = encode_block(block);
    stored->size = encoded.size();
    if (auto done = store_->append(block.header.number, encoded); !done)
        return tl::unexpected<Error>(done.error());
    history_.add(stored, std::move(undo));
    return stored;
}

void Ledger::publish(const BlockPointer& block) {
    std::lock_guard lock(chain_mutex_);
    add_recent(block);
    exact_time_ = 0;
}

/// Needs chain_mutex_.
void Ledger::add_recent(BlockPointer block) {
    const std::uint64_t number = block->block.header.number;
    if (number > store_->flushed()) {
        unflushed_.blocks.emplace(block->hash, number);
        std::uint32_t index = 0;
        for (const Receipt& receipt : block->block.receipts)
            unflushed_.transactions.emplace(receipt.transaction_hash, LedgerStore::Place{number, index++});
        unflushed_.bytes += block->size;
    }
    recent_.push_back(std::move(block));
}

void Ledger::listen(Listener listener) {
    std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
}

void Ledger::tell(const BlockPointer& block) {
    std::lock_guard lock(listeners_mutex_);
    for (const Listener& listener : listeners_)
        if (listener.block) listener.block(block);
}

void Ledger::defer(std::function<void()> task) {
    tasks_->start();
    options_.executor([tasks = tasks_, task = std::move(task)] {
        task();
        tasks->finish();
    });
}

void Ledger::recover_from_failed_commit(Timestamp wall, const Error& error) {
    // Nothing of the block is durable: the state is read again as a restart would.
    auto loaded = store_->load();
    if (loaded && loaded->blocks.back()->hash == head()->hash) {
        state_ = std::move(loaded->state);
        broken_ = {wall, error};
        return;
    }
    halt(loaded ? Error{"store_failed", "a block was written but not confirmed; restart the ledger"}
                : loaded.error());
}

void Ledger::deliver(Round& round, const Result<BlockPointer>& block) {
    for (Round::Answer& answer : round.answers) {
        if (!answer.error && !answer.index)
            if (const auto run = round.promoted.find(answer.hash); run != round.promoted.end())
                answer.index = run->second;
        if (answer.error)
            answer.done(tl::unexpected<Error>(*answer.error));
        else if (!answer.index)
            answer.done(Submission{answer.hash, nullptr, 0});
        else if (block)
            answer.done(Submission{answer.hash, *block, *answer.index});
        else
            answer.done(tl::unexpected<Error>(block.error()));
    }
}

void Ledger::flush_behind() {
    bool start = false;
    bool behind = false;
    {
        std::lock_guard lock(chain_mutex_);
        if (unflushed_.bytes < options_.flush_bytes) return;
        behind = unflushed_.bytes + being_flushed_.bytes > kFlushBacklog * options_.flush_bytes;
        if (!flushing_) {
            flushing_ = true;
            start = true;
            tasks_->start();
        }
    }
    if (start) {
        (options_.background ? options_.background : options_.executor)([this] {
            static_cast<void>(flush());  // a full disk shows at the next block, too
            {
                std::lock_guard lock(chain_mutex_);
                flushing_ = false;
            }
            tasks_->finish();
        });
    }
    if (behind) static_cast<void>(flush());
}

Result<void> Ledger::flush() {
    std::lock_guard flushing(flush_mutex_);
    std::vector<BlockPointer> blocks;
    {
        std::lock_guard lock(chain_mutex_);
        for (const BlockPointer& block : recent_)
            if (block->block.header.number > store_->flushed()) blocks.push_back(block);
        if (blocks.empty()) return {};
        being_flushed_ = std::exchange(unflushed_, {});
    }
    const auto done = store_->flush(blocks);
    // Freed after the lock, which is in the way of every reader and of the next block.
    Unflushed flushed;
    std::vector<BlockPointer> old;
    std::lock_guard lock(chain_mutex_);
    if (!done) {
        unflushed_.transactions.merge(being_flushed_.transactions);
        unflushed_.blocks.merge(being_flushed_.blocks);
        unflushed_.bytes += std::exchange(being_flushed_.bytes, 0);
        return done;
    }
    flushed = std::exchange(being_flushed_, {});
    while (recent_.size() > kRecentBlocks && recent_.front()->block.header.number < store_->flushed()) {
        old.push_back(std::move(recent_.front()));
        recent_.pop_front();
    }
    return {};
}

}  // namespace grid::chain
