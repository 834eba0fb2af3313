#include <algorithm>

#include "chain/ledger_parts.hpp"

// From submit() to a block: transactions are decoded and their senders recovered on the executor, some at a
// time, and keep their order.
namespace grid::chain {
namespace {

/// While transactions are being decoded, a block waits until so many are ready: it costs two syncs, and
/// nothing is gained by making it before the processors are free. Nobody waits longer than that takes.
constexpr std::size_t kGathered = 64;
/// So many transactions a task decodes at a time. Eight share the lanes of the processor, and more share an
/// inversion; a task for each so many that wait keeps all cores busy.
constexpr std::size_t kDecodedTogether = 32;
constexpr std::size_t kLanes = 8;

}  // namespace

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

}  // namespace grid::chain
