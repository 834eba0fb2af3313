#include <future>

#include "chain/commitment.hpp"
#include "chain/ledger_parts.hpp"
#include "chain/trie_root.hpp"

// How what has arrived becomes one durable block.
namespace grid::chain {
namespace {

/// Receipts of a block with so many logs are hashed beside its rows, on a thread for that long.
constexpr std::size_t kManyLogs = 16'384;

std::size_t count_logs(const Block& block) {
    std::size_t count = 0;
    for (const Receipt& receipt : block.receipts) count += receipt.logs.size();
    return count;
}

}  // namespace

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

}  // namespace grid::chain
