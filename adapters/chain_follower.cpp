#include "adapters/chain_follower.hpp"

#include <spdlog/spdlog.h>

#include <future>
#include <latch>

namespace grid::adapters {
namespace {

using namespace std::chrono_literals;
using State = FollowerStatus::State;

/// How long a question waits for the next block. The end of a follower may take as long.
constexpr std::chrono::milliseconds kWait{2'000};
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{10'000};
/// Executed together: readers wait so long.
constexpr std::size_t kGroupTransactions = 4'000;
constexpr std::size_t kGroupBlocks = 512;

/// The contents of the blocks (signatures, roots) on the workers; the first difference in their order.
Result<void> check_all(EmbeddedChainEngine& engine, const std::vector<chain::BlockPointer>& blocks) {
    std::vector<Result<void>> results(blocks.size());
    std::latch done(static_cast<std::ptrdiff_t>(blocks.size()));
    for (std::size_t i = 0; i < blocks.size(); ++i)
        engine.run([&, i] {
            results[i] = chain::check_contents(*blocks[i]);
            done.count_down();
        });
    done.wait();
    for (auto& result : results)
        if (!result) return result;
    return {};
}

bool may_pass(const Error& error) {
    return error.code == "disk_full" || error.code == "store_failed";
}

}  // namespace

std::string_view name_of(State state) noexcept {
    switch (state) {
        case State::catching_up:
            return "catching_up";
        case State::following:
            return "following";
        case State::unreachable:
            return "unreachable";
        case State::waiting:
            return "waiting";
        case State::stopped:
            return "stopped";
    }
    return "";
}

void Forwarder::forward(chain::Bytes raw, std::function<void(Result<chain::Submission>)> done) {
    if (closed_) return done(fail("shutting_down", "this node ends; send the transaction again later"));
    if (waiting_ >= kMaxWaiting)
        return done(fail("pool_full", "too many transactions are on their way to the leader; try again"));
    ++waiting_;
    workers_.run([this, raw = std::move(raw), done = std::move(done)] {
        if (closed_) {
            done(fail("shutting_down", "this node ends; send the transaction again later"));
        } else {
            done(leader_.send(raw).map([](const chain::Hash& hash) {
                return chain::Submission{hash, nullptr, 0};
            }));
        }
        --waiting_;
    });
}

void Forwarder::close() {
    closed_ = true;
    workers_.close();
}

ChainFollower::ChainFollower(EmbeddedChainEngine& engine, Leader leader, std::shared_ptr<FollowerBoard> board)
    : engine_(engine), ledger_(engine.ledger()), leader_(std::move(leader)), board_(std::move(board)) {
    status_.leader = leader_.url();
    board_->set(status_);
    thread_ = std::thread([this] { run(); });
}

ChainFollower::~ChainFollower() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

bool ChainFollower::stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
}

bool ChainFollower::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void ChainFollower::tell(State state, std::optional<Error> error) {
    const bool news = state != status_.state;
    status_.state = state;
    status_.error = std::move(error);
    board_->set(status_);
    if (!news) return;
    const auto height = ledger_.head()->block.header.number;
    if (state == State::stopped)
        spdlog::error("follower: stopped at block {}: {} ({}); reads go on, a restart tries again", height,
                      status_.error->message, status_.error->code);
    else if (status_.error)
        spdlog::warn("follower: {} at block {}: {} ({})", name_of(state), height, status_.error->message,
                     status_.error->code);
    else
        spdlog::info("follower: {} {} at block {}", name_of(state), status_.leader, height);
}

Result<Leader::Batch> ChainFollower::fetch(std::uint64_t from, const chain::Hash& parent) const {
    return leader_.blocks(from, parent, kWait);
}

void ChainFollower::run() {
    auto wait = kFirstPause;
    std::future<Result<Leader::Batch>> next;
    while (!stopping()) {
        const chain::BlockPointer head = ledger_.head();
        auto batch = next.valid() ? next.get() : fetch(head->block.header.number + 1, head->hash);
        Result<void> taken = batch ? Result<void>{} : tl::unexpected<Error>(batch.error());
        if (batch) {
            status_.leader_height = batch->newest.newest;
            const bool more =
                !batch->blocks.empty() && batch->blocks.back()->block.header.number < batch->newest.newest;
            if (more)
                next = std::async(std::launch::async,
                                  [this, from = batch->blocks.back()->block.header.number + 1,
                                   parent = batch->blocks.back()->hash] { return fetch(from, parent); });
            if (status_.state != State::following || more) tell(State::catching_up);
            taken = take(*batch);
            if (taken && !more) tell(State::following);
        } else if (batch.error().code == "other_branch" || batch.error().code == "ahead") {
            taken = find_fork();
        }
        if (taken) {
            wait = kFirstPause;
            continue;
        }
        if (next.valid()) next.wait();
        next = {};
        const Error& error = taken.error();
        if (error.code != "leader_unreachable" && !may_pass(error)) return tell(State::stopped, error);
        tell(may_pass(error) ? State::waiting : State::unreachable, error);
        if (!pause(wait)) return;
        wait = std::min(2 * wait, kLongestPause);
    }
    if (next.valid()) next.wait();
}

Result<void> ChainFollower::same_chain(const chain::StreamHead& theirs) const {
    const auto ours = ledger_.block(0);
    if (!ours) return tl::unexpected<Error>(ours.error());
    if (theirs.genesis == (*ours)->hash) return {};
    return fail("foreign_chain", "the leader's chain has block 0 " + theirs.genesis.hex() + ", ours " +
                                     (*ours)->hash.hex() +
                                     ": the section `chain` of both configurations must be the same");
}

Result<void> ChainFollower::take(const Leader::Batch& batch) {
    if (auto same = same_chain(batch.head); !same) return same;
    auto checked = check_all(engine_, batch.blocks);
    std::vector<chain::BlockPointer> group;
    std::size_t transactions = 0;
    for (const auto& block : batch.blocks) {
        // What comes before a difference is sound, and taken.
        if (!checked &&
            checked.error().message.starts_with("block " + std::to_string(block->block.header.number) + ":"))
            break;
        group.push_back(block);
        transactions += block->block.transactions.size();
        if (transactions < kGroupTransactions && group.size() < kGroupBlocks) continue;
        if (auto adopted = ledger_.adopt(group); !adopted) return adopted;
        group.clear();
        transactions = 0;
        if (stopping()) return {};
    }
    if (auto adopted = ledger_.adopt(group); !adopted) return adopted;
    return checked;
}

/// The leader's chain parts from ours. On a development chain it may have been reverted: then we go back to
/// where both agree, if that is near. Elsewhere what was final has changed, which nobody follows.
Result<void> ChainFollower::find_fork() {
    const auto theirs = leader_.blocks(0, {}, 0ms);
    if (!theirs) return tl::unexpected<Error>(theirs.error());
    if (auto same = same_chain(theirs->head); !same) return same;
    const std::uint64_t newest = ledger_.head()->block.header.number;
    const auto reverted = [&](const std::string& what) {
        return fail("leader_reverted", "the leader no longer has our block " + std::to_string(newest) + " (" +
                                           ledger_.head()->hash.hex() + ")" + what);
    };
    if (!ledger_.genesis().development) return reverted("; on this chain blocks are final");
    for (std::uint64_t number = newest; number-- > 0 && newest - number <= chain::Ledger::kMaxRevertBlocks;) {
        const auto block = ledger_.block(number);
        if (!block) return tl::unexpected<Error>(block.error());
        const auto there = leader_.blocks(number + 1, (*block)->hash, 0ms);
        if (there) {
            spdlog::warn("follower: the leader was reverted to block {}, from {}", number, newest);
            return ledger_.take_back_to(number);
        }
        if (there.error().code != "other_branch" && there.error().code != "ahead")
            return tl::unexpected<Error>(there.error());
    }
    return reverted(", nor one of the " + std::to_string(chain::Ledger::kMaxRevertBlocks) + " before it");
}

}  // namespace grid::adapters
